// virtio/queue.hpp - a virtqueue, driver side, for chains of any shape. The device is not trusted.
//
// Split or packed, chains of descriptors in the ring or in indirect tables: what was negotiated
// decides, and the driver does not notice. Free lists and the length of each chain are private:
// freeing a chain follows our own links, never those that the device can write; tables are only
// ever written.
//
// A driver whose requests all look alike reserves chains and lays each out once; a request then
// fills in one piece of it, and takes one entry of the ring if there are tables (blk_chains.hpp).
#pragma once

#include <span>

#include <virtio/features.hpp>
#include <virtio/ring.hpp>

namespace virtio {

// A piece of a chain. Pieces that the device writes come after all that it reads (2.7.4.2).
struct Buffer {
    DeviceAddr address;
    u32 length;
    bool device_writes;
};

// Indirect tables: chains 0 .. count - 1 have one each, for up to so many buffers. A chain that
// does not fit, or of one buffer, is in the ring itself.
struct Tables {
    u16 count = 0;
    u16 entries = 0;

    constexpr Bytes bytes() const { return Bytes{sizeof(Descriptor) * count * entries}; }
};

// For the wish of a driver: what a Queue knows how to use.
inline constexpr Features queue_features{Feature::event_idx, Feature::indirect_desc,
                                         Feature::ring_packed};

struct QueueOptions {
    u16 size;  // entries of the ring, a power of two
    bool event_idx = false;
    bool packed = false;
    Tables tables{};  // without INDIRECT_DESC none

    static constexpr QueueOptions negotiated(Features accepted, u16 size, Tables tables = {})
    {
        return {size, accepted.has(Feature::event_idx), accepted.has(Feature::ring_packed),
                accepted.has(Feature::indirect_desc) ? tables : Tables{}};
    }
};

// Up to `Reserved` chains can be laid out once. Only 0 .. Heads - 1 are chains: a driver that has
// no others says so. A Note of the driver's is kept with each.
template <u16 Max, u16 Reserved = 0, u16 Heads = Max, class Note = NoNote>
class Queue {
public:
    // DMA memory that start() needs, whatever was negotiated.
    static constexpr Bytes memory_bytes(u16 size, Tables tables = {})
    {
        return RingLayout{size}.bytes() + tables.bytes();
    }

    // As Ring::start; also bad_argument if size is more than Max, or there are more tables.
    Result<RingAddresses> start(DmaRegion memory, QueueOptions options);
    // Forgets everything: nothing goes in or comes out before the next start.
    void stop();

    // Offers a chain; the returned head names it until it comes back. Errors: bad_argument (empty
    // chain, empty buffer, readable after writable), too_big (more than 2^32 - 2 bytes, or more
    // buffers than the queue has entries), no_space (too little room at the moment), device_fault
    // (not started, or broken).
    Result<DescriptorIndex> submit(std::span<const Buffer> chain);

    // Right after start: chains 0 .. chains - 1 are the caller's, each of at most so many pieces,
    // and each has room at any time.
    // Errors: bad_argument (more than Reserved, or than the queue has entries for).
    Result<> reserve(u16 chains, u16 pieces);
    // Lays one out, as many pieces as were reserved; `varying` is the piece that requests fill in.
    void lay_out(DescriptorIndex reserved, std::span<const Buffer> pieces, u16 varying);
    // Offers it with that piece; `extent` is of the whole chain, as for Ring::offer. Split: the
    // caller knows that the ring is.
    template <bool Split = false>
    void offer(DescriptorIndex reserved, const Buffer& piece, const Extent& extent);
    // The same in two steps, for many: fill() one, then name it in each(Offer&); until that says
    // that there is none, and at most so many. One that was not filled is offered as it was last.
    // Returns how many.
    void fill(DescriptorIndex reserved, const Buffer& piece);
    template <class Each>
    u16 offer_some(u16 most, Each each);
    // Offers it without that piece, which lies between two, the first of them one that the device
    // reads; until join() nothing else is done with it. Not of a packed ring. `extent` as for
    // offer, of what is left.
    void offer_without(DescriptorIndex reserved, u16 varying, const Extent& extent);
    void join(DescriptorIndex reserved, u16 varying) { lead(reserved.raw(), varying, varying); }
    // Offers another chain in its place, this once: when it came back, lay it out again. Errors: as
    // submit.
    Result<> submit(DescriptorIndex reserved, std::span<const Buffer> chain);

