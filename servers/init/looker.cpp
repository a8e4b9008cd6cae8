// init/looker.cpp - the threads of the lookers.
#include "looker.hpp"

#include <optional>

#include <abi/deadline.hpp>
#include <sys/process.hpp>

namespace init {

namespace {

constexpr u64 priority = 63;  // whoever is more important than the server does not delay a look
constexpr u32 most_cpus = 8;

// Of one CPU.
class Looker {
public:
    Looker(Roll& roll, sys::Borrowed<sys::Notification> told, u64 cpu)
        : lookout_{roll, cpu}, told_{told}
    {
    }

    Result<> start(sys::Borrowed<sys::Process> self, u32 cpu)
    {
        auto roused = sys::create_notification();
        if (!roused)
            return fail(roused.error());
        roused_ = std::move(*roused);
        auto thread = sys::spawn(self, stack_, &run, this, priority, cpu);
        if (!thread)
            return fail(thread.error());
        thread_ = std::move(*thread);
        return {};
    }

    void rouse() { (void)sys::signal(roused_.borrow(), abi::Bits::at(0)); }

private:
    static void run(void* looker)
    {
        auto& self = *static_cast<Looker*>(looker);
        for (;;)
            self.look();
    }

    void look()
    {
        const Verdict worst = lookout_.look(sys::now());
        if (worst == Verdict::hangs)
            (void)sys::signal(told_, Lookers::bit);
        (void)sys::wait(roused_.borrow(), next(worst));
    }

    abi::Ticks next(Verdict worst) const
    {
        if (worst == Verdict::nobody)
            return abi::never;
        return worst == Verdict::goes_on ? abi::defer(lookout_.due()) : lookout_.due();
    }

    Lookout lookout_;
    sys::Borrowed<sys::Notification> told_;
    sys::Handle<sys::Notification> roused_;  // somebody is to be looked at
    sys::Handle<sys::Thread> thread_;
    alignas(16) std::array<std::byte, page_bytes> stack_{};
};

// In use as long as the system lives.
[[clang::no_destroy]] constinit std::array<std::optional<Looker>, most_cpus> lookers{};

}  // namespace

void Lookers::rouse(u64 cpu)
{
    if (cpu - 1 < lookers.size() && lookers[cpu - 1])
        lookers[cpu - 1]->rouse();
}

Result<> Lookers::prepare()
{
    const auto about = sys::system_info();
    if (!about)
        return fail(about.error());
    for (u32 i = 0; i < std::min(about->cpus, most_cpus); ++i)
        if (const auto started = lookers[i].emplace(roll_, told_, i + 1).start(self_, i + 1);
            !started)
            return started;
    return {};
}

}  // namespace init
