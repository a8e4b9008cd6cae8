// init/looker.hpp - a thread that looks whether one server hangs, on the CPU where that one runs:
// what keeps the server from its CPU keeps the looker from it too, and then its looks are late.
#pragma once

#include "stillness.hpp"

#include <atomic>

#include <abi/boot.hpp>
#include <sys/endpoint.hpp>
#include <sys/notification.hpp>
#include <sys/thread.hpp>

namespace init {

class Looker {
public:
    // Of init's notification: there is a verdict.
    static constexpr auto bit = abi::Bits::at(1);

    // `self`: init's process; `told`: whose bit is raised.
    Looker(sys::Borrowed<sys::Process> self, sys::Borrowed<sys::Notification> told)
        : self_{self}, told_{told}
    {
    }

    // Makes its thread, while there is memory: when a server hangs there may be none. Errors: those
    // of that.
    Result<> prepare();
    // One server at a time. `progress` stays as long as init; `cpu` counts from 1. Errors: busy.
    Result<> begin(sys::Borrowed<sys::Endpoint> endpoint, const abi::Progress& progress, u32 cpu);
    bool busy() const { return busy_; }
    // After the bit, once.
    Verdict take()
    {
        busy_ = false;
        return verdict_.exchange(Verdict::unknown);
    }

private:
    static void run(void* looker);
    void look();

    sys::Borrowed<sys::Process> self_;
    sys::Borrowed<sys::Notification> told_;
    sys::Handle<sys::Notification> orders_;  // on which the thread sleeps
    sys::Handle<sys::Thread> thread_;
    sys::Borrowed<sys::Endpoint> endpoint_{};
    const abi::Progress* progress_ = nullptr;
    std::atomic<Verdict> verdict_ = Verdict::unknown;
    bool busy_ = false;
};

}  // namespace init
