// virtio/blk_chains.hpp - the requests of a block device as chains that are laid out once.
//
// Slot s owns descriptor s (header), slots + s (data) and 2 * slots + s (status byte). A request
// fills in the data descriptor; one of several runs inserts descriptors of a common pool before the
// status, one without data leaves its data descriptor out. The head of a chain is its slot, so what
// is known of a request is found by the completion itself, in whatever order they come.
#pragma once

#include <span>

#include <virtio/ring.hpp>

namespace virtio::blk {

// Memory that the device reads or writes directly; not empty.
struct Run {
    DeviceAddr address;
    u32 length;
};

// virtio 1.2, 5.2.6
enum class Type : u32 { in = 0, out = 1, flush = 4, get_id = 8 };
constexpr bool device_writes(Type type) { return type == Type::in || type == Type::get_id; }

enum class Answer : u8 {  // the status byte, as the device wrote it
    ok = 0,
    io_error = 1,
    unsupported = 2,
    none = 0xff,  // preset: no value that the specification knows
};

// A chain that came back. All but `answer` and `complete` is our own record.
struct Returned {
    u64 tag;
    u32 bytes;  // of data asked for
    Answer answer;
    bool complete;  // the device says it wrote everything, the status byte included
    bool identity;  // a get_id
};

template <u16 MaxSlots, u16 MaxQueue>
class Chains {
public:
    static constexpr u32 frame_bytes = 17;  // of a request that are not data: header and status

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(u16 queue_size, u16 slots)
    {
        return RingLayout{queue_size}.bytes() + Bytes{frame_bytes * u64{slots}};
    }

    // The device is in reset. `slots` is at most a third of `queue_size`; the rest is the pool.
    // Errors: as Ring::start.
    Result<RingAddresses> start(DmaRegion memory, u16 queue_size, u16 slots, bool event_idx);
    // Forgets all requests; nothing goes in or comes out before the next start.
    void stop();

    // A request of this many runs could be submitted now.
    bool room(usize runs = 1) const { return free_count_ != 0 && runs <= pool_count_ + 1u; }
    // All need room. The data is at most 2^32 - 2 - frame_bytes in sum.
    void submit(Type type, u64 sector, u64 tag, Run data);
    void submit_several(Type type, u64 sector, u64 tag, std::span<const Run> data);
    void submit_flush(u64 tag);
    void submit_identify(u64 tag, Run data);

    [[nodiscard]] bool publish() { return ring_.publish(); }
    std::optional<Result<Returned>> take();
    [[nodiscard]] bool arm() { return ring_.arm(); }

    u16 slots() const { return slots_; }
    u16 free_slots() const { return free_count_; }
    u16 pool_size() const { return static_cast<u16>(ring_.size() - 3 * slots_); }
    bool in_flight(u16 slot) const { return ring_.outstanding(DescriptorIndex{slot}); }
    u64 tag(u16 slot) const { return requests_[slot].tag; }
    bool broken() const { return ring_.broken(); }
    Fault fault() const { return ring_.fault(); }

private:
    struct Header {
        Type type;
        u32 reserved;
        u64 sector;
    };
    static_assert(sizeof(Header) == 16);

    // What we remember of a request, and how its chain differs from the way it was laid out.
    struct Slot {
        u64 tag;
        enum class Shape : u16 { one_run, several_runs, no_data, identity } shape;
        u16 pool_first;
        u16 pool_last;
        u16 unused;
    };
    using Shape = Slot::Shape;

    DescriptorIndex header_at(u16 slot) const { return DescriptorIndex{slot}; }
    DescriptorIndex data_at(u16 slot) const
    {
        return DescriptorIndex{static_cast<u16>(slots_ + slot)};
    }
    DescriptorIndex status_at(u16 slot) const
    {
        return DescriptorIndex{static_cast<u16>(2 * slots_ + slot)};
    }
    void describe_header(u16 slot, DescriptorIndex next)
    {
        const DeviceAddr at = device_memory_ + Bytes{sizeof(Header) * slot};
        ring_.describe(header_at(slot),
                       {at.raw(), sizeof(Header), DescriptorFlags::next, next.raw()});
    }
    void describe_status(u16 slot)
    {
        const DeviceAddr at = device_memory_ + Bytes{sizeof(Header) * slots_ + slot};
        ring_.describe(status_at(slot), {at.raw(), 1, DescriptorFlags::write, 0});
    }
    static constexpr u16 data_flags(Type type)
    {
        return DescriptorFlags::next | (device_writes(type) ? DescriptorFlags::write : 0);
    }

    u16 next_slot() const { return free_[free_count_ - 1u]; }
    u16 begin(Type type, u64 sector, u64 tag);
    void offer(u16 slot, Type type, u32 bytes);
    bool tidy(u16 slot);