    [[nodiscard]] bool publish() { return ring_.publish(); }
    std::optional<Result<Completion>> take();
    bool ready() const { return ring_.ready(); }
    // As Ring::take_some, of reserved chains that were offered as they were laid out, with all
    // their pieces; another one stays.
    template <class Each>
    u16 take_some(u16 most, Each each);
    [[nodiscard]] bool arm() { return ring_.arm(); }
    // As Ring::drain; usual are those of take_some.
    template <class Good, class Usual, class Rare>
    [[gnu::always_inline]] Result<u64> drain(u64 sum, Good good, Usual usual, Rare rare)
    {
        return ring_.drain(sum, good, usual, rare);
    }
    Result<Completion> examine(UsedElement used);

    Note& note(u32 head) { return ring_.note(head).note; }
    const Note& note(u32 head) const { return ring_.note(head).note; }

    bool packed() const { return ring_.packed(); }
    bool broken() const { return ring_.broken(); }
    Fault fault() const { return ring_.fault(); }
    u16 outstanding() const { return ring_.outstanding(); }
    bool outstanding(DescriptorIndex head) const { return ring_.outstanding(head); }
    // The reserved chain needs no lay_out() before its next offer(), only join() if it was the last
    // time offered without a piece.
    bool as_laid_out(DescriptorIndex reserved) const { return links_[reserved.raw()] == 0; }
    // Of the ring. A chain takes one for each buffer, or one if it is in a table.
    u16 free_descriptors() const { return ring_.packed() ? ring_.room() : free_count_; }
    u16 size() const { return ring_.size(); }
    bool has_tables() const { return tables_.count != 0; }

private:
    using Stored = StoredDescriptor;

    // The piece of a reserved chain that requests fill in, and what it ends with when the device
    // reads or writes it.
    struct Varying {
        Stored* at;
        std::array<u32, 2> tail;
    };
    struct Fixed {};
    // With each chain: that piece, and what our user keeps.
    struct Kept {
        [[no_unique_address]] std::conditional_t<Reserved == 0, Fixed, Varying> varying;
        [[no_unique_address]] Note note;
    };

    static Result<Extent> measure(std::span<const Buffer> chain);
    // What describes a buffer, and where the chain goes on.
    Stored stored(const Buffer& buffer, std::optional<u16> next) const;
    bool in_table(u16 id, usize pieces) const
    {
        return id < tables_.count && pieces > 1 && pieces <= tables_.entries;
    }
    Stored* table(u16 id) const { return tables_memory_ + usize{id} * tables_.entries; }
    DeviceAddr table_address(u16 id) const
    {
        return tables_address_ + Bytes{sizeof(Stored) * id * tables_.entries};
    }
    void point_to_table(u16 id, usize pieces);
    // Of a split ring's table, the n-th descriptor that is always the chain's.
    u16 own(u16 id, usize n) const
    {
        return n == 0 ? id : static_cast<u16>(reserved_ + id * (pieces_ - 1u) + n - 1);
    }
    usize own_count(u16 id) const { return id < reserved_ && !in_tables_ ? pieces_ : 1; }
    // Where a piece of a reserved chain is laid out.
    Stored* place(u16 id, u16 piece)
    {
        if (in_tables_)
            return table(id) + piece;
        if (ring_.packed())
            return copies_.data() + usize{id} * pieces_ + piece;
        return ring_.table() + own(id, piece);
    }

    // The reserved chain goes on at piece `to` after the one before `varying`.
    void lead(u16 id, u16 varying, u16 to)
    {
        const u16 next = in_tables_ ? to : own(id, to);
        place(id, static_cast<u16>(varying - 1))->tail = stored({{}, 0, false}, next).tail;
    }

    bool room(u16 id, usize pieces) const;
    u32 kept(u16 id) const;
    Result<> put(u16 id, std::span<const Buffer> chain);
    void write_table(u16 id, std::span<const Buffer> chain);
    void link(u16 id, std::span<const Buffer> chain);
    u16 pop_after(u16 last);
    void put_packed(u16 id, std::span<const Buffer> chain, Extent extent);
    void offer_packed(u16 id, Extent extent);
    void settle(u16 id)
    {
        if (links_[id] != 0) [[unlikely]]  // of a driver that lays its chains out
            release(id);
    }
    void release(u16 id);

