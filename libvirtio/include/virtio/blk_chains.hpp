// virtio/blk_chains.hpp - the requests of a block device as chains that are laid out once.
//
// Slot s is chain s: header, data, status byte. A request fills in header and data. A flush of a
// split ring leaves the data out; one of a packed ring, and whatever has several runs or is no read
// or write, is a chain of its own in the slot's place. What is known of a request is found by the
// completion itself, in whatever order they come.
#pragma once

#include <virtio/queue.hpp>

namespace virtio::blk {

// Memory that the device reads or writes directly; not empty.
struct Run {
    DeviceAddr address;
    u32 length;
};

// virtio 1.2, 5.2.6
enum class Type : u32 {
    in = 0,
    out = 1,
    flush = 4,
    get_id = 8,
    discard = 11,
    write_zeroes = 13,
};
constexpr bool device_writes(Type type) { return type == Type::in || type == Type::get_id; }

enum class Answer : u8 {  // the status byte, as the device wrote it
    ok = 0,
    io_error = 1,
    unsupported = 2,
    none = 0xff,  // preset: no value that the specification knows
};

// The one range that a discard or write_zeroes of ours names (5.2.6).
struct Range {
    static constexpr u32 unmap = 1;

    u64 sector;
    u32 sectors;
    u32 flags;
};
static_assert(sizeof(Range) == 16);

// A chain that came back. All but `answer` and `complete` is our own record.
struct Returned {
    u64 tag;
    u32 bytes;  // of data asked for; those of a Range count
    Answer answer;
    bool complete;  // the device says it wrote everything, the status byte included
    bool identity;  // a get_id
};

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
class Chains {
public:
    static constexpr u32 frame_bytes = 17;  // of a request that are not data: header and status
    static constexpr u16 frame_pieces = 2;

    // For slots with requests of up to so many runs.
    static constexpr Tables tables(u16 slots, u16 runs)
    {
        return {slots, static_cast<u16>(runs + frame_pieces)};
    }
    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(u16 queue_size, u16 slots, u16 runs)
    {
        return Requests::memory_bytes(queue_size, tables(slots, runs))
               + Bytes{(frame_bytes + sizeof(Range)) * u64{slots}};
    }

    // The device is in reset. `slots` is at most a third of the queue. Errors: as Queue::start.
    Result<RingAddresses> start(DmaRegion memory, QueueOptions queue, u16 slots);
    // Forgets all requests; nothing goes in or comes out before the next start.
    void stop();

    // A request of this many runs could be submitted now.
    bool room(usize runs = 1) const { return free_ < MaxSlots && runs <= more_runs_ + 1u; }
    // That a request can have if nothing else is in flight.
    u16 max_runs() const { return max_runs_; }

    // All need room. The data is at most 2^32 - 2 - frame_bytes in sum.
    template <bool Split>  // as Queue::offer
    void submit(Type type, u64 sector, u64 tag, Run data);
    Result<> submit_several(Type type, u64 sector, u64 tag, std::span<const Run> data);
    Result<> submit_flush(u64 tag);
    Result<> submit_identify(u64 tag, Run data)
    {
        return submit_several(Type::get_id, 0, tag, {&data, 1});
    }

    // `type` is discard or write_zeroes.
    Result<> submit_range(Type type, u64 tag, const Range& range);

    [[nodiscard]] bool publish() { return queue_.publish(); }
    std::optional<Result<Returned>> take();
    [[nodiscard]] bool arm() { return queue_.arm(); }
    // As Queue::drain: sum = good(sum, tag, bytes) for what went well.
    template <class Good, class Rare>
    Result<u64> drain(u64 sum, Good good, Rare rare);
    // As Queue::examine.
    Result<Returned> examine(UsedElement used);

    u16 slots() const { return slots_; }
    u16 in_flight() const { return queue_.outstanding(); }
    bool in_flight(u16 slot) const { return queue_.outstanding(DescriptorIndex{slot}); }
    u64 tag(u16 slot) const { return queue_.note(slot).tag; }
    bool packed() const { return queue_.packed(); }
    bool broken() const { return queue_.broken(); }
    Fault fault() const { return queue_.fault(); }

private:
    struct Header {
        Type type;
        u32 reserved;
        u64 sector;
    };
    static_assert(sizeof(Header) == 16);

