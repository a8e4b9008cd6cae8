// object/device.hpp - one device: its registers, its interrupt, and the memory that it may reach.
//
// A device is live while a handle to it exists: init closes those of empty slots. Its owner is the
// process that init lent it to. Pins are its DMA domain: a pinned range keeps its memory until it
// is unpinned by its process, or, when that process died, until init has seen the device in reset.
// Until then the device may still write there: quarantine.
#pragma once

#include "object/interrupt.hpp"
#include "object/memory.hpp"

#include <span>

namespace kernel {

struct DomainPins;  // tag: the pins of a device

class Pin final : public Object, public ListNode<DomainPins> {
public:
    static constexpr auto kind_value = abi::Kind::pin;

    Pin(Device& device, Process& owner, Memory& memory, u64 offset, u64 bytes);
    ~Pin();

    Memory& memory() const { return *memory_; }
    Device& device() const { return *device_; }
    Process* owner() const { return owner_; }  // null: quarantined
    u64 pages() const { return last_page() - first_page() + 1; }
    u64 first_page() const { return offset_ >> page_shift; }
    u64 last_page() const { return (offset_ + bytes_ - 1) >> page_shift; }

    void quarantine();

    // Runs from the `first`-th on; returns how many were written. The number of all runs:
    // count_runs().
    u64 runs(u64 first, std::span<abi::DmaRun> to) const;
    u64 count_runs() const
    {
        return memory_->run_of(last_page()) - memory_->run_of(first_page()) + 1;
    }

private:
    Ref<Device> device_;
    Process* owner_;
    Ref<Memory> memory_;
    u64 offset_;
    u64 bytes_;
};

class Device final : public Object {
public:
    static constexpr auto kind_value = abi::Kind::device;
    static constexpr u64 quarantine_limit =
        4096;  // pages; more is not pinned until a reset is confirmed

    static constexpr u32 max_pins = 128;

    struct Description {
        u32 index;
        PhysAddr window;
        Bytes size;
        IntId line;
        bool edge;
        bool coherent;
        bool serial;  // the kernel prints there: SYS_DEVICE_IO only, and some registers
    };

    Device(const Description& what, Interrupt& interrupt)
        : Object{kind_value}, what_{what}, interrupt_{Ref<Interrupt>::adopt(interrupt)}
    {
    }

    const Description& what() const { return what_; }
    Interrupt& interrupt() const { return *interrupt_; }
    Process* owner() const { return owner_; }
    bool live() const { return handles_ > 0; }
    u64 pinned_pages() const { return pinned_; }
    u64 quarantined_pages() const { return quarantined_; }

    void handle_added() { ++handles_; }
    void handle_closed() { --handles_; }

    // busy: another process owns it.
    Result<> lend(Process& to);
    // Its owner died: the line is masked, nobody owns it.
    void owner_died();

    // The pages of the window, if no other live device in them belongs to anybody else.
    // not_exclusive.
    Result<> check_exclusive(const Process& caller) const;

    // Errors: over_quota (pins, quarantine), no_memory. The caller owns the reference.
    Result<Pin*> pin(Process& owner, Memory& memory, u64 offset, u64 bytes);
    Pin* find_pin(const Memory& memory, u64 page);
    // The device is in reset: releases some pins in quarantine; true: there are no others.
    bool release_some();

private:
    friend struct checks::Inspector;
    friend struct fault::Inspector;
    friend class Pin;

    Description what_;
    Ref<Interrupt> interrupt_;
    Process* owner_ = nullptr;
    List<Pin, DomainPins> pins_;  // those in quarantine first
    u64 pinned_ = 0;
    u32 pin_count_ = 0;
    u64 quarantined_ = 0;
    u32 handles_ = 0;
};

// All devices of the machine, for page sharing. Filled at boot.
inline constexpr u32 max_devices = abi::max_devices + 1;  // and the serial line
std::span<Device* const> devices();
void publish_device(Device& device);

}  // namespace kernel
