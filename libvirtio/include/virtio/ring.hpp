// virtio/ring.hpp - a split virtqueue, driver side: the two rings. The device is not trusted.
//
// Everything the driver believes is in private memory. The descriptor table and the available ring
// are only ever written; of the used ring, each word is read once, compared, and then used. The
// first lie breaks the ring: nothing is submitted or taken until the device was reset and the ring
// started again.
//
// Life of a chain: describe() its descriptors, offer() its head, publish() once for any number of
// offers, take() when the device returned it. No more come back than were published; publish before
// take, because which of the offered ones the device was not shown is not remembered. What runs for
// each request is inlined on purpose.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <optional>

#include <virtio/layout.hpp>
#include <virtio/platform.hpp>

namespace virtio {

// An entry of the descriptor table. A position in a ring does not convert to it.
using DescriptorIndex = Strong<struct DescriptorIndexUnit, u16>;
// A free-running count of ring entries; wraps at 65536.
using RingPosition = Strong<struct RingPositionUnit, u16>;

constexpr RingPosition next(RingPosition at)
{
    return RingPosition{static_cast<u16>(at.raw() + 1)};
}
// Entries from `from` up to `to`, right across the wrap.
constexpr u16 distance(RingPosition from, RingPosition to)
{
    return static_cast<u16>(to.raw() - from.raw());
}
// virtio 1.2, 2.7.10: publishing old..fresh has passed the entry `event` that the other side
// waits for.
constexpr bool event_passed(RingPosition event, RingPosition old, RingPosition fresh)
{
    return distance(next(event), fresh) < distance(old, fresh);
}

// What a chain has room for, in bytes: all of it, and the part that the device writes.
struct Extent {
    u32 total;
    u32 writable;
};

struct Completion {
    DescriptorIndex head;
    u32 written;  // bytes at the start of the writable part; never more than that part has
    Extent extent;
};

// How a device broke the rules of its used ring.
enum class Fault : u8 {
    none,
    id_out_of_range,  // no such descriptor
    not_outstanding,  // not the head of a chain that the device has: invented, or returned twice
    index_jump,       // idx moved by more than the device was shown, or backwards
    too_long,         // more bytes written than the whole chain has
};

// Only descriptors 0 .. Heads - 1 may be heads of chains.
template <u16 Heads>
class Ring {
public:
    // The device must be in reset: it forgets the memory, and the memory is cleared.
    // Errors: bad_argument (size is no power of two), no_space (memory too short or misaligned).
    Result<RingAddresses> start(DmaRegion memory, u16 size, bool event_idx);
    // Forgets everything: nothing goes in or comes out before the next start.
    void stop();

    // Allowed for descriptors of no outstanding chain only; the device may not see them yet.
    void describe(DescriptorIndex at, const Descriptor& content) { table_[at.raw()] = content; }

    // Puts a chain into the available ring; the device sees it after publish(). Its total is 1 to
    // 2^32 - 2 bytes, and its head is not outstanding.
    void offer(DescriptorIndex head, Extent extent);

    // Shows the device all chains offered so far. True: it wants to be notified of them.
    [[nodiscard]] bool publish();

    // A chain that came back; nothing when there is none. A lie is reported once, as device_fault,
    // and from then on the ring is broken and nothing comes.
    std::optional<Result<Completion>> take();

    // Asks for an interrupt when the next chain comes back. True: one has come back already, and
    // there may be no interrupt for it; take() again.
    [[nodiscard]] bool arm();

    bool broken() const { return fault_ != Fault::none; }
    Fault fault() const { return fault_; }
    u16 size() const { return size_; }
    u16 outstanding() const { return distance(seen_, offered_); }
    bool outstanding(DescriptorIndex head) const { return chains_[head.raw()].bound != 0; }

private:
    // What the device has. Its answer is good if it says that it wrote less than `bound` bytes:
    // bound is the chain's total + 1, and zero, which nothing is less than, if it has not got it.
    struct Chain {
        u32 bound;
        u32 writable;
    };

    // Structs, so that the compiler knows that storing an entry changes no member of ours.
    struct AvailEntry {
        u16 head;
    };

    u32 slot(RingPosition at) const { return at.raw() & mask_; }
    std::atomic_ref<u16> avail_word(u64 at) const
    {
        return std::atomic_ref{*reinterpret_cast<u16*>(avail_ + at)};
    }
    std::atomic_ref<u16> used_word(u64 at) const
    {
        return std::atomic_ref{*reinterpret_cast<u16*>(used_ + at)};
    }

    bool refill();

    // Ends trust. What the device claimed to have returned beyond this point is not looked at.
    [[gnu::cold, gnu::noinline]] Errc lie(Fault why)
    {
        fault_ = why;
        known_ = seen_;
        return Errc::device_fault;
    }
    [[gnu::cold, gnu::noinline]] Errc lie_about(u32 id);

