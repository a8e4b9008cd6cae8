// fault/cases.hpp - a victim and what happened to it, for the cases of each file.
#pragma once

#include "board.hpp"

#include <check/child.hpp>
#include <check/first.hpp>
#include <check/threads.hpp>
#include <sys/fault.hpp>

using Kind = abi::FaultKind;
using Point = abi::FaultPoint;

inline constexpr u64 well = 7;  // the victim's exit code
inline constexpr u64 call_failed = 100;
inline constexpr u32 device_slot = 0;

// A victim that waits for its first round.
class Victim {
public:
    explicit Victim(std::string_view how, std::string_view name = "victim");

    sys::FaultOrder order(Kind kind, Point point, u64 n = 1) const
    {
        return {.victim = name_, .kind = kind, .point = point, .n = n};
    }
    void start_round() const { check::works(sys::signal(go_.borrow(), abi::Bits::at(0))); }
    // How it ended, which it must.
    abi::ExitRecord end() const { return child_->wait().exit; }
    // Orders, starts a round, waits for the end.
    abi::ExitRecord suffer(const sys::FaultOrder& order) const;
    // After that many rounds.
    bool did(u64 rounds) const
    {
        return check::eventually(
            [&] { return __atomic_load_n(&board().rounds, __ATOMIC_ACQUIRE) == rounds; });
    }
    // It does a round more, as if nothing had been.
    bool lives();

    Board& board() const { return *reinterpret_cast<Board*>(page_.bytes().data()); }
    u64 label(Label which) const { return board().labels[static_cast<usize>(which)]; }
    const check::Child& child() const { return *child_; }
    sys::Borrowed<sys::Endpoint> client() const { return client_.borrow(); }

private:
    std::string_view name_;
    sys::Handle<sys::Memory> memory_ = check::need(sys::create_memory(Bytes{page_bytes}));
    sys::Mapping page_ = check::need(sys::Mapping::create(memory_.borrow(), sys::read_write));
    sys::Handle<sys::Notification> go_ = check::need(sys::create_notification());
    sys::Handle<sys::Notification> ready_ = check::need(sys::create_notification());
    sys::Handle<sys::Endpoint> endpoint_ = check::need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client_ = check::need(sys::mint(endpoint_.borrow(), 1));
    std::optional<check::Child> child_;
};

inline abi::FaultReport report() { return check::need(sys::read_fault()); }

extern const check::Cases point_cases;
extern const check::Cases text_cases;
extern const check::Cases step_cases;
extern const check::Cases message_cases;
extern const check::Cases device_cases;
