// virtio/net_receive.hpp - a receive queue (virtio 1.2, 5.1.6.3 and 5.1.6.4): the caller's buffers
// go in, frames come out.
//
// A buffer is the device's from post() until its tag comes back: in a piece of a frame, also of one
// that was dropped, or from lost(). The header is copied out once, then checked.
#pragma once

#include <virtio/device_queue.hpp>
#include <virtio/net_header.hpp>
#include <virtio/read_once.hpp>

namespace virtio::net {

// Where a part of a frame is: `length` bytes, `offset` bytes into the caller's buffer.
struct Piece {
    u64 tag;  // the caller's
    u32 offset;
    u32 length;
};

// Why what came is no frame.
enum class Drop : u8 {
    none,
    too_short,   // less than an Ethernet header, or not even a virtio header
    too_long,    // more than the MTU that was negotiated
    header,      // `header` tells more
    incomplete,  // the device left a gap between buffers
};

struct Frame {
    std::span<const Piece> pieces;  // in order; valid until the next call
    u32 bytes = 0;                  // of all pieces
    Drop drop = Drop::none;         // otherwise count it, and look at nothing but the tags
    HeaderFault header = HeaderFault::none;
    Offload offload{};
};

// Shorter buffers are refused, so a frame has no more pieces than this.
inline constexpr u32 min_receive_buffer = sizeof(Header) + link_header + default_mtu;
inline constexpr u16 max_pieces =
    (sizeof(Header) + max_gso_bytes + min_receive_buffer - 1) / min_receive_buffer;

template <u16 Max>
class Receiver {
public:
    // DMA memory that start() takes; the buffers of frames are the caller's.
    static constexpr Bytes memory_bytes(u16 size) { return DeviceQueue<Max>::memory_bytes(size); }

    // Errors: those of DeviceQueue::start.
    template <Bus B>
    Result<> start(Device<B>& device, u16 index, DmaCursor& memory, u16 size, Rules rules);
    void stop() { queue_.stop(); }

    // Least bytes of a buffer: without merging, the longest frame has to fit.
    u32 min_buffer() const { return least_; }

    // Gives the device a buffer. Errors: bad_argument (too short, or not aligned to 4 bytes),
    // would_block (the queue is full), device_fault (not started, or broken).
    Result<> post(u64 tag, DmaRegion buffer);
    // The next frame. An error is a lie of the device, told once. Nothing comes while a frame is
    // not complete.
    std::optional<Result<Frame>> take();

    // Calls lost(tag) for all buffers that were not given back. The device is in reset.
    template <class Lost>
    void lost(Lost lost);

    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return queue_.kick(device);
    }
    [[nodiscard]] bool arm() { return !lied_ && queue_.arm(); }

    u16 posted() const { return posted_; }
    bool broken() const { return queue_.broken() || lied_; }

private:
    struct Posted {
        u64 tag = 0;
        std::byte* memory = nullptr;
        u32 length = 0;
        bool outstanding = false;
    };

    Result<> add(const Posted& buffer, u32 written);
    Result<> begin(const Posted& buffer, u32 written);
    Frame finish();
    bool too_long() const
    {
        return rules_.accepted.has(NetFeature::mtu) && bytes_ > rules_.mtu + link_header;
    }
    Frame dropped(Frame frame, Drop why) const
    {
        frame.drop = why;
        return frame;
    }

    DeviceQueue<Max, Max> queue_;
    Rules rules_;
    u32 header_bytes_ = 0;
    u32 least_ = min_receive_buffer;
    bool merged_ = false;
    bool lied_ = false;
    u16 posted_ = 0;
    std::array<u16, Max> free_{};        // chains, of one buffer each, that the device has not got
    std::array<Posted, Max> buffers_{};  // by the head of their chain

    // The frame that is being put together.
    Header header_{};
    Drop drop_ = Drop::none;
    bool full_ = false;  // the last piece fills its buffer
    u16 wanted_ = 0;     // pieces; zero: none begun
    u16 count_ = 0;      // pieces that are here
    u32 bytes_ = 0;
    std::array<Piece, max_pieces> pieces_{};
};

template <u16 Max>
template <Bus B>
Result<>
Receiver<Max>::start(Device<B>& device, u16 index, DmaCursor& memory, u16 size, Rules rules)
{
    if (const auto done = queue_.start(device, index, memory, size); !done)
        return done;
    rules_ = rules;
    header_bytes_ = net::header_bytes(rules.accepted);
    merged_ = rules.accepted.has(NetFeature::mrg_rxbuf);
    least_ = merged_ ? min_receive_buffer
                     : std::max(min_receive_buffer, header_bytes_ + link_header + rules.mtu);
    lied_ = false;
    posted_ = wanted_ = count_ = 0;
    buffers_.fill({});
    const u16 count = queue_.size();
    if (const auto done = queue_.reserve(count, 1); !done)
        return done;
    const Buffer any{{}, header_bytes_, true};
    for (u16 id = 0; id < count; ++id) {
        queue_.lay_out(DescriptorIndex{id}, {&any, 1}, 0);
        free_[id] = static_cast<u16>(count - 1 - id);
    }
    return {};
}

