// virtio/net_transmit.hpp - a transmit queue (virtio 1.2, 5.1.6.2): frames of the caller's memory
// go out, without a copy.
//
// The header and the padding of short frames are the driver's. Transmission is not waited for: tags
// come back by reclaim(), which needs no interrupt as long as the caller sends now and then.
#pragma once

#include <cstring>

#include <virtio/device_queue.hpp>
#include <virtio/net_header.hpp>
#include <virtio/run.hpp>

namespace virtio::net {

// Pieces of memory that one frame can have.
inline constexpr u16 max_frame_runs = 34;
inline constexpr u32 min_wire_frame = 60;  // Ethernet's least, without the checksum

template <u16 Max>
class Transmitter {
public:
    // DMA memory that start() takes: of the queue, the headers and the padding.
    static constexpr Bytes memory_bytes(u16 size)
    {
        return DeviceQueue<Max>::memory_bytes(size) + own_bytes(size);
    }

    // Errors: those of DeviceQueue::start, not_supported (a queue too small for a frame).
    template <Bus B>
    Result<> start(Device<B>& device, u16 index, DmaCursor& memory, u16 size, Rules rules);
    void stop()
    {
        queue_.stop();
        plain_count_ = 0;
    }

    // Prepares a frame, from its Ethernet header on, without checksum at its end. What is shorter
    // than 60 bytes is padded with zeroes. Errors: would_block (the queue is full), bad_argument
    // (less than an Ethernet header, an empty run, or an `offload` that makes no sense), too_big
    // (more than the MTU or max_frame_runs allow), not_supported (an offload that was not
    // negotiated: see net_checksum.hpp), device_fault (not started, or broken).
    Result<> send(u64 tag, std::span<const Run> frame, const Offload& offload = {});
    // The same of a frame in one piece that the device takes as it is: most are so.
    [[gnu::always_inline]] Result<> send(u64 tag, const Run& frame);
    // So many plain frames can be sent now: in one piece, of at least min_wire_frame bytes, and no
    // more than the MTU allows.
    u16 plain_room() const { return queue_.broken() ? u16{0} : plain_count_; }
    // Sends those that each(Plain&) gives, until it says that there is none, and at most so many,
    // which is at most plain_room(). Returns how many.
    struct Plain {
        u64 tag;
        Run frame;
    };
    template <class Each>
    [[gnu::always_inline]] u16 send_plain(u16 most, Each each);
    // The tag of a frame that is out. An error is a lie of the device, told once.
    std::optional<Result<u64>> reclaim();
    // There may be something to reclaim.
    bool ready() const { return queue_.ready(); }
    // each(tag) for the next plain frames that are out, at most so many, as long as it says that it
    // took it; one that it did not take comes again. Returns how many; reclaim() tells what comes
    // then.
    template <class Each>
    u16 reclaim_plain(u16 most, Each each);

    // Calls lost(tag) for all frames that were not given back: sent or not, nobody knows. The
    // device is in reset.
    template <class Lost>
    void lost(Lost lost);

    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return queue_.kick(device);
    }
    // As DeviceQueue::insist.
    template <Bus B>
    bool insist(const Device<B>& device)
    {
        return queue_.insist(device);
    }
    [[nodiscard]] bool arm() { return queue_.arm(); }

    // Frames in one piece that the device can have at a time.
    u16 capacity() const { return static_cast<u16>(queue_.size() / descriptors_each()); }
    u16 in_flight() const { return queue_.outstanding(); }
    bool broken() const { return queue_.broken(); }

private:
    static constexpr Bytes own_bytes(u16 size)
    {
        return Bytes{align_up(min_wire_frame + u64{size} * sizeof(Header), page_bytes)};
    }

    static constexpr u16 no_slot = 0xffff;
    static constexpr u16 plain_pieces = 2;  // a header that says nothing, and the frame

    struct Sent {
        u64 tag = 0;
        u16 slot = no_slot;  // of its header
    };

    u16 descriptors_each() const { return queue_.has_tables() ? 1 : plain_pieces; }
    Result<> reserve_plain();
    void lay_out_plain(u16 id);
    Result<u32> measure(std::span<const Run> frame) const;
    Result<> admit(u32 bytes, const Offload& offload) const;
    template <usize Pieces>
    Result<DescriptorIndex> submit(u16 slot, std::span<const Run> frame, u32 bytes);
    Result<DescriptorIndex> submit(std::span<const Buffer> chain);
    void give_back(u16 id, u16 slot);
    DeviceAddr header_at(u16 slot) const
    {
        return memory_.address + Bytes{min_wire_frame + u64{slot} * sizeof(Header)};
    }

