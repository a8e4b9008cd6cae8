// object/destroy.cpp - what happens when nobody needs an object any more, and when a handle to it
// goes away.

#include "object/slabs.hpp"
#include "sched/cpu.hpp"

namespace kernel {

namespace slabs {
constinit Slab<Process> processes;
constinit Slab<Endpoint> endpoints;
constinit Slab<Badge> badges;
constinit Slab<Notification> notifications;
constinit Slab<Memory> memories;
constinit Slab<Mapping> mappings;
constinit Slab<Pin> pins;
constinit Slab<Device> devices;
constinit Slab<Interrupt> interrupts;
}  // namespace slabs

namespace {

void destroy_thread(Thread& thread)
{
    Process& process = thread.process();
    const PhysAddr message = physical(&thread.message());
    const PhysAddr frame = physical(&thread);
    thread.~Thread();
    give_frame(message, process.frame_quota());
    give_frame(frame, process.frame_quota());
    release(process);
}

// A step of it, if there is a thread to do the others.
void destroy_memory(Memory& memory)
{
    Thread* const worker = this_cpu().current();
    while (!memory.empty_some())
        if (Process* const ending = Process::ending(); ending != nullptr)
            return ending->let_go(memory);
        else if (worker != nullptr)
            return worker->doom(memory);
    slabs::memories.destroy(memory);
}

// One that was never started, and that nobody can reach any more, has no threads.
void destroy_process(Process& process)
{
    if (process.ended())
        return slabs::processes.destroy(process);
    process.begin_end({});
    if (Thread* const worker = this_cpu().current(); worker != nullptr)
        return worker->doom(process);
    const Ref<Process> last{process};  // of its last child, whose thread is gone
    while (!process.ended())
        process.end_some();
}

}  // namespace

void end_some(Large& large)
{
    if (large.kind() == abi::Kind::process)
        return static_cast<Process&>(large).end_some();
    if (large.kind() == abi::Kind::endpoint)
        return static_cast<Endpoint&>(large).go_on_telling();
    auto& memory = static_cast<Memory&>(large);
    if (!memory.empty_some())
        return;
    List<Large>::remove(memory);
    slabs::memories.destroy(memory);
}

void release(Object& object)
{
    if (!object.unref())
        return;
    switch (object.kind()) {
    case abi::Kind::process:
        return destroy_process(static_cast<Process&>(object));
    case abi::Kind::thread:
        return destroy_thread(static_cast<Thread&>(object));
    case abi::Kind::endpoint:
        return slabs::endpoints.destroy(static_cast<Endpoint&>(object));
    case abi::Kind::notification:
        return slabs::notifications.destroy(static_cast<Notification&>(object));
    case abi::Kind::memory:
        return destroy_memory(static_cast<Memory&>(object));
    case abi::Kind::device:
        return slabs::devices.destroy(static_cast<Device&>(object));
    case abi::Kind::interrupt:
        return slabs::interrupts.destroy(static_cast<Interrupt&>(object));
    case abi::Kind::pin:
        return slabs::pins.destroy(static_cast<Pin&>(object));
    case abi::Kind::none:
        return;
    }
}

void handle_added(const HandleEntry& entry)
{
    if (entry.kind == abi::Kind::device)
        static_cast<Device*>(entry.object)->handle_added();
    if (entry.kind == abi::Kind::endpoint)
        static_cast<Endpoint*>(entry.object)->handle_added(entry.rights);
    if (entry.kind == abi::Kind::endpoint && entry.data != 0)
        badge_of(entry).ref();
}

void handle_dropped(const HandleEntry& entry)
{
    if (entry.kind == abi::Kind::device)
        static_cast<Device*>(entry.object)->handle_closed();
    if (entry.kind == abi::Kind::endpoint)
        static_cast<Endpoint*>(entry.object)->handle_closed(entry.rights);
    if (entry.kind == abi::Kind::endpoint && entry.data != 0)
        badge_of(entry).unref();
}

}  // namespace kernel
