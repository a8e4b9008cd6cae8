// vsh/jobs.hpp - commands that run: each is a process of its own, made of the shell's image, with
// one command line as its argument, paid for by the shell. It shares nothing with the shell but its
// name at init, and ends with it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <base/text.hpp>
#include <sys/archive.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/startup.hpp>

namespace vsh {

class Jobs {
public:
    static constexpr u32 most = 4;
    static constexpr usize line_bytes = 512;

    struct Job {
        sys::Handle<sys::Process> process;
        u32 number = 0;  // 0: in the foreground; what it prints is the shell's
        std::array<char, line_bytes> line{};
        usize size = 0;

        std::string_view text() const { return {line.data(), size}; }
    };
    struct Ended {
        u32 place;
        abi::ExitCause cause;
        u64 code;
    };

    // Bit number `first_bit` and those after it of the notification are raised by jobs that end.
    Jobs(const sys::Startup& given, sys::Borrowed<sys::Notification> told, unsigned first_bit)
        : given_{&given}, told_{told}, first_bit_{first_bit}
    {
    }

    // Errors: busy (as many as may run), those of making a process.
    Result<u32> start(std::string_view line, bool background);
    bool runs(u32 place) const { return jobs_[place].process.valid(); }
    const Job& operator[](u32 place) const { return jobs_[place]; }
    void kill(u32 place) { (void)sys::kill(jobs_[place].process.borrow()); }
    u32 in_background() const;

    // One that has ended; its place is free when it is taken. After each wake-up, until there is
    // none.
    std::optional<Ended> ended();
    void take(u32 place) { jobs_[place].process = {}; }

private:
    Result<sys::Handle<sys::Process>> launch(u32 place);

    const sys::Startup* given_;
    sys::Borrowed<sys::Notification> told_;
    unsigned first_bit_;
    sys::Mapping archive_;
    u32 last_number_ = 0;
    std::array<Job, most> jobs_{};
};

}  // namespace vsh