    DeviceQueue<Max, Max / 2> queue_;
    Rules rules_;
    u32 header_bytes_ = 0;
    DmaRegion memory_;      // zeroes to pad with, then the headers
    u16 plain_chains_ = 0;  // laid out for plain frames, the first ones of the queue
    u16 plain_count_ = 0;
    u16 free_count_ = 0;
    std::array<u16, Max / 2> plain_{};  // of those chains, what the device has not got
    std::array<u16, Max> free_{};       // headers that it has not got
    std::array<Sent, Max> sent_{};      // by the head of their chain
};

template <u16 Max>
template <Bus B>
Result<>
Transmitter<Max>::start(Device<B>& device, u16 index, DmaCursor& memory, u16 size, Rules rules)
{
    if (const auto done = queue_.start(device, index, memory, size); !done)
        return done;
    if (queue_.size() < 4)  // header, frame, padding
        return fail(Errc::not_supported);
    const auto piece = memory.take(own_bytes(queue_.size()), page_bytes);
    if (!piece)
        return fail(piece.error());
    memory_ = *piece;
    std::memset(memory_.memory, 0, memory_.size.raw());
    rules_ = rules;
    header_bytes_ = net::header_bytes(rules.accepted);
    free_count_ = queue_.size();
    for (u16 i = 0; i < free_count_; ++i)
        free_[i] = i;
    sent_.fill({});
    return reserve_plain();
}

// Half of the queue at most, and so few that the longest frame always fits beside them.
template <u16 Max>
Result<> Transmitter<Max>::reserve_plain()
{
    const u16 size = queue_.size();
    const u16 longest = std::min<u16>(size, max_frame_runs + 2);
    plain_chains_ = static_cast<u16>(std::min(size / 2, size - longest) / descriptors_each());
    plain_count_ = 0;
    if (plain_chains_ == 0)
        return {};
    if (const auto done = queue_.reserve(plain_chains_, plain_pieces); !done)
        return done;
    for (u16 id = 0; id < plain_chains_; ++id) {
        lay_out_plain(id);
        plain_[plain_count_++] = id;
    }
    return {};
}

// Its header is the zeroes that others are padded with.
template <u16 Max>
void Transmitter<Max>::lay_out_plain(u16 id)
{
    const std::array<Buffer, plain_pieces> pieces{
        {{memory_.address, header_bytes_, false}, {memory_.address, min_wire_frame, false}}};
    queue_.lay_out(DescriptorIndex{id}, pieces, 1);
}

template <u16 Max>
[[gnu::always_inline]] inline Result<> Transmitter<Max>::send(u64 tag, const Run& frame)
{
    const bool sized = frame.length >= min_wire_frame && frame.length <= rules_.mtu + link_header;
    if (plain_room() == 0 || !sized) [[unlikely]]
        return send(tag, std::span{&frame, 1});
    (void)send_plain(1, [&](Plain& plain) {
        plain = {tag, frame};
        return true;
    });
    return {};
}

// The slot of each chain says already that it has none.
template <u16 Max>
template <class Each>
[[gnu::always_inline]] inline u16 Transmitter<Max>::send_plain(u16 most, Each each)
{
    const u16* at = plain_.data() + plain_count_;
    const u32 header_bytes = header_bytes_;
    const u16 given = queue_.offer_some(most, [&] [[gnu::always_inline]] (Offer & offer) {
        Plain plain;
        if (!each(plain))
            return false;
        const u16 id = *--at % Max;
        queue_.fill(DescriptorIndex{id}, {plain.frame.address, plain.frame.length, false});
        sent_[id].tag = plain.tag;
        offer = {DescriptorIndex{id}, {header_bytes + plain.frame.length, 0}};
        return true;
    });
    plain_count_ = static_cast<u16>(plain_count_ - given);
    return given;
}

template <u16 Max>
Result<u32> Transmitter<Max>::measure(std::span<const Run> frame) const
{
    if (frame.size() > max_frame_runs)
        return fail(Errc::too_big);
    u64 bytes = 0;
    for (const Run& run : frame) {
        if (run.length == 0)
            return fail(Errc::bad_argument);
        bytes += run.length;
    }
    if (bytes < min_frame)
        return fail(Errc::bad_argument);
    if (bytes > max_gso_bytes)
        return fail(Errc::too_big);
    return static_cast<u32>(bytes);
}

