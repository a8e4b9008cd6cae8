// virtio/split_ring.hpp - the memory of a split virtqueue as its driver touches it (virtio 1.2,
// 2.7).
//
// No memory of its own, no judgement: ring.hpp knows what may be believed. The table and the
// available ring are only written; of the used ring, each word is read once where it says so.
#pragma once

#include <atomic>

#include <virtio/layout.hpp>
#include <virtio/platform.hpp>
#include <virtio/ring_position.hpp>

namespace virtio {

class SplitRing {
public:
    SplitRing() = default;
    // Memory as RingLayout says.
    SplitRing(std::byte* memory, u16 size)
        : elements_{reinterpret_cast<UsedElement*>(memory + RingLayout{size}.used() + 4)},
          mask_{size - 1u},
          entries_{reinterpret_cast<AvailEntry*>(memory + RingLayout{size}.avail() + 4)},
          avail_index_{word(memory, RingLayout{size}.avail() + 2)},
          used_index_{word(memory, RingLayout{size}.used() + 2)},
          used_event_{word(memory, RingLayout{size}.used_event())},
          avail_event_{word(memory, RingLayout{size}.avail_event())},
          table_{reinterpret_cast<StoredDescriptor*>(memory)}
    {
    }

    static RingAddresses addresses(DeviceAddr at, u16 size)
    {
        const RingLayout layout{size};
        return {size, at, at + Bytes{layout.avail()}, at + Bytes{layout.used()}};
    }

    StoredDescriptor* table() const { return table_; }

    // Fills an entry of the available ring; the device sees it after show().
    void put(RingPosition at, u16 head) const { entries_[at.raw() & mask_].head = head; }

    // Shows the device all entries before `fresh`. True: it wants a notification for one of those
    // from `old` on.
    bool show(RingPosition old, RingPosition fresh, bool event_idx) const
    {
        // Release: descriptors, chain contents and ring entries are visible before the index is.
        std::atomic_ref{*avail_index_}.store(fresh.raw(), std::memory_order_release);
        // Full fence: the index is visible before we read whether the device wants a notification
        // (the device writes that wish, then reads the index again), and before the notify register
        // is written.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (!event_idx)
            return (std::atomic_ref{used_index_[-1]}.load(std::memory_order_relaxed)
                    & Used::no_notify)
                   == 0;
        const RingPosition event{std::atomic_ref{*avail_event_}.load(std::memory_order_relaxed)};
        return event_passed(event, old, fresh);
    }

    // The device says that the used ring is filled up to here. Acquire: used elements and chain
    // contents are read after the index that covers them.
    RingPosition filled() const
    {
        return RingPosition{std::atomic_ref{*used_index_}.load(std::memory_order_acquire)};
    }

    // A copy: the device may rewrite the original at any time.
    UsedElement used(RingPosition at) const { return used(u64{at.raw()}); }
    UsedElement used(u64 count) const
    {
        auto& element = elements_[count & mask_];
        return {std::atomic_ref{element.id}.load(std::memory_order_relaxed),
                std::atomic_ref{element.len}.load(std::memory_order_relaxed)};
    }
    // Of a packed ring: as many as `size`, a power of two, are read from there, and nothing else.
    static SplitRing reading(UsedElement* elements, u32 size)
    {
        SplitRing ring;
        ring.elements_ = elements;
        ring.mask_ = size - 1;
        return ring;
    }

    // Asks for an interrupt when the entry is used, and looks a last time: filled().
    RingPosition wish(RingPosition at, bool event_idx) const
    {
        if (event_idx)
            std::atomic_ref{*used_event_}.store(at.raw(), std::memory_order_relaxed);
        // Full fence: the device sees the wish before we look at the index a last time. Either it
        // sees the wish when it returns the next chain, or we see that chain here.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return filled();
    }

private:
    // A struct, so that the compiler knows that storing an entry changes no member of ours.
    struct AvailEntry {
        u16 head;
    };

    static u16* word(std::byte* memory, u64 at) { return reinterpret_cast<u16*>(memory + at); }

    UsedElement* elements_ = nullptr;
    u64 mask_ = 0;  // between the two that it is used with: two are loaded at once
    AvailEntry* entries_ = nullptr;
    u16* avail_index_ = nullptr;
    u16* used_index_ = nullptr;  // the used ring's flags are in front of it
    u16* used_event_ = nullptr;
    u16* avail_event_ = nullptr;
    StoredDescriptor* table_ = nullptr;
};

}  // namespace virtio
