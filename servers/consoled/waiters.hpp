// consoled/waiters.hpp - who waits for room, each with a notification of its own; told once.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include <proto/names.hpp>
#include <sys/notification.hpp>

namespace consoled {

inline constexpr abi::Bits all_bits{~u64{0}};

inline void ring(const sys::Handle<sys::Notification>& bell)
{
    if (bell.valid())
        (void)sys::signal(bell.borrow(), all_bits);
}

class Waiters {
public:
    static constexpr usize most = 16;
    static constexpr usize most_of_program = 4;

    bool empty() const { return count_ == 0; }

    // A second one of a badge replaces the first. Errors: over_quota.
    Result<> add(u64 badge, sys::Handle<sys::Notification> bell)
    {
        forget(badge);
        if (count_ == most || of_program(badge) == most_of_program)
            return fail(Errc::over_quota);
        all_[count_++] = {badge, std::move(bell)};
        return {};
    }

    void forget(u64 badge)
    {
        for (usize i = 0; i < count_; ++i)
            if (all_[i].badge == badge) {
                all_[i] = std::move(all_[--count_]);
                all_[count_] = {};
                return;
            }
    }

    void tell_all()
    {
        while (count_ != 0) {
            ring(all_[--count_].bell);
            all_[count_] = {};
        }
    }

private:
    struct Waiter {
        u64 badge = 0;
        sys::Handle<sys::Notification> bell;
    };

    usize of_program(u64 badge) const
    {
        using Program = proto::names::ConnectBadge::Program;
        const auto same = [&](const Waiter& each) {
            return Program::get(each.badge) == Program::get(badge);
        };
        return static_cast<usize>(std::ranges::count_if(std::span{all_}.first(count_), same));
    }

    std::array<Waiter, most> all_;
    usize count_ = 0;
};

}  // namespace consoled