template <u16 Max>
Result<> Transmitter<Max>::admit(u32 bytes, const Offload& offload) const
{
    if (queue_.size() == 0 || broken())
        return fail(Errc::device_fault);
    if (offload.gso_type == GsoType::none && bytes > rules_.mtu + link_header)
        return fail(Errc::too_big);
    if (offload.data_valid || offload.header_bytes > bytes)
        return fail(Errc::bad_argument);
    switch (check(offload, bytes, rules_.accepted, false)) {
    case HeaderFault::none:
        break;
    case HeaderFault::checksum_not_negotiated:
    case HeaderFault::gso_not_negotiated:
        return fail(Errc::not_supported);
    default:
        return fail(Errc::bad_argument);
    }
    if (free_count_ == 0)
        return fail(Errc::would_block);
    return {};
}

template <u16 Max>
Result<> Transmitter<Max>::send(u64 tag, std::span<const Run> frame, const Offload& offload)
{
    const auto bytes = measure(frame);
    if (!bytes)
        return fail(bytes.error());
    if (const auto admitted = admit(*bytes, offload); !admitted)
        return admitted;

    const u16 slot = free_[free_count_ - 1u];
    const Header header = encode(offload);
    std::memcpy(memory_.memory + (header_at(slot).raw() - memory_.address.raw()), &header,
                sizeof header);
    // Most frames are of one or two runs: no room for 34 is cleared for them.
    const auto head = frame.size() <= 2 ? submit<4>(slot, frame, *bytes)
                                        : submit<max_frame_runs + 2>(slot, frame, *bytes);
    if (!head)
        return fail(head.error());
    --free_count_;
    sent_[head->raw()] = {tag, slot};
    return {};
}

template <u16 Max>
template <usize Pieces>
Result<DescriptorIndex> Transmitter<Max>::submit(u16 slot, std::span<const Run> frame, u32 bytes)
{
    std::array<Buffer, Pieces> chain{};
    usize count = 0;
    chain[count++] = {header_at(slot), header_bytes_, false};
    for (const Run& run : frame)
        chain[count++] = {run.address, run.length, false};
    if (bytes < min_wire_frame)
        chain[count++] = {memory_.address, min_wire_frame - bytes, false};
    return submit(std::span{chain}.first(count));
}

// In the place of a plain frame's chain, or among those that have no place of their own.
template <u16 Max>
Result<DescriptorIndex> Transmitter<Max>::submit(std::span<const Buffer> chain)
{
    if (plain_count_ == 0)
        return queue_.submit(chain);
    const DescriptorIndex id{plain_[plain_count_ - 1u]};
    const auto done = queue_.submit(id, chain);
    if (!done)
        return fail(done.error());
    --plain_count_;
    return id;
}

template <u16 Max>
[[gnu::always_inline]] inline std::optional<Result<u64>> Transmitter<Max>::reclaim()
{
    const auto taken = queue_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken) [[unlikely]]
        return fail(taken->error());
    const u16 id = (*taken)->head.raw();
    const Sent& frame = sent_[id];
    if (frame.slot != no_slot) [[unlikely]]
        give_back(id, frame.slot);
    else
        plain_[plain_count_++] = id;
    return frame.tag;
}

template <u16 Max>
template <class Each>
[[gnu::always_inline]] inline u16 Transmitter<Max>::reclaim_plain(u16 most, Each each)
{
    u16* free = plain_.data() + plain_count_;
    // Chains that are as they were laid out have no header of their own.
    const u16 taken = queue_.take_some(most, [&] [[gnu::always_inline]] (const Completion& out) {
        const u16 id = out.head.raw();
        if (!each(sent_[id].tag)) [[unlikely]]
            return false;
        *free++ = id;
        return true;
    });
    plain_count_ = static_cast<u16>(plain_count_ + taken);
    return taken;
}

template <u16 Max>
[[gnu::noinline]] void Transmitter<Max>::give_back(u16 id, u16 slot)
{
    free_[free_count_++] = slot;
    sent_[id].slot = no_slot;
    if (id >= plain_chains_)
        return;
    lay_out_plain(id);
    plain_[plain_count_++] = id;
}

template <u16 Max>
template <class Lost>
void Transmitter<Max>::lost(Lost lost)
{
    for (u16 id = 0; id < queue_.size(); ++id)
        if (queue_.outstanding(DescriptorIndex{id}))
            lost(sent_[id].tag);
}

}  // namespace virtio::net