template <u16 Max>
[[gnu::always_inline]] inline Result<> Receiver<Max>::post(u64 tag, DmaRegion buffer)
{
    if (queue_.size() == 0 || broken()) [[unlikely]]
        return fail(Errc::device_fault);
    if (buffer.size.raw() < min_buffer() || buffer.size.raw() >= ~u32{0}
        || !aligned(reinterpret_cast<uptr>(buffer.memory), alignof(u32))) [[unlikely]]
        return fail(Errc::bad_argument);
    if (posted_ == queue_.size()) [[unlikely]]
        return fail(Errc::would_block);
    const auto length = static_cast<u32>(buffer.size.raw());
    const u16 id = free_[queue_.size() - posted_ - 1u];
    queue_.offer(DescriptorIndex{id}, {buffer.address, length, true}, {length, length});
    buffers_[id] = {tag, buffer.memory, length, true};
    ++posted_;
    return {};
}

template <u16 Max>
[[gnu::always_inline]] inline std::optional<Result<Frame>> Receiver<Max>::take()
{
    if (lied_)
        return std::nullopt;
    do {
        const auto taken = queue_.take();
        if (!taken)
            return std::nullopt;
        if (!*taken)
            return fail(taken->error());
        const u16 id = (*taken)->head.raw();
        Posted& buffer = buffers_[id];
        buffer.outstanding = false;
        --posted_;
        free_[queue_.size() - posted_ - 1u] = id;
        if (const auto done = add(buffer, (*taken)->written); !done) {
            lied_ = true;
            return fail(done.error());
        }
    } while (count_ < wanted_);
    return finish();
}

template <u16 Max>
[[gnu::always_inline]] inline Result<> Receiver<Max>::add(const Posted& buffer, u32 written)
{
    if (wanted_ == 0) {
        count_ = 0;
        return begin(buffer, written);
    }
    if (!full_ || written == 0)
        drop_ = Drop::incomplete;
    full_ = written == buffer.length;
    pieces_[count_++] = {buffer.tag, 0, written};
    bytes_ += written;
    return {};
}

// The first buffer of a frame, which says how many there are.
template <u16 Max>
[[gnu::always_inline]] inline Result<> Receiver<Max>::begin(const Posted& buffer, u32 written)
{
    wanted_ = 1;
    bytes_ = 0;
    drop_ = Drop::none;
    full_ = written == buffer.length;
    pieces_[count_++] = {buffer.tag, header_bytes_, 0};
    if (written < header_bytes_) {
        drop_ = Drop::too_short;
        return {};
    }
    header_ = read_once<Header>(buffer.memory);
    bytes_ = pieces_[0].length = written - header_bytes_;
    if (!merged_)  // QEMU leaves num_buffers unwritten then
        return {};
    // More than the device has got can never come, and where the next frame begins is unknown.
    const u16 told = header_.num_buffers;
    if (told == 0 || told > max_pieces || told - 1u > posted_)
        return fail(Errc::device_fault);
    wanted_ = told;
    return {};
}

template <u16 Max>
[[gnu::always_inline]] inline Frame Receiver<Max>::finish()
{
    wanted_ = 0;
    Frame frame{.pieces = std::span{pieces_}.first(count_), .bytes = bytes_};
    if (drop_ != Drop::none)
        return dropped(frame, drop_);
    if (bytes_ < min_frame)
        return dropped(frame, Drop::too_short);
    if ((header_.flags | header_.gso_type) == 0) [[likely]]  // nothing is said of it
        return too_long() ? dropped(frame, Drop::too_long) : frame;
    frame.offload = decode(header_, bytes_);
    frame.header = check(frame.offload, bytes_, rules_.accepted, true);
    if (frame.header != HeaderFault::none)
        return dropped(frame, Drop::header);
    if (frame.offload.gso_type == GsoType::none && too_long())
        return dropped(frame, Drop::too_long);
    return frame;
}

template <u16 Max>
template <class Lost>
void Receiver<Max>::lost(Lost lost)
{
    for (Posted& buffer : buffers_)
        if (std::exchange(buffer.outstanding, false))
            lost(buffer.tag);
    if (wanted_ != 0)  // begun, and never given out
        for (u16 i = 0; i < count_; ++i)
            lost(pieces_[i].tag);
    wanted_ = 0;
    posted_ = 0;
}

}  // namespace virtio::net
