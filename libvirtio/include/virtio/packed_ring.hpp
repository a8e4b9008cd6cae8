// virtio/packed_ring.hpp - the memory of a packed virtqueue as its driver touches it (virtio 1.2,
// 2.8).
//
// No memory of its own, no judgement: ring.hpp knows what may be believed. A position counts
// entries from the start, so it says the entry and the lap; the wrap counter is 1 in even laps.
#pragma once

#include <atomic>
#include <bit>

#include <virtio/layout.hpp>
#include <virtio/platform.hpp>
#include <virtio/ring_position.hpp>

namespace virtio {

class PackedRing {
public:
    PackedRing() = default;
    // Memory as PackedLayout says.
    PackedRing(std::byte* memory, u16 size)
        : ring_{reinterpret_cast<PackedDescriptor*>(memory)}, size_{size}
    {
    }

    static RingAddresses addresses(DeviceAddr at, u16 size)
    {
        const PackedLayout layout{size};
        return {size, at, at + Bytes{layout.driver()}, at + Bytes{layout.device()}};
    }

    // The marks of an entry that the device may take.
    u16 available(RingPosition at) const
    {
        return wrap(at) ? PackedFlags::available : PackedFlags::used;
    }

    // Fills an entry, all but its flags. Then mark() makes it the device's, if those before it are.
    void put(RingPosition at, u64 addr, u32 len, u16 id) const
    {
        PackedDescriptor& entry = ring_[slot(at)];
        entry.addr = addr;
        entry.len = len;
        entry.id = id;
    }
    void mark(RingPosition at, u16 flags) const
    {
        flags_of(at).store(flags, std::memory_order_relaxed);
    }

    // Marks entry `old`, the first one that the device has not seen, and so shows all up to
    // `fresh`. True: the device wants a notification for one of them.
    bool show(RingPosition old, RingPosition fresh, u16 flags) const
    {
        // Release: chain contents, and all entries behind this one, are visible before its flags.
        flags_of(old).store(flags, std::memory_order_release);
        // Full fence: the flags are visible before we read whether the device wants a notification
        // (the device writes that wish, then reads the flags again), and before the notify register
        // is written.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        const u32 wish = event(1).load(std::memory_order_relaxed);
        if (wish >> 16 != EventSuppression::descriptor)
            return wish >> 16 != EventSuppression::disable;
        return passed(static_cast<u16>(wish), old, fresh);
    }

    // The device used the entry. Acquire: the rest of it and the chain's contents are read after.
    bool used(RingPosition at) const
    {
        constexpr u16 both = PackedFlags::available | PackedFlags::used;
        return (flags_of(at).load(std::memory_order_acquire) & both) == (wrap(at) ? both : 0);
    }

    // A copy of what the device wrote there: the device may rewrite the original at any time. The
    // flag WRITE, which should say whether the length counts, is not looked at: QEMU never sets it.
    UsedElement element(RingPosition at) const
    {
        PackedDescriptor& entry = ring_[slot(at)];
        return {std::atomic_ref{entry.id}.load(std::memory_order_relaxed),
                std::atomic_ref{entry.len}.load(std::memory_order_relaxed)};
    }

    // Asks for an interrupt when the entry is used. True: it is already.
    bool wish(RingPosition at, bool event_idx) const
    {
        if (event_idx)
            event(0).store(off_wrap(at) | u32{EventSuppression::descriptor} << 16,
                           std::memory_order_relaxed);
        // Full fence: the device sees the wish before we look at the entry a last time. Either it
        // sees the wish when it returns the next chain, or we see that chain here.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return used(at);
    }

private:
    u32 slot(RingPosition at) const { return at.raw() & (size_ - 1u); }
    bool wrap(RingPosition at) const { return (at.raw() & size_) == 0; }
    u16 off_wrap(RingPosition at) const
    {
        return static_cast<u16>(slot(at) | (wrap(at) ? EventSuppression::wrap : 0u));
    }
    // Some entry of old .. fresh - 1 is the one that the device named, in this lap or the next.
    bool passed(u16 named, RingPosition old, RingPosition fresh) const
    {
        const u32 event = (named & ~u32{EventSuppression::wrap})
                          + ((named & EventSuppression::wrap) != 0 ? 0 : size_);
        return ((event - old.raw()) & (2 * size_ - 1)) < distance(old, fresh);
    }

    std::atomic_ref<u16> flags_of(RingPosition at) const
    {
        return std::atomic_ref{ring_[slot(at)].flags};
    }
    // What the driver (0) and the device (1) want.
    std::atomic_ref<u32> event(u32 whose) const
    {
        return std::atomic_ref{reinterpret_cast<u32*>(ring_ + size_)[whose]};
    }

    PackedDescriptor* ring_ = nullptr;
    u32 size_ = 0;
};

}  // namespace virtio
