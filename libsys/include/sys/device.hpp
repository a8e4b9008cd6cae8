// sys/device.hpp - a device: its registers, its interrupts, and the memory it may reach.
#pragma once

#include <cstring>

#include <abi/info.hpp>
#include <sys/memory.hpp>

namespace sys {

struct DeviceInfo {
    u64 windows;
    u64 interrupts;
    u64 flags;  // abi::DeviceFlags
    u64 index;
    Bytes window_bytes;  // of window 0
    u64 pinned_pages;
    u64 quarantined_pages;
};

inline Result<DeviceInfo> info(Borrowed<Device> device)
{
    return invoke(abi::Syscall::device_info, device.slot).transform([](const Values& v) {
        return DeviceInfo{v[1], v[2], v[3], v[4], Bytes{v[5]}, v[6], v[7]};
    });
}

// Makes `process` the owner; gives the slot of the handle in its table.
inline Result<abi::Slot>
lend(Borrowed<Device> device, Borrowed<Process> process, abi::Rights rights)
{
    return fetch(abi::Syscall::device_lend, device.slot, process.slot.raw(), rights.raw)
        .transform([](u64 slot) { return abi::Slot{slot}; });
}

// A window of registers in this address space; it stays mapped as long as the process owns the
// device.
struct Window {
    VirtAddr address;
    Bytes size;
};

// Errors: not_exclusive (the page also holds a device of another owner: use read_register and
// write_register).
inline Result<Window> map_device(Borrowed<Device> device, u64 window = 0)
{
    return invoke(abi::SYS_MAP_DEVICE, device.slot, window).transform([](const Values& v) {
        return Window{VirtAddr{v[1]}, Bytes{v[2]}};
    });
}

enum class Width : u64 { byte = 1, half = 2, word = 4 };

// One access by the kernel, which checks that it lies in the window.
inline Result<u32>
read_register(Borrowed<Device> device, u64 offset, Width width = Width::word, u64 window = 0)
{
    return fetch(abi::Syscall::device_io, device.slot, window, offset, static_cast<u64>(width), 0,
                 0)
        .transform([](u64 v) { return static_cast<u32>(v); });
}
inline Result<> write_register(
    Borrowed<Device> device, u64 offset, u32 value, Width width = Width::word, u64 window = 0)
{
    return perform(abi::Syscall::device_io, device.slot, window, offset, static_cast<u64>(width),
                   value, 1);
}

inline Result<Handle<Interrupt>> interrupt(Borrowed<Device> device, u64 index = 0)
{
    return owned<Interrupt>(fetch(abi::Syscall::device_interrupt, device.slot, index));
}

// The owner of the device died and the device was seen in reset: its memory may be used again.
// Gives the pages.
inline Result<u64> quiesced(Borrowed<Device> device)
{
    return fetch(abi::Syscall::device_quiesced, device.slot);
}

// Contiguous, zeroed, pinned, mapped memory that the device reaches at `address()`.
class [[nodiscard]] DmaMemory {
public:
    static Result<DmaMemory> create(Borrowed<Device> device, Bytes size)
    {
        const auto made = invoke(abi::SYS_DMA_ALLOC, device.slot, size.raw());
        if (!made)
            return fail(made.error());
        DmaMemory dma{(*made)[1], (*made)[2], (*made)[3]};
        auto mapping = Mapping::create(dma.memory_.borrow(), read_write);
        if (!mapping)
            return fail(mapping.error());
        dma.mapping_ = std::move(*mapping);
        return dma;
    }

    std::span<std::byte> bytes() const { return mapping_.bytes(); }
    DeviceAddr address() const { return address_; }
    Borrowed<Memory> memory() const { return {slot_}; }
    const Mapping& mapping() const { return mapping_; }

    // From here on only the end of the process gives it back. A device uses its rings until it is
    // reset, also those of a program that returned from everything it did.
    void keep()
    {
        (void)memory_.release();
        (void)pin_.release();
    }

private:
    DmaMemory(u64 memory, u64 address, u64 pin)
        : slot_{memory}, memory_{abi::Slot{memory}}, pin_{abi::Slot{pin}}, address_{address}
    {
    }

    abi::Slot slot_;
    // Destroyed from the last: unmapped, unpinned, then let go.
    Handle<Memory> memory_;
    Handle<Pin> pin_;
    Mapping mapping_;
    DeviceAddr address_;
};

// The address the device must use for `address`, and how many bytes follow it without a break. Only
// for memory that is pinned into this device's domain.
struct DeviceRange {
    DeviceAddr address;
    Bytes contiguous;
};

inline Result<DeviceRange> virt_to_phys(Borrowed<Device> device, const void* address)
{
    return invoke(abi::SYS_VIRT_TO_PHYS, device.slot, std::bit_cast<u64>(address))
        .transform([](const Values& v) { return DeviceRange{DeviceAddr{v[1]}, Bytes{v[2]}}; });
}

// A client's memory, reachable for the device and not for us, until it dies.
class [[nodiscard]] PinnedMemory {
public:
    PinnedMemory() = default;

    // `rights`: read lets the device read it, write lets it write.
    static Result<PinnedMemory> create(Borrowed<Device> device,
                                       Borrowed<Memory> memory,
                                       Bytes offset,
                                       Bytes size,
                                       abi::Rights rights)
    {
        const auto made = invoke(abi::Syscall::dma_pin, device.slot, memory.slot.raw(),
                                 offset.raw(), size.raw(), rights.raw);
        if (!made)
            return fail(made.error());
        return PinnedMemory{abi::Slot{(*made)[1]}, (*made)[2]};
    }

    u64 run_count() const { return runs_; }
    bool valid() const { return pin_.valid(); }

    // Copies the physically contiguous parts in order. Errors: no_space (more runs than `into`
    // holds).
    Result<std::span<abi::DmaRun>> runs(std::span<abi::DmaRun> into) const
    {
        if (runs_ > into.size())
            return fail(Errc::no_space);
        for (u64 first = 0; first < runs_;) {
            const auto count = fetch(abi::Syscall::dma_runs, pin_.slot(), first);
            if (!count)
                return fail(count.error());
            if (*count == 0 || *count > abi::runs_per_call || *count > runs_ - first)
                return fail(Errc::malformed);
            std::memcpy(&into[first], message_page().payload.data(), *count * sizeof(abi::DmaRun));
            first += *count;
        }
        return into.first(runs_);
    }

private:
    PinnedMemory(abi::Slot pin, u64 runs) : pin_{pin}, runs_{runs} {}

    Handle<Pin> pin_;
    u64 runs_ = 0;
};

}  // namespace sys
