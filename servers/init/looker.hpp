// init/looker.hpp - the threads that look whether servers hang: one for each CPU, more important
// than whoever spins there.
//
// A look costs a CPU that has something to do a timer interrupt each 20 ms. An idle one is left
// alone: unless some server is at work, the deadline of the next look is deferrable. Who has
// nobody to look at sleeps.
#pragma once

#include "lookout.hpp"

#include <abi/boot.hpp>
#include <sys/notification.hpp>
#include <sys/thread.hpp>

namespace init {

class Lookers {
public:
    // Of init's notification: some server hangs.
    static constexpr auto bit = abi::Bits::at(1);

    // `self`: init's process; `told`: whose bit is raised.
    Lookers(sys::Borrowed<sys::Process> self,
            sys::Borrowed<sys::Notification> told,
            const proto::table::Hang& policy)
        : self_{self}, told_{told}, roll_{policy}
    {
    }

    // Makes the threads, while there is memory: when a server hangs there may be none. Errors:
    // those of that.
    Result<> prepare();

    Roll& roll() { return roll_; }

    // An instance of a server is looked at from now on; `cpu` as ProcessInfo's.
    void watch(u32 server, u32 epoch, u64 cpu, bool starting)
    {
        roll_.watch(server, epoch, cpu, starting);
        rouse(cpu);
    }

private:
    static void rouse(u64 cpu);

    sys::Borrowed<sys::Process> self_;
    sys::Borrowed<sys::Notification> told_;
    Roll roll_;
};

}  // namespace init