    std::byte* avail_ = nullptr;
    std::byte* used_ = nullptr;
    Descriptor* table_ = nullptr;
    u32 mask_ = 0;
    RingPosition offered_;    // next entry of the available ring to fill
    RingPosition published_;  // what the device was shown
    RingPosition seen_;       // next entry of the used ring to take
    RingPosition known_;      // up to here the used ring is filled
    u16 size_ = 0;
    bool event_idx_ = false;
    Fault fault_ = Fault::none;
    std::array<Chain, Heads> chains_{};
};

template <u16 Heads>
Result<RingAddresses> Ring<Heads>::start(DmaRegion memory, u16 size, bool event_idx)
{
    if (!RingLayout::valid(size))
        return fail(Errc::bad_argument);
    const RingLayout layout{size};
    if (memory.size < layout.bytes() || !aligned(memory.address.raw(), ring_alignment)
        || !aligned(reinterpret_cast<uptr>(memory.memory), alignof(Descriptor)))
        return fail(Errc::no_space);

    stop();
    std::memset(memory.memory, 0, layout.bytes().raw());
    chains_.fill({});
    table_ = reinterpret_cast<Descriptor*>(memory.memory);
    avail_ = memory.memory + layout.avail();
    used_ = memory.memory + layout.used();
    mask_ = size - 1u;
    size_ = size;
    event_idx_ = event_idx;
    return RingAddresses{size, memory.address, memory.address + Bytes{layout.avail()},
                         memory.address + Bytes{layout.used()}};
}

template <u16 Heads>
void Ring<Heads>::stop()
{
    size_ = 0;
    fault_ = Fault::none;
    offered_ = published_ = seen_ = known_ = RingPosition{};
}

template <u16 Heads>
[[gnu::always_inline]] inline void Ring<Heads>::offer(DescriptorIndex head, Extent extent)
{
    const RingPosition at = offered_;
    chains_[head.raw()] = {extent.total + 1, extent.writable};
    reinterpret_cast<AvailEntry*>(avail_ + 4)[slot(at)].head = head.raw();
    offered_ = next(at);
}

template <u16 Heads>
bool Ring<Heads>::publish()
{
    const RingPosition old = published_;
    const RingPosition fresh = offered_;
    if (fresh == old || broken())
        return false;
    published_ = fresh;
    // Release: descriptors, chain contents and ring entries are visible before the index is.
    avail_word(2).store(fresh.raw(), std::memory_order_release);
    // Full fence: the index is visible before we read whether the device wants a notification (the
    // device writes that wish, then reads the index again), and before the notify register is
    // written.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!event_idx_)
        return (used_word(0).load(std::memory_order_relaxed) & Used::no_notify) == 0;
    const u64 avail_event = 4 + sizeof(UsedElement) * (mask_ + 1u);
    const RingPosition event{used_word(avail_event).load(std::memory_order_relaxed)};
    return event_passed(event, old, fresh);
}

// True: there is an entry to take.
template <u16 Heads>
[[gnu::always_inline]] inline bool Ring<Heads>::refill()
{
    if (broken() || size_ == 0) [[unlikely]]
        return false;
    // Acquire: used elements and chain contents are read after the index that covers them.
    known_ = RingPosition{used_word(2).load(std::memory_order_acquire)};
    return known_ != seen_;
}

template <u16 Heads>
[[gnu::always_inline]] inline std::optional<Result<Completion>> Ring<Heads>::take()
{
    if (seen_ == known_) {
        if (!refill())
            return std::nullopt;
        // Not more than it was shown: what is only offered is not the device's yet.
        if (distance(seen_, known_) > distance(seen_, published_)) [[unlikely]]
            return fail(lie(Fault::index_jump));
    }
    // Copied once, checked once: the device may rewrite the original at any time.
    auto& element = reinterpret_cast<UsedElement*>(used_ + 4)[slot(seen_)];
    const u32 id = std::atomic_ref{element.id}.load(std::memory_order_relaxed);
    const u32 len = std::atomic_ref{element.len}.load(std::memory_order_relaxed);
    // A descriptor that is no head, or none at all, has a bound of zero or lies beyond the array.
    if (id >= Heads) [[unlikely]]
        return fail(lie_about(id));
    const Chain chain = chains_[id];
    if (len >= chain.bound) [[unlikely]]
        return fail(lie_about(id));

    seen_ = next(seen_);
    chains_[id].bound = 0;
    // Devices exist that count bytes of the readable part too: cap it.
    return Completion{DescriptorIndex{static_cast<u16>(id)},
                      std::min(len, chain.writable),
                      {chain.bound - 1, chain.writable}};
}

template <u16 Heads>
Errc Ring<Heads>::lie_about(u32 id)
{
    if (id >= size_)
        return lie(Fault::id_out_of_range);
    if (id >= Heads || chains_[id].bound == 0)
        return lie(Fault::not_outstanding);
    return lie(Fault::too_long);
}

template <u16 Heads>
bool Ring<Heads>::arm()
{
    if (broken() || size_ == 0)
        return false;
    if (event_idx_)
        avail_word(4 + 2 * u64{size_}).store(seen_.raw(), std::memory_order_relaxed);
    // Full fence: the device sees the wish before we look at the index a last time. Either it sees
    // the wish when it publishes the next chain, or we see that chain here.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return used_word(2).load(std::memory_order_acquire) != seen_.raw();
}

}  // namespace virtio