    struct Request {
        u64 tag;
        Header* header;  // in DMA memory, never read
        u16 next;        // of the free list
        u16 more_runs;   // taken from more_runs_
        bool identity;
    };
    using Requests = Queue<MaxQueue, MaxSlots, MaxSlots, Request>;
    static constexpr u16 none = MaxSlots;  // ends the free list
    static constexpr u16 data_piece = 1;

    Buffer header(u16 slot) const
    {
        return {device_memory_ + Bytes{sizeof(Header) * slot}, sizeof(Header), false};
    }
    Buffer status(u16 slot) const
    {
        return {device_memory_ + Bytes{(sizeof(Header) + sizeof(Range)) * slots_ + slot}, 1, true};
    }
    void lay_out(u16 slot)
    {
        queue_.lay_out(DescriptorIndex{slot}, std::array{header(slot), Buffer{}, status(slot)},
                       data_piece);
    }
    Request& request(u32 slot) { return queue_.note(slot); }
    void give_back(u32 slot)
    {
        request(slot).next = free_;
        free_ = static_cast<u16>(slot);
    }
    u16 begin(Type type, u64 sector, u64 tag);
    bool tidy(u16 slot);
    // As the device left it; that it did, says what the queue read before. The next request has
    // none at first.
    static Answer answer(Answer& at) { return std::atomic_ref{at}.load(std::memory_order_relaxed); }
    static void forget(Answer& at)
    {
        std::atomic_ref{at}.store(Answer::none, std::memory_order_relaxed);
    }
    Returned returned(const Completion& completion);

