// fault/inspector.hpp - what the injector looks at in objects that show it to nobody else.
#pragma once

#include "fault/order.hpp"
#include "object/device.hpp"

#include <optional>

namespace kernel::fault {

struct Inspector {
    static List<Mapping>& mappings(Process& process) { return process.space().mappings_; }
    static List<Thread, ProcessThreads>& threads(Process& process) { return process.threads_; }
    static List<Pin, DomainPins>& pins(Device& device) { return device.pins_; }

    // Where the kernel reaches what the process sees at this address. Null: nothing, or registers.
    template <class T>
    static T* at(Process& process, u64 address)
    {
        const auto where = process.space().tables_.translate(address, abi::right::none);
        return where && aligned(address, sizeof(T)) ? direct<T>(*where) : nullptr;
    }
};

// What an order does to memory or text of the victim; nothing if there is no such place.
std::optional<Change> change_text(Thread& thread, Random& random);
std::optional<Change> change_memory(Thread& thread, Random& random);

// A byte of a queue that the process shows one of its devices.
std::optional<PhysAddr> queue_byte(Process& owner, Random& random);

// Somebody else than the process has it mapped.
bool shared(const Memory& memory, const Process& process);

}  // namespace kernel::fault
