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

struct Offer {
    DescriptorIndex head;
    Extent extent;
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

// What a user keeps with each chain; together they are found by one multiplication.
struct NoNote {};

// Only 0 .. Heads - 1 may be heads of chains.
template <u16 Heads, class Note = NoNote>
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
    void offer(DescriptorIndex head, const Extent& extent);

    // Split: offers what each(Offer&) names, at most so many, until it says that there is none.
    // Returns how many.
    template <class Each>
    u16 offer_some(u16 most, Each each);

    // Packed: the same, in two steps: each entry of the chain, then what there is of it.
    void add(DescriptorIndex head, u64 addr, u32 len, u16 flags);
    void offer(DescriptorIndex head, Extent extent, u16 entries);

    // Shows the device all chains offered so far. True: it wants to be notified of them.
    [[nodiscard]] bool publish();

    // A chain that came back; nothing when there is none. A lie is reported once, as device_fault,
    // and from then on the ring is broken and nothing comes.
    std::optional<Result<Completion>> take();
    // There may be something for take().
    bool ready() const
    {
        return trusted_ && (packed_ || seen_ != known_ || split_.filled() != seen_);
    }
    // Those that came back, at most so many, as long as nobody singled the chain out and
    // each(Completion) says that it took it; one that was not taken comes again. `each` does not
    // use the ring. Returns how many were taken; zero says nothing of what take() will tell.
    template <class Each>
    u16 take_some(u16 most, Each each);

    // All at once, before sleeping: take() until nothing comes, arm(), again if something came
    // meanwhile. For each chain that came back sum = usual(sum, head, its total) if the device
    // wrote all that there was room for, good(head) agrees, and nobody singled the chain out; else
    // sum = rare(sum, what the device said), which calls examine(). They may offer and publish, no
    // more. Errors: as take.
    template <class Good, class Usual, class Rare>
    Result<u64> drain(u64 sum, Good good, Usual usual, Rare rare);
    // What take() makes of the next one, if this is what the device said of it. Errors: as take.
    Result<Completion> examine(UsedElement used);
    Note& note(u32 head) { return chains_[head].note; }
    const Note& note(u32 head) const { return chains_[head].note; }
    // An offered chain is none of the usual ones.
    void single_out(DescriptorIndex head) { chains_[head.raw()].writable |= singled_out; }

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
    // What the device has. Its answer is good if it says that it wrote less than `bound` bytes,
    // the chain's total + 1, and usual if it wrote exactly `writable`. If the device has not got
    // the chain nothing is less than zero, and no 32 bits are as many as `nothing`.
    struct Fields {
        u64 writable;
        u64 bound;
        [[no_unique_address]] Note note;
    };
    struct alignas(std::bit_ceil(sizeof(Fields))) Chain : Fields {};  // found by a shift
    static constexpr u64 nothing = ~u64{0};
    // What is inlined: trusted, split, with EVENT_IDX.
    enum class Way : u8 { usual, other };
    static constexpr u64 singled_out = u64{1} << 32;

    static constexpr u16 copies = 32;

    RingPosition filled() { return way_ == Way::usual ? split_.filled() : filled_otherwise(); }
    RingPosition filled_otherwise();
    template <class Rare>
    Result<u64> drain_otherwise(u64 sum, Rare rare);
    // Asks for an interrupt, and then what filled() says.
    RingPosition wish(RingPosition seen)
    {
        return way_ == Way::usual ? split_.wish(seen, true) : wish_otherwise();
    }
    RingPosition wish_otherwise();
    // More than the device was shown: what is only offered is not the device's yet.
    bool jumped(RingPosition to) const { return distance(seen_, to) > distance(seen_, published_); }
    void returned(u32 id) { set(id, nothing, 0); }
    void set(u32 id, u64 writable, u64 bound)
    {
        chains_[id].writable = writable;
        chains_[id].bound = bound;
    }
    RingPosition copy_used();
    bool show_otherwise(RingPosition old, RingPosition fresh);