    Answer* answers_ = nullptr;  // in DMA memory
    Range* ranges_ = nullptr;    // in DMA memory, never read
    DeviceAddr device_memory_;   // of the headers; the ranges follow, then the answers
    u16 slots_ = 0;
    u16 free_ = none;  // first of the free list
    u16 max_runs_ = 0;
    u16 more_runs_ = 0;  // that requests can have besides their first; without tables they share
    Requests queue_;
};

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<RingAddresses>
Chains<MaxSlots, MaxQueue, MaxRuns>::start(DmaRegion memory, QueueOptions options, u16 slots)
{
    stop();
    const u64 offset = Requests::memory_bytes(options.size, options.tables).raw();
    if (memory.size.raw() < offset + (frame_bytes + sizeof(Range)) * u64{slots})
        return fail(Errc::no_space);
    const auto rings = queue_.start(memory, options);
    if (!rings)
        return rings;
    if (const auto reserved = queue_.reserve(slots, frame_pieces + 1); !reserved)
        return fail(reserved.error());

    auto* const headers = reinterpret_cast<Header*>(memory.memory + offset);
    ranges_ = reinterpret_cast<Range*>(headers + slots);
    answers_ = reinterpret_cast<Answer*>(ranges_ + slots);
    device_memory_ = memory.address + Bytes{offset};
    slots_ = slots;
    for (u16 slot = 0; slot < slots; ++slot) {
        request(slot) = {0, headers + slot, none, 0, false};
        answers_[slot] = Answer::none;
        give_back(slot);
        lay_out(slot);
    }
    const int most = queue_.has_tables() ? options.tables.entries - frame_pieces
                                         : options.size - (frame_pieces + 1) * slots + 1;
    max_runs_ = static_cast<u16>(std::min<int>(most, MaxRuns));
    more_runs_ = static_cast<u16>(queue_.has_tables() ? max_runs_ - 1 : most - 1);
    return rings;
}

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
void Chains<MaxSlots, MaxQueue, MaxRuns>::stop()
{
    queue_.stop();
    slots_ = max_runs_ = more_runs_ = 0;
    free_ = none;
}

// Takes a slot and fills in what all requests have.
template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline u16
Chains<MaxSlots, MaxQueue, MaxRuns>::begin(Type type, u64 sector, u64 tag)
{
    const u16 slot = free_;
    Request& request = this->request(slot);
    free_ = request.next;
    request.tag = tag;
    *request.header = {type, 0, sector};
    return slot;
}

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
template <bool Split>
[[gnu::always_inline]] inline void
Chains<MaxSlots, MaxQueue, MaxRuns>::submit(Type type, u64 sector, u64 tag, Run data)
{
    const u16 slot = begin(type, sector, tag);
    const bool writes = device_writes(type);
    queue_.template offer<Split>(DescriptorIndex{slot}, {data.address, data.length, writes},
                                 {data.length + frame_bytes, writes ? data.length + 1 : 1});
}

// The slot's chain, with nothing between its header and its status.
template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Chains<MaxSlots, MaxQueue, MaxRuns>::submit_flush(u64 tag)
{
    if (queue_.packed())
        return submit_several(Type::flush, 0, tag, {});
    const u16 slot = begin(Type::flush, 0, tag);
    queue_.offer_without(DescriptorIndex{slot}, data_piece, {frame_bytes, 1});
    return {};
}

// Of any number of runs, or none.
template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Chains<MaxSlots, MaxQueue, MaxRuns>::submit_several(Type type,
                                                             u64 sector,
                                                             u64 tag,
                                                             std::span<const Run> data)
{
    const u16 slot = begin(type, sector, tag);
    std::array<Buffer, MaxRuns + frame_pieces> pieces;
    usize count = 0;
    pieces[count++] = header(slot);
    for (const Run& run : data)
        pieces[count++] = {run.address, run.length, device_writes(type)};
    pieces[count++] = status(slot);
    const auto done = queue_.submit(DescriptorIndex{slot}, std::span{pieces}.first(count));
    if (!done) {
        give_back(slot);
        return done;
    }
    Request& request = this->request(slot);
    request.identity = type == Type::get_id;
    request.more_runs = 0;
    if (!queue_.has_tables() && data.size() > 1)
        request.more_runs = static_cast<u16>(data.size() - 1);
    more_runs_ = static_cast<u16>(more_runs_ - request.more_runs);
    return done;
}

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Chains<MaxSlots, MaxQueue, MaxRuns>::submit_range(Type type, u64 tag, const Range& range)
{
    const u16 slot = free_;  // that submit_several takes
    ranges_[slot] = range;
    const u64 at = sizeof(Header) * slots_ + sizeof(Range) * slot;
    const Run run{device_memory_ + Bytes{at}, sizeof(Range)};
    return submit_several(type, 0, tag, {&run, 1});
}

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline std::optional<Result<Returned>>
Chains<MaxSlots, MaxQueue, MaxRuns>::take()
{
    const auto taken = queue_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken) [[unlikely]] {
        free_ = none;  // broken: nothing more goes in
        return fail(taken->error());
    }
    return returned(**taken);
}

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
template <class Good, class Rare>
[[gnu::always_inline]] inline Result<u64>
Chains<MaxSlots, MaxQueue, MaxRuns>::drain(u64 sum, Good good, Rare rare)
{
    Answer* const answers = answers_;
    const auto drained = queue_.drain(
        sum, [answers](u32 slot) { return answer(answers[slot]) == Answer::ok; },
        [this, good, answers](u64 so_far, u32 slot, u32 total) {
            forget(answers[slot]);
            give_back(slot);
            return good(so_far, request(slot).tag, total - frame_bytes);
        },
        rare);
    if (!drained) [[unlikely]]
        free_ = none;  // broken: nothing more goes in
    return drained;
}

template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline Result<Returned>
Chains<MaxSlots, MaxQueue, MaxRuns>::examine(UsedElement used)
{
    const auto completion = queue_.examine(used);
    if (!completion)
        return fail(completion.error());
    return returned(*completion);
}

// Not of a usual chain.
template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline Returned
Chains<MaxSlots, MaxQueue, MaxRuns>::returned(const Completion& completion)
{
    const u16 slot = completion.head.raw();
    bool identity = false;
    if (!queue_.as_laid_out(completion.head)) [[unlikely]]
        identity = tidy(slot);
    else if (completion.extent.total == frame_bytes && !queue_.packed())
        queue_.join(completion.head, data_piece);
    const Answer said = answer(answers_[slot]);
    forget(answers_[slot]);
    give_back(slot);
    return {request(slot).tag, completion.extent.total - frame_bytes, said,
            completion.written == completion.extent.writable, identity};
}

// Brings a slot back into the shape that start() gave it. True: it was a get_id.
template <u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::cold, gnu::noinline]] bool Chains<MaxSlots, MaxQueue, MaxRuns>::tidy(u16 slot)
{
    lay_out(slot);
    more_runs_ = static_cast<u16>(more_runs_ + request(slot).more_runs);
    return request(slot).identity;
}

}  // namespace virtio::blk
