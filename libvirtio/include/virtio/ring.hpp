// virtio/ring.hpp - the ring of a virtqueue, split or packed, driver side. The device is not
// trusted.
//
// Everything the driver believes is in private memory. What it tells the device it only ever
// writes; what the device tells is read once, compared, and then used. The first lie breaks the
// ring: nothing is submitted or taken until the device was reset and the ring started again.
//
// Life of a chain: its descriptors, then offer(), publish() once for any number of offers, take()
// when the device returned it. No more come back than were published; publish before take, because
// which of the offered ones the device was not shown is not remembered. What runs for each request
// is inlined on purpose. A packed ring is not to cost the other one anything: what its device used
// is copied some at a time into private memory, in the form of a used ring, and taken from there.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <virtio/packed_ring.hpp>
#include <virtio/split_ring.hpp>

namespace virtio {

// A chain: of a split ring its first descriptor, of a packed one the buffer id. A position in a
// ring does not convert to it.
using DescriptorIndex = Strong<struct DescriptorIndexUnit, u16>;

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

// How a device broke the rules of its ring.
enum class Fault : u8 {
    none,
    id_out_of_range,  // no such chain can be
    not_outstanding,  // not a chain that the device has: invented, or returned twice
    index_jump,       // more came back than the device was shown, or the index moved backwards
    too_long,         // more bytes written than the whole chain has
};

struct RingOptions {
    u16 size;  // entries, a power of two
    bool event_idx = false;
    bool packed = false;
};

// Only 0 .. Heads - 1 may be heads of chains.
template <u16 Heads>
class Ring {
public:
    Ring() = default;
    Ring(const Ring&) = delete;  // it points into itself
    Ring& operator=(const Ring&) = delete;

    // The device must be in reset: it forgets the memory, and the memory is cleared. It needs what
    // RingLayout says, of which a packed ring uses the beginning.
    // Errors: bad_argument (size is no power of two), no_space (memory too short or misaligned).
    Result<RingAddresses> start(DmaRegion memory, RingOptions options);
    // Forgets everything: nothing goes in or comes out before the next start.
    void stop();

    // Split: the table. Allowed for descriptors of no outstanding chain only; the device may not
    // see them yet.
    void describe(DescriptorIndex at, const Descriptor& content)
    {
        split_.table()[at.raw()] = std::bit_cast<StoredDescriptor>(content);
    }
    StoredDescriptor* table() const { return split_.table(); }
    // Split: puts a chain into the available ring; the device sees it after publish(). Its total is
    // 1 to 2^32 - 2 bytes, and its head is not outstanding.
    void offer(DescriptorIndex head, Extent extent);

    // Packed: the same, in two steps: each entry of the chain, then what there is of it.
    void add(DescriptorIndex head, u64 addr, u32 len, u16 flags);
    void offer(DescriptorIndex head, Extent extent, u16 entries);

    // Shows the device all chains offered so far. True: it wants to be notified of them.
    [[nodiscard]] bool publish();

    // A chain that came back; nothing when there is none. A lie is reported once, as device_fault,
    // and from then on the ring is broken and nothing comes.
    std::optional<Result<Completion>> take();

    // Asks for an interrupt when the next chain comes back. True: one has come back already, and
    // there may be no interrupt for it; take() again.
    [[nodiscard]] bool arm();

    bool packed() const { return packed_; }
    bool broken() const { return fault_ != Fault::none; }
    Fault fault() const { return fault_; }
    u16 size() const { return size_; }
    u16 outstanding() const { return distance(seen_, offered_); }
    bool outstanding(DescriptorIndex head) const { return chains_[head.raw()].bound != 0; }
    // Packed: its entries are not free yet.
    bool has_entries(DescriptorIndex head) const
    {
        return outstanding(head) && entries_[head.raw()] != 0;
    }
    // Packed: free entries.
    u16 room() const { return static_cast<u16>(size_ - distance(first_used_, next_free_)); }

private:
    // What the device has. Its answer is good if it says that it wrote less than `bound` bytes:
    // bound is the chain's total + 1, and zero, which nothing is less than, if it has not got it.
    struct Chain {
        u32 bound;
        u32 writable;
    };

    static constexpr u16 copies = 32;

    RingPosition copy_used();
    bool show_packed();
    bool wish_packed();

    // Ends trust. What the device claimed to have returned beyond this point is not looked at.
    [[gnu::cold, gnu::noinline]] Errc lie(Fault why)
    {
        fault_ = why;
        trusted_ = false;
        known_ = seen_;
        return Errc::device_fault;
    }
    [[gnu::cold, gnu::noinline]] Errc lie_about(u32 id);

    SplitRing split_;
    RingPosition offered_;    // chains: next one to offer
    RingPosition published_;  // what the device was shown
    RingPosition seen_;       // next used one to take
    RingPosition known_;      // up to here the used ring, or the copy, is filled
    u16 size_ = 0;
    bool event_idx_ = false;
    bool packed_ = false;
    bool trusted_ = false;  // started, and not broken
    Fault fault_ = Fault::none;

    // Of a packed ring.
    RingPosition next_free_;   // entries: next one to fill
    RingPosition first_new_;   // that the device was not shown
    RingPosition first_used_;  // next one that it uses
    u16 first_flags_ = 0;      // of first_new_
    PackedRing ring_;
    std::array<UsedElement, copies> used_{};