    Ring<MaxSlots> ring_;
    Header* headers_ = nullptr;  // in DMA memory, never read
    Answer* answers_ = nullptr;  // in DMA memory
    DeviceAddr device_memory_;   // of headers_; the answers follow
    u16 slots_ = 0;
    u16 free_count_ = 0;
    u16 pool_ = 0;  // first of the free descriptors
    u16 pool_count_ = 0;
    std::array<u16, MaxSlots> free_{};
    std::array<Slot, MaxSlots> requests_{};
    std::array<u16, MaxQueue> pool_next_{};
};

template <u16 MaxSlots, u16 MaxQueue>
Result<RingAddresses>
Chains<MaxSlots, MaxQueue>::start(DmaRegion memory, u16 queue_size, u16 slots, bool event_idx)
{
    stop();
    if (queue_size > MaxQueue || slots > MaxSlots || slots > queue_size / 3)
        return fail(Errc::bad_argument);
    if (memory.size < memory_bytes(queue_size, slots))
        return fail(Errc::no_space);
    const auto rings = ring_.start(memory, queue_size, event_idx);
    if (!rings)
        return rings;

    const u64 offset = RingLayout{queue_size}.bytes().raw();
    headers_ = reinterpret_cast<Header*>(memory.memory + offset);
    answers_ = reinterpret_cast<Answer*>(headers_ + slots);
    device_memory_ = memory.address + Bytes{offset};
    slots_ = slots;
    for (u16 slot = 0; slot < slots; ++slot) {
        free_[slot] = slot;
        describe_header(slot, data_at(slot));
        describe_status(slot);
    }
    requests_.fill({});
    free_count_ = slots;
    pool_ = static_cast<u16>(3 * slots);
    pool_count_ = pool_size();
    for (u16 i = pool_; i < queue_size; ++i)
        pool_next_[i] = static_cast<u16>(i + 1);
    return rings;
}

template <u16 MaxSlots, u16 MaxQueue>
void Chains<MaxSlots, MaxQueue>::stop()
{
    ring_.stop();
    slots_ = 0;
    free_count_ = 0;
    pool_count_ = 0;
}

// Takes a slot and fills in what all requests have.
template <u16 MaxSlots, u16 MaxQueue>
[[gnu::always_inline]] inline u16 Chains<MaxSlots, MaxQueue>::begin(Type type, u64 sector, u64 tag)
{
    const u16 slot = free_[--free_count_];
    requests_[slot].tag = tag;
    headers_[slot] = {type, 0, sector};
    answers_[slot] = Answer::none;
    return slot;
}

template <u16 MaxSlots, u16 MaxQueue>
[[gnu::always_inline]] inline void Chains<MaxSlots, MaxQueue>::offer(u16 slot, Type type, u32 bytes)
{
    ring_.offer(header_at(slot), {bytes + frame_bytes, device_writes(type) ? bytes + 1 : 1});
}

template <u16 MaxSlots, u16 MaxQueue>
[[gnu::always_inline]] inline void
Chains<MaxSlots, MaxQueue>::submit(Type type, u64 sector, u64 tag, Run data)
{
    const u16 slot = begin(type, sector, tag);
    ring_.describe(data_at(slot),
                   {data.address.raw(), data.length, data_flags(type), status_at(slot).raw()});
    offer(slot, type, data.length);
}

template <u16 MaxSlots, u16 MaxQueue>
void Chains<MaxSlots, MaxQueue>::submit_several(Type type,
                                                u64 sector,
                                                u64 tag,
                                                std::span<const Run> data)
{
    const u16 slot = begin(type, sector, tag);
    Slot& request = requests_[slot];
    request.shape = Shape::several_runs;
    request.pool_first = request.pool_last = pool_;
    u32 bytes = data[0].length;
    DescriptorIndex at = data_at(slot);
    for (usize i = 0; i < data.size(); ++i) {
        const bool last = i + 1 == data.size();
        ring_.describe(at, {data[i].address.raw(), data[i].length, data_flags(type),
                            last ? status_at(slot).raw() : pool_});
        if (last)
            break;
        request.pool_last = pool_;
        at = DescriptorIndex{pool_};
        pool_ = pool_next_[pool_];
        --pool_count_;
        bytes += data[i + 1].length;
    }
    offer(slot, type, bytes);
}

template <u16 MaxSlots, u16 MaxQueue>
void Chains<MaxSlots, MaxQueue>::submit_flush(u64 tag)
{
    const u16 slot = begin(Type::flush, 0, tag);
    requests_[slot].shape = Shape::no_data;
    describe_header(slot, status_at(slot));
    offer(slot, Type::flush, 0);
}

template <u16 MaxSlots, u16 MaxQueue>
void Chains<MaxSlots, MaxQueue>::submit_identify(u64 tag, Run data)
{
    requests_[next_slot()].shape = Shape::identity;
    submit(Type::get_id, 0, tag, data);
}

template <u16 MaxSlots, u16 MaxQueue>
[[gnu::always_inline]] inline std::optional<Result<Returned>> Chains<MaxSlots, MaxQueue>::take()
{
    const auto taken = ring_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken) [[unlikely]] {
        free_count_ = 0;  // broken: nothing more goes in
        return fail(taken->error());
    }
    const Completion& completion = **taken;
    const u16 slot = completion.head.raw();
    bool identity = false;
    if (requests_[slot].shape != Shape::one_run) [[unlikely]]
        identity = tidy(slot);
    free_[free_count_++] = slot;
    // Read once; ring_.take() ordered it after the index that covers it.
    const Answer answer = std::atomic_ref{answers_[slot]}.load(std::memory_order_relaxed);
    return Returned{requests_[slot].tag, completion.extent.total - frame_bytes, answer,
                    completion.written == completion.extent.writable, identity};
}

// Brings a chain back into the shape that start() gave it. True: it was a get_id.
template <u16 MaxSlots, u16 MaxQueue>
[[gnu::cold, gnu::noinline]] bool Chains<MaxSlots, MaxQueue>::tidy(u16 slot)
{
    Slot& request = requests_[slot];
    const Shape shape = std::exchange(request.shape, Shape::one_run);
    if (shape == Shape::no_data)
        describe_header(slot, data_at(slot));
    if (shape != Shape::several_runs)
        return shape == Shape::identity;
    u16 count = 1;
    for (u16 i = request.pool_first; i != request.pool_last; i = pool_next_[i])
        ++count;
    pool_next_[request.pool_last] = pool_;
    pool_ = request.pool_first;
    pool_count_ = static_cast<u16>(pool_count_ + count);
    return false;
}

}  // namespace virtio::blk
