// object/destroy.cpp - what happens when nobody needs an object any more, and when a handle to it
// goes away.

#include "object/slabs.hpp"

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

}  // namespace

void release(Object& object)
{
    if (!object.unref())
        return;
    switch (object.kind()) {
    case abi::Kind::process:
        return slabs::processes.destroy(static_cast<Process&>(object));
    case abi::Kind::thread:
        return destroy_thread(static_cast<Thread&>(object));
    case abi::Kind::endpoint:
        return slabs::endpoints.destroy(static_cast<Endpoint&>(object));
    case abi::Kind::notification:
        return slabs::notifications.destroy(static_cast<Notification&>(object));
    case abi::Kind::memory:
        return slabs::memories.destroy(static_cast<Memory&>(object));
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