    // Ends trust. What the device claimed to have returned beyond this point is not looked at.
    [[gnu::cold, gnu::noinline]] Errc lie(Fault why)
    {
        fault_ = why;
        trusted_ = false;
        way_ = Way::other;
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
    Way way_ = Way::other;
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

template <u16 Heads, class Note>
Result<RingAddresses> Ring<Heads, Note>::start(DmaRegion memory, RingOptions options)
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
    way_ = event_idx_ && !packed_ ? Way::usual : Way::other;
    if (!packed_) {
        split_ = SplitRing{memory.memory, size_};
        return SplitRing::addresses(memory.address, size_);
    }
    split_ = SplitRing::reading(used_.data(), copies);
    ring_ = PackedRing{memory.memory, size_};
    return PackedRing::addresses(memory.address, size_);
}

template <u16 Heads, class Note>
void Ring<Heads, Note>::stop()
{
    size_ = 0;
    trusted_ = false;
    way_ = Way::other;
    fault_ = Fault::none;
    offered_ = published_ = seen_ = known_ = RingPosition{};
    next_free_ = first_new_ = first_used_ = RingPosition{};
    for (u32 id = 0; id < Heads; ++id)
        returned(id);
}

template <u16 Heads, class Note>
[[gnu::always_inline]] inline void Ring<Heads, Note>::offer(DescriptorIndex head,
                                                            const Extent& extent)
{
    const RingPosition at = offered_;
    set(head.raw(), extent.writable, u64{extent.total} + 1);
    split_.put(at, head.raw());
    offered_ = next(at);
}

// The copies are what the compiler need not read again after each store.
template <u16 Heads, class Note>
template <class Each>
[[gnu::always_inline]] inline u16 Ring<Heads, Note>::offer_some(u16 most, Each each)
{
    const SplitRing split = split_;
    const RingPosition first = offered_;
    RingPosition at = first;
    for (const RingPosition end = after(first, most); at != end; at = next(at)) {
        Offer offer;
        if (!each(offer))
            break;
        set(offer.head.raw(), offer.extent.writable, u64{offer.extent.total} + 1);
        split.put(at, offer.head.raw());
    }
    offered_ = at;
    return distance(first, at);
}

// The first entry of a batch gets its flags from publish(): the device takes entries in order.
template <u16 Heads, class Note>
void Ring<Heads, Note>::add(DescriptorIndex head, u64 addr, u32 len, u16 flags)
{
    flags |= ring_.available(next_free_);
    ring_.put(next_free_, addr, len, head.raw());
    if (next_free_ == first_new_)
        first_flags_ = flags;
    else
        ring_.mark(next_free_, flags);
    next_free_ = next(next_free_);
}

template <u16 Heads, class Note>
void Ring<Heads, Note>::offer(DescriptorIndex head, Extent extent, u16 entries)
{
    set(head.raw(), extent.writable, u64{extent.total} + 1);
    entries_[head.raw()] = entries;
    offered_ = next(offered_);
}

template <u16 Heads, class Note>
[[gnu::always_inline]] inline bool Ring<Heads, Note>::publish()
{
    const RingPosition old = published_;
    const RingPosition fresh = offered_;
    if (fresh == old)
        return false;
    if (way_ != Way::usual) [[unlikely]]
        return show_otherwise(old, fresh);
    published_ = fresh;
    return split_.show(old, fresh, true);
}

template <u16 Heads, class Note>
[[gnu::noinline]] bool Ring<Heads, Note>::show_otherwise(RingPosition old, RingPosition fresh)
{
    if (!trusted_)
        return false;
    published_ = fresh;
    if (packed_)
        return ring_.show(std::exchange(first_new_, next_free_), next_free_, first_flags_);
    return split_.show(old, fresh, event_idx_);
}

// Copies what the device used, as long as it can be right: chains that it has, each once. What
// can't be right is left for the next time; then it is all there is, and take() finds the lie.
template <u16 Heads, class Note>
[[gnu::noinline]] RingPosition Ring<Heads, Note>::copy_used()
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

template <u16 Heads, class Note>
[[gnu::always_inline]] inline std::optional<Result<Completion>> Ring<Heads, Note>::take()
{
    if (seen_ == known_) {
        known_ = filled();
        if (known_ == seen_)
            return std::nullopt;
        if (jumped(known_)) [[unlikely]]
            return fail(lie(Fault::index_jump));
    }
    return examine(split_.used(seen_));
}

// A copy of what the device says, checked once. What is no head, or nothing at all, has a bound of
// zero or lies beyond the array.
template <u16 Heads, class Note>
[[gnu::always_inline]] inline Result<Completion> Ring<Heads, Note>::examine(UsedElement used)
{
    const auto [id, len] = used;
    if (id >= Heads) [[unlikely]]
        return fail(lie_about(id));
    const u64 bound = chains_[id].bound;
    if (len >= bound) [[unlikely]]
        return fail(lie_about(id));
    const auto writable = static_cast<u32>(chains_[id].writable);
    returned(id);
    seen_ = next(seen_);
    // Devices exist that count bytes of the readable part too: cap it.
    return Completion{DescriptorIndex{static_cast<u16>(id)},
                      std::min(len, writable),
                      {static_cast<u32>(bound - 1), writable}};
}

template <u16 Heads, class Note>
template <class Good, class Usual, class Rare>
[[gnu::always_inline]] inline Result<u64>
Ring<Heads, Note>::drain(u64 sum, Good good, Usual usual, Rare rare)
{
    if (way_ != Way::usual) [[unlikely]]
        return drain_otherwise(sum, rare);
    const SplitRing split = split_;  // a copy: nothing that is stored meanwhile changes it
    RingPosition seen = seen_;
    RingPosition end = split.filled();
    do {
        u32 left = distance(seen, end);
        if (left > distance(seen, published_)) [[unlikely]]
            return fail(lie(Fault::index_jump));
        for (u64 at = seen.raw(); left != 0; --left, ++at) {
            const auto [id, len] = split.used(at);
            if (id < Heads && chains_[id].writable == len && good(id)) [[likely]] {
                const auto total = static_cast<u32>(chains_[id].bound - 1);
                returned(id);
                sum = usual(sum, id, total);
                continue;
            }
            seen_ = RingPosition{static_cast<u16>(at)};
            const Result<u64> told = rare(sum, UsedElement{id, len});
            if (!told)
                return told;
            sum = *told;
        }
        known_ = seen_ = seen = end;
        end = split.wish(seen, true);
    } while (end != seen);
    return sum;
}

// Each one is a rare one.
template <u16 Heads, class Note>
template <class Rare>
[[gnu::noinline]] Result<u64> Ring<Heads, Note>::drain_otherwise(u64 sum, Rare rare)
{
    do {
        for (;;) {
            if (seen_ == known_)
                known_ = filled();
            if (seen_ == known_)
                break;
            if (jumped(known_))
                return fail(lie(Fault::index_jump));
            const Result<u64> told = rare(sum, split_.used(seen_));
            if (!told)
                return told;
            sum = *told;
        }
    } while (arm());
    return sum;
}

template <u16 Heads, class Note>
[[gnu::noinline]] RingPosition Ring<Heads, Note>::filled_otherwise()
{
    if (!trusted_)
        return seen_;
    return packed_ ? copy_used() : split_.filled();
}

// A lie is left for take() to tell.
template <u16 Heads, class Note>
template <class Each>
[[gnu::always_inline]] inline u16 Ring<Heads, Note>::take_some(u16 most, Each each)
{
    if (seen_ == known_) {
        const RingPosition to = filled();
        if (jumped(to)) [[unlikely]]
            return 0;
        known_ = to;
    }
    const SplitRing split = split_;
    const RingPosition first = seen_;
    RingPosition at = first;
    for (const RingPosition end = after(first, std::min(most, distance(first, known_))); at != end;
         at = next(at)) {
        const auto [id, len] = split.used(at);
        if (id >= Heads) [[unlikely]]
            break;
        const u64 bound = chains_[id].bound;
        const u64 room = chains_[id].writable;
        if (len >= bound || room >= singled_out) [[unlikely]]
            break;
        const auto writable = static_cast<u32>(room);
        if (!each(Completion{DescriptorIndex{static_cast<u16>(id)},
                             std::min(len, writable),
                             {static_cast<u32>(bound - 1), writable}})) [[unlikely]]
            break;
        returned(id);
    }
    seen_ = at;
    return distance(first, at);
}

template <u16 Heads, class Note>
Errc Ring<Heads, Note>::lie_about(u32 id)
{
    if (id >= size_)
        return lie(Fault::id_out_of_range);
    if (id >= Heads || chains_[id].bound == 0)
        return lie(Fault::not_outstanding);
    return lie(Fault::too_long);
}

template <u16 Heads, class Note>
bool Ring<Heads, Note>::arm()
{
    if (seen_ != known_)
        return true;
    const RingPosition end = wish(seen_);
    // Else take() looks again: it finds the lie, or copies what is in a packed ring, which is
    // judged by what is outstanding then.
    if (!packed_ && !jumped(end))
        known_ = end;
    return end != seen_;
}

template <u16 Heads, class Note>
[[gnu::noinline]] RingPosition Ring<Heads, Note>::wish_otherwise()
{
    if (!trusted_)
        return seen_;
    if (!packed_)
        return split_.wish(seen_, event_idx_);
    return ring_.wish(first_used_, event_idx_) ? next(seen_) : seen_;
}

}  // namespace virtio