    std::array<Chain, Heads> chains_{};
    std::array<u16, Heads> entries_{};  // packed: that a chain takes; 0 once it is copied
};

template <u16 Heads>
Result<RingAddresses> Ring<Heads>::start(DmaRegion memory, RingOptions options)
{
    if (!RingLayout::valid(options.size))
        return fail(Errc::bad_argument);
    const Bytes bytes = RingLayout{options.size}.bytes();
    if (memory.size < bytes || !aligned(memory.address.raw(), ring_alignment)
        || !aligned(reinterpret_cast<uptr>(memory.memory), alignof(Descriptor)))
        return fail(Errc::no_space);

    stop();
    std::memset(memory.memory, 0, bytes.raw());
    size_ = options.size;
    event_idx_ = options.event_idx;
    packed_ = options.packed;
    trusted_ = true;
    if (!packed_) {
        split_ = SplitRing{memory.memory, size_};
        return SplitRing::addresses(memory.address, size_);
    }
    split_ = SplitRing::reading(used_.data(), copies);
    ring_ = PackedRing{memory.memory, size_};
    return PackedRing::addresses(memory.address, size_);
}

template <u16 Heads>
void Ring<Heads>::stop()
{
    size_ = 0;
    trusted_ = false;
    fault_ = Fault::none;
    offered_ = published_ = seen_ = known_ = RingPosition{};
    next_free_ = first_new_ = first_used_ = RingPosition{};
    chains_.fill({});
}

template <u16 Heads>
[[gnu::always_inline]] inline void Ring<Heads>::offer(DescriptorIndex head, Extent extent)
{
    const RingPosition at = offered_;
    chains_[head.raw()] = {extent.total + 1, extent.writable};
    split_.put(at, head.raw());
    offered_ = next(at);
}

// The first entry of a batch gets its flags from publish(): the device takes entries in order.
template <u16 Heads>
void Ring<Heads>::add(DescriptorIndex head, u64 addr, u32 len, u16 flags)
{
    flags |= ring_.available(next_free_);
    ring_.put(next_free_, addr, len, head.raw());
    if (next_free_ == first_new_)
        first_flags_ = flags;
    else
        ring_.mark(next_free_, flags);
    next_free_ = next(next_free_);
}

template <u16 Heads>
void Ring<Heads>::offer(DescriptorIndex head, Extent extent, u16 entries)
{
    chains_[head.raw()] = {extent.total + 1, extent.writable};
    entries_[head.raw()] = entries;
    offered_ = next(offered_);
}

template <u16 Heads>
[[gnu::always_inline]] inline bool Ring<Heads>::publish()
{
    const RingPosition old = published_;
    const RingPosition fresh = offered_;
    if (fresh == old || !trusted_)
        return false;
    published_ = fresh;
    if (packed_) [[unlikely]]
        return show_packed();
    return split_.show(old, fresh, event_idx_);
}

template <u16 Heads>
[[gnu::noinline]] bool Ring<Heads>::show_packed()
{
    return ring_.show(std::exchange(first_new_, next_free_), next_free_, first_flags_);
}

// Copies what the device used, as long as it can be right: chains that it has, each once. What
// can't be right is left for the next time; then it is all there is, and take() finds the lie.
template <u16 Heads>
[[gnu::noinline]] RingPosition Ring<Heads>::copy_used()
{
    RingPosition to = seen_;
    while (distance(seen_, to) < copies && ring_.used(first_used_)) {
        const UsedElement used = ring_.element(first_used_);
        const bool has = used.id < Heads && chains_[used.id].bound != 0 && entries_[used.id] != 0;
        const u16 entries = has ? entries_[used.id] : u16{1};
        const bool shown = entries <= distance(first_used_, first_new_);
        if (!has || !shown) {
            if (to != seen_)
                return to;
            used_[to.raw() % copies] = used;
            return next(shown ? to : published_);
        }
        entries_[used.id] = 0;
        used_[to.raw() % copies] = used;
        to = next(to);
        first_used_ = after(first_used_, entries);
    }
    return to;
}

template <u16 Heads>
[[gnu::always_inline]] inline std::optional<Result<Completion>> Ring<Heads>::take()
{
    if (seen_ == known_) {
        if (!trusted_) [[unlikely]]
            return std::nullopt;
        if (packed_) [[unlikely]]
            known_ = copy_used();
        else
            known_ = split_.filled();
        if (known_ == seen_)
            return std::nullopt;
        // Not more than it was shown: what is only offered is not the device's yet.
        if (distance(seen_, known_) > distance(seen_, published_)) [[unlikely]]
            return fail(lie(Fault::index_jump));
    }
    // A copy, checked once. What is no head, or nothing at all, has a bound of zero or lies beyond
    // the array.
    const auto [id, len] = split_.used(seen_);
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
    if (!trusted_)
        return false;
    if (packed_) [[unlikely]]
        return wish_packed();
    return split_.wish(seen_, event_idx_);
}

template <u16 Heads>
[[gnu::noinline]] bool Ring<Heads>::wish_packed()
{
    return seen_ != known_ || ring_.wish(first_used_, event_idx_);
}

}  // namespace virtio