    u16 free_ = 0;  // first of the free list
    u16 free_count_ = 0;
    u16 reserved_ = 0;        // chains 0 .. reserved_ - 1 are not in the free list
    u16 pieces_ = 0;          // of each of them
    bool in_tables_ = false;  // where they are laid out
    Tables tables_;
    Stored* tables_memory_ = nullptr;
    DeviceAddr tables_address_;
    Ring<Heads, Kept> ring_;
    std::array<u16, Heads> links_{};  // of a head: descriptors that next_ links, itself included
    std::array<u16, Max> next_{};     // of the free list, or of the chain a descriptor belongs to
    std::array<Stored, Reserved == 0 ? 0 : Max> copies_{};  // packed, no tables: reserved chains
};

template <u16 Max, u16 Reserved, u16 Heads, class Note>
Result<RingAddresses> Queue<Max, Reserved, Heads, Note>::start(DmaRegion memory,
                                                               QueueOptions options)
{
    const auto [size, event_idx, packed, tables] = options;
    if (size > Max || tables.count > size)
        return fail(Errc::bad_argument);
    if (memory.size < memory_bytes(size, tables))
        return fail(Errc::no_space);
    stop();
    const auto addresses = ring_.start(memory, {size, event_idx, packed});
    if (!addresses)
        return addresses;
    const u64 offset = RingLayout{size}.bytes().raw();
    tables_ = tables;
    tables_memory_ = reinterpret_cast<Stored*>(memory.memory + offset);
    tables_address_ = memory.address + Bytes{offset};
    for (u16 i = 0; i < size; ++i)
        next_[i] = static_cast<u16>(i + 1);
    links_.fill(0);
    free_count_ = size;
    return addresses;
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::stop()
{
    ring_.stop();
    free_ = free_count_ = reserved_ = pieces_ = 0;
    in_tables_ = false;
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
Result<Extent> Queue<Max, Reserved, Heads, Note>::measure(std::span<const Buffer> chain)
{
    u64 total = 0;
    u64 writable = 0;
    for (const Buffer& buffer : chain) {
        if (buffer.length == 0 || (!buffer.device_writes && writable != 0))
            return fail(Errc::bad_argument);
        total += buffer.length;
        writable += buffer.device_writes ? buffer.length : 0;
    }
    if (total == 0)
        return fail(Errc::bad_argument);
    if (total >= ~u32{0})
        return fail(Errc::too_big);
    return Extent{static_cast<u32>(total), static_cast<u32>(writable)};
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
Result<DescriptorIndex> Queue<Max, Reserved, Heads, Note>::submit(std::span<const Buffer> chain)
{
    const u16 id = free_;
    if (const auto done = put(id, chain); !done)
        return fail(done.error());
    return DescriptorIndex{id};
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
Result<> Queue<Max, Reserved, Heads, Note>::submit(DescriptorIndex reserved,
                                                   std::span<const Buffer> chain)
{
    return put(reserved.raw(), chain);
}

// For a chain of so many pieces. One that is not reserved takes a name off the free list; of a
// split ring that is its first descriptor.
template <u16 Max, u16 Reserved, u16 Heads, class Note>
bool Queue<Max, Reserved, Heads, Note>::room(u16 id, usize pieces) const
{
    const bool named = id < reserved_ || (free_count_ != 0 && id < Heads);
    const usize entries = in_table(id, pieces) ? 1 : pieces;
    if (ring_.packed())
        return named && entries + kept(id) <= ring_.room();
    return named && entries <= own_count(id) + free_count_ - (id < reserved_ ? 0 : 1);
}

// Entries of a packed ring that reserved chains other than this one may need at any time.
template <u16 Max, u16 Reserved, u16 Heads, class Note>
u32 Queue<Max, Reserved, Heads, Note>::kept(u16 id) const
{
    u32 idle = 0;
    for (u16 other = 0; other < reserved_; ++other)
        idle += other != id && !ring_.has_entries(DescriptorIndex{other}) ? 1 : 0;
    return idle * (in_tables_ ? 1u : pieces_);
}

// A chain that is not reserved: `id` is the first of the free list.
template <u16 Max, u16 Reserved, u16 Heads, class Note>
Result<> Queue<Max, Reserved, Heads, Note>::put(u16 id, std::span<const Buffer> chain)
{
    if (broken() || size() == 0)
        return fail(Errc::device_fault);
    if (chain.size() > size())
        return fail(Errc::too_big);
    const auto extent = measure(chain);
    if (!extent)
        return fail(extent.error());
    if (!room(id, chain.size()))
        return fail(Errc::no_space);

    if (id >= reserved_) {
        free_ = next_[id];
        --free_count_;
    }
    links_[id] = 1;
    const bool table = in_table(id, chain.size());
    if (table)
        write_table(id, chain);
    if (ring_.packed()) {
        put_packed(id, chain, *extent);
    } else {
        if (table)
            point_to_table(id, chain.size());
        else
            link(id, chain);
        ring_.offer(DescriptorIndex{id}, *extent);
    }
    ring_.single_out(DescriptorIndex{id});
    return {};
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
auto Queue<Max, Reserved, Heads, Note>::stored(const Buffer& buffer, std::optional<u16> next) const
    -> Stored
{
    const u16 write = buffer.device_writes ? DescriptorFlags::write : 0;
    const u64 addr = buffer.address.raw();
    if (ring_.packed())  // what follows is what comes next; says so in the ring, not in a table
        return std::bit_cast<Stored>(PackedDescriptor{addr, buffer.length, 0, write});
    const u16 flags = write | (next ? DescriptorFlags::next : 0);
    return std::bit_cast<Stored>(Descriptor{addr, buffer.length, flags, next.value_or(0)});
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::write_table(u16 id, std::span<const Buffer> chain)
{
    for (usize i = 0; i < chain.size(); ++i) {
        const auto next = static_cast<u16>(i + 1);
        table(id)[i] = stored(chain[i], next < chain.size() ? std::optional{next} : std::nullopt);
    }
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::point_to_table(u16 id, usize pieces)
{
    ring_.describe(DescriptorIndex{id},
                   {table_address(id).raw(), static_cast<u32>(sizeof(Stored) * pieces),
                    DescriptorFlags::indirect, 0});
}

// Takes a free descriptor, and remembers that it follows `last`.
template <u16 Max, u16 Reserved, u16 Heads, class Note>
u16 Queue<Max, Reserved, Heads, Note>::pop_after(u16 last)
{
    const u16 taken = free_;
    free_ = next_[taken];
    --free_count_;
    next_[last] = taken;
    return taken;
}

// A chain in the table of a split ring: first its own descriptors, then free ones.
template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::link(u16 id, std::span<const Buffer> chain)
{
    u16 at = id;
    u16 taken = id;
    for (usize i = 0; i < chain.size(); ++i) {
        std::optional<u16> next;
        if (i + 1 < chain.size()) {
            next = own(id, i + 1);
            if (i + 1 >= own_count(id)) {
                next = taken = pop_after(taken);
                ++links_[id];
            }
        }
        ring_.describe(DescriptorIndex{at}, std::bit_cast<Descriptor>(stored(chain[i], next)));
        at = next.value_or(0);
    }
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::put_packed(u16 id,
                                                   std::span<const Buffer> chain,
                                                   Extent extent)
{
    const DescriptorIndex head{id};
    if (in_table(id, chain.size())) {
        ring_.add(head, table_address(id).raw(), static_cast<u32>(chain.size() * sizeof(Stored)),
                  DescriptorFlags::indirect);
        return ring_.offer(head, extent, 1);
    }
    for (usize i = 0; i < chain.size(); ++i)
        ring_.add(head, chain[i].address.raw(), chain[i].length,
                  (chain[i].device_writes ? DescriptorFlags::write : 0)
                      | (i + 1 < chain.size() ? DescriptorFlags::next : 0));
    ring_.offer(head, extent, static_cast<u16>(chain.size()));
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
[[gnu::always_inline]] inline std::optional<Result<Completion>>
Queue<Max, Reserved, Heads, Note>::take()
{
    const auto taken = ring_.take();
    if (taken && *taken) [[likely]]
        settle((*taken)->head.raw());
    return taken;
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
[[gnu::always_inline]] inline Result<Completion>
Queue<Max, Reserved, Heads, Note>::examine(UsedElement used)
{
    const auto taken = ring_.examine(used);
    if (taken)
        settle(taken->head.raw());
    return taken;
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
template <class Each>
[[gnu::always_inline]] inline u16 Queue<Max, Reserved, Heads, Note>::take_some(u16 most, Each each)
{
    return ring_.take_some(most, each);
}

// What was taken off the free list for a chain goes back. A reserved one keeps its name, and the
// mark that it is not as it was laid out.
template <u16 Max, u16 Reserved, u16 Heads, class Note>
[[gnu::noinline]] void Queue<Max, Reserved, Heads, Note>::release(u16 id)
{
    u16 last = id;
    for (u16 i = 1; i < links_[id]; ++i)
        last = next_[last];
    const bool named = id >= reserved_;
    free_count_ = static_cast<u16>(free_count_ + links_[id] - (named ? 0 : 1));
    links_[id] = named ? 0 : 1;
    if (!named && last == id)
        return;
    const u16 first = named ? id : next_[id];
    next_[last] = free_;
    free_ = first;
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
Result<> Queue<Max, Reserved, Heads, Note>::reserve(u16 chains, u16 pieces)
{
    // In tables, in a split ring's own table, or copied into the ring each time.
    in_tables_ = chains <= tables_.count && in_table(0, pieces);
    const u32 descriptors = u32{chains} * (in_tables_ ? 1u : pieces);
    if (chains > Reserved || pieces == 0 || descriptors > size())
        return fail(Errc::bad_argument);
    reserved_ = chains;
    pieces_ = pieces;
    const u32 taken = ring_.packed() ? chains : descriptors;
    free_ = static_cast<u16>(taken);
    free_count_ = static_cast<u16>(size() - taken);
    return {};
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::lay_out(DescriptorIndex reserved,
                                                std::span<const Buffer> pieces,
                                                u16 varying)
{
    const u16 id = reserved.raw();
    links_[id] = 0;
    for (u16 i = 0; i < pieces.size(); ++i) {
        const bool last = i + 1u == pieces.size();
        const auto next = static_cast<u16>(in_tables_ ? i + 1 : own(id, i + 1u));
        const auto follows = last ? std::nullopt : std::optional{next};
        Stored* at = place(id, i);
        *at = stored(pieces[i], follows);
        if (i == varying)
            ring_.note(reserved.raw()).varying = {
                at, {stored({{}, 0, false}, follows).tail, stored({{}, 0, true}, follows).tail}};
    }
    if (in_tables_ && !ring_.packed())
        point_to_table(id, pieces.size());
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
[[gnu::always_inline]] inline void Queue<Max, Reserved, Heads, Note>::fill(DescriptorIndex reserved,
                                                                           const Buffer& piece)
{
    const Varying& varying = ring_.note(reserved.raw()).varying;
    *varying.at = {piece.address.raw(), piece.length, varying.tail[piece.device_writes ? 1 : 0]};
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
template <bool Split>
[[gnu::always_inline]] inline void Queue<Max, Reserved, Heads, Note>::offer(
    DescriptorIndex reserved, const Buffer& piece, const Extent& extent)
{
    fill(reserved, piece);
    if (!Split && ring_.packed()) [[unlikely]]
        return offer_packed(reserved.raw(), extent);
    ring_.offer(reserved, extent);
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
void Queue<Max, Reserved, Heads, Note>::offer_without(DescriptorIndex reserved,
                                                      u16 varying,
                                                      const Extent& extent)
{
    lead(reserved.raw(), varying, static_cast<u16>(varying + 1));
    ring_.offer(reserved, extent);
    ring_.single_out(reserved);
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
template <class Each>
[[gnu::always_inline]] inline u16 Queue<Max, Reserved, Heads, Note>::offer_some(u16 most, Each each)
{
    if (!ring_.packed()) [[likely]]
        return ring_.offer_some(most, each);
    u16 count = 0;
    for (; count < most; ++count) {
        Offer offer;
        if (!each(offer))
            break;
        offer_packed(offer.head.raw(), offer.extent);
    }
    return count;
}

template <u16 Max, u16 Reserved, u16 Heads, class Note>
[[gnu::noinline]] void Queue<Max, Reserved, Heads, Note>::offer_packed(u16 id, Extent extent)
{
    const DescriptorIndex head{id};
    if (in_tables_) {
        ring_.add(head, table_address(id).raw(), static_cast<u32>(pieces_ * sizeof(Stored)),
                  DescriptorFlags::indirect);
        return ring_.offer(head, extent, 1);
    }
    for (u16 i = 0; i < pieces_; ++i) {
        const auto piece = std::bit_cast<PackedDescriptor>(*place(id, i));
        ring_.add(head, piece.addr, piece.len,
                  piece.flags | (i + 1 < pieces_ ? DescriptorFlags::next : 0));
    }
    ring_.offer(head, extent, pieces_);
}

}  // namespace virtio
