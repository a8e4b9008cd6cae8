// check/child.hpp - children of a test: images of the boot archive, started with handles and
// arguments, and their ends.
//
//     check::Starter start{"exit", {.arguments = {"7"}}};
//     start.grant("serve", endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
//     const auto child = start.run();
//     check::equals(child.wait().exit.code, 7);
#pragma once

#include <check/check.hpp>
#include <sys/endpoint.hpp>
#include <sys/loader.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>

namespace check {

inline constexpr std::string_view actor_image = "test_actor";

// Options::cpu: 1 + index of a CPU, or one of these.
inline constexpr u32 by_turns = 0;
inline constexpr u32 own_cpu = ~u32{0};

struct Options {
    std::initializer_list<std::string_view> arguments = {};
    std::string_view image = actor_image;
    std::string_view name = "child";
    u32 frames = 128;
    u32 handles = 32;
    u32 threads = 1;
    u32 max_priority = 30;
    u64 priority = 30;
    u32 epoch = 0;
    u32 cpu = own_cpu;  // priorities decide between the program and its children
};

inline abi::ProcessQuota quota_of(const Options& options)
{
    const u64 cpu = options.cpu == own_cpu ? need(sys::info(self())).cpu : options.cpu;
    return {options.frames,
            options.handles,
            options.threads,
            options.max_priority,
            text::padded<16>(options.name),
            options.epoch,
            static_cast<u32>(cpu)};
}

// The boot archive of the program's grant "archive", mapped once.
const sys::Archive& archive();

// A process that runs. Killed when its Child dies, with everything it made.
class [[nodiscard]] Child {
public:
    Child(sys::Handle<sys::Process> process, sys::Handle<sys::Notification> ended)
        : process_{std::move(process)}, ended_{std::move(ended)}
    {
    }
    Child(Child&&) noexcept = default;
    Child& operator=(Child&&) = delete;
    ~Child();

    sys::Borrowed<sys::Process> process() const { return process_.borrow(); }
    abi::ProcessInfo info() const { return need(sys::info(process())); }
    bool dead() const { return info().state == abi::ProcessState::dead; }
    void kill() const { need(sys::kill(process())); }

    // Its end, which must come, with patience.
    abi::ProcessInfo wait(const Where& where = Where::current()) const;

private:
    sys::Handle<sys::Process> process_;
    sys::Handle<sys::Notification> ended_;
};

// A process that does not run yet.
class [[nodiscard]] Starter {
public:
    // `behaviour` is argument 0, options.arguments the others.
    explicit Starter(std::string_view behaviour,
                     const Options& options = {},
                     const Where& where = Where::current());

    // Gives it a handle, or fails the program.
    Starter& grant(std::string_view name,
                   abi::Slot what,
                   abi::Kind kind,
                   abi::Rights rights,
                   const Where& where = Where::current());
    // Its own process, to manage, and the archive: it may start children too.
    Starter& grant_self();
    Starter& grant_archive();

    sys::Launch& launch() { return launch_; }
    Child run(const Where& where = Where::current());

private:
    void add_argument(std::string_view argument);

    sys::Launch launch_;
    u64 priority_;
    std::array<char, 200> bytes_{};
    usize used_ = 0;
    u32 count_ = 0;
};

// Runs it to its end.
abi::ProcessInfo run_actor(std::string_view behaviour,
                           const Options& options = {},
                           const Where& where = Where::current());

}  // namespace check
