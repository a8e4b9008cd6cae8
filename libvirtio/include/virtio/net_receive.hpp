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

// A frame in one buffer of which the device says nothing more: most are so.
struct Plain {
    const std::byte* bytes;  // the device may still write there
    u32 length;
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
    // Gives it every buffer again that came back and that post() did not replace; none while a
    // frame is not complete, of which they may be pieces.
    void repost();
    // The next frame. An error is a lie of the device, told once. Nothing comes while a frame is
    // not complete.
    std::optional<Result<Frame>> take();
    // There may be something to take.
    bool ready() const { return queue_.ready(); }
    // each(Plain) for the next frames, at most so many, as long as they are plain. Returns how
    // many; take() tells what comes then.
    template <class Each>
    u16 take_plain(u16 most, Each each);

    // Calls lost(tag) for all buffers that were not given back. The device is in reset.
    template <class Lost>
    void lost(Lost lost);

    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return queue_.kick(device);
    }
    [[nodiscard]] bool arm() { return !lied_ && queue_.arm(); }

    u16 posted() const { return static_cast<u16>(queue_.size() - free_count_); }
    bool broken() const { return queue_.broken() || lied_; }

private:
    struct alignas(32) Posted {
        u64 tag = 0;
        std::byte* memory = nullptr;  // of none yet: null
        u32 length = 0;
    };

    // What frames look like.
    struct Shape {
        u32 header_bytes = 0;
        u32 longest = ~0U;  // without the header
        bool merged = false;

        // Each half word of the header is read once; take() reads it again if this says no.
        bool plain(const std::byte* memory, u32 written) const
        {
            const auto half = [memory](usize at) {
                return __atomic_load_n(reinterpret_cast<const u16*>(memory + at), __ATOMIC_RELAXED);
            };
            return written >= header_bytes + min_frame && written - header_bytes <= longest
                   && half(offsetof(Header, flags)) == 0
                   && (!merged || half(offsetof(Header, num_buffers)) == 1);
        }
    };

    void came_back(u16 id) { free_[free_count_++ % Max] = id; }
    template <class All>
    u16 offer_unlike(All all);
    Result<> add(const Posted& buffer, u32 written);
    Result<> begin(const Posted& buffer, u32 written);
    Frame finish();
    bool too_long() const { return bytes_ > shape_.longest; }
    Frame dropped(Frame frame, Drop why) const
    {
        frame.drop = why;
        return frame;
    }

    DeviceQueue<Max, Max> queue_;
    Rules rules_;
    Shape shape_;
    u32 least_ = min_receive_buffer;
    bool lied_ = false;
    u16 free_count_ = 0;
    u16 known_ = 0;                      // chains that had a buffer once
    u32 common_ = 0;                     // bytes of all buffers; zero: they differ
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
    shape_.header_bytes = net::header_bytes(rules.accepted);
    shape_.merged = rules.accepted.has(NetFeature::mrg_rxbuf);
    least_ = shape_.merged
                 ? min_receive_buffer
                 : std::max(min_receive_buffer, shape_.header_bytes + link_header + rules.mtu);
    shape_.longest = rules.accepted.has(NetFeature::mtu) ? rules.mtu + link_header : ~0U;
    lied_ = false;
    wanted_ = count_ = 0;
    known_ = 0;
    buffers_.fill({});
    const u16 count = queue_.size();
    if (const auto done = queue_.reserve(count, 1); !done)
        return done;
    const Buffer any{{}, shape_.header_bytes, true};
    for (u16 id = 0; id < count; ++id) {
        queue_.lay_out(DescriptorIndex{id}, {&any, 1}, 0);
        free_[id] = static_cast<u16>(count - 1 - id);
    }
    free_count_ = count;
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
    if (free_count_ == 0) [[unlikely]]
        return fail(Errc::would_block);
    const auto length = static_cast<u32>(buffer.size.raw());
    const u16 id = free_[--free_count_];
    queue_.offer(DescriptorIndex{id}, {buffer.address, length, true}, {length, length});
    if (known_ == 0)
        common_ = length;
    common_ = common_ == length ? length : 0;
    known_ += buffers_[id].memory == nullptr ? 1 : 0;
    buffers_[id] = {tag, buffer.memory, length};
    return {};
}

template <u16 Max>
[[gnu::always_inline]] inline void Receiver<Max>::repost()
{
    if (queue_.size() == 0 || broken() || wanted_ != 0) [[unlikely]]
        return;
    const u16* at = free_.data() + free_count_;
    const auto offer_all = [&] [[gnu::always_inline]] (auto length_of) {
        return queue_.offer_some(free_count_, [&] [[gnu::always_inline]] (Offer & offer) {
            const u16 id = *--at % Max;
            const u32 length = length_of(id);
            offer = {DescriptorIndex{id}, {length, length}};
            return length != 0;
        });
    };
    const u32 common = common_;
    const u16 given = common != 0 && known_ == queue_.size()
                          ? offer_all([common](u16) { return common; })
                          : offer_unlike(offer_all);
    free_count_ = static_cast<u16>(free_count_ - given);
}

// Some have another length than others, or none yet; then none below has one.
template <u16 Max>
template <class All>
[[gnu::noinline]] u16 Receiver<Max>::offer_unlike(All all)
{
    return all([this](u16 id) { return buffers_[id].length; });
}

template <u16 Max>
template <class Each>
[[gnu::always_inline]] inline u16 Receiver<Max>::take_plain(u16 most, Each each)
{
    if (lied_ || wanted_ != 0) [[unlikely]]
        return 0;
    u16* free = free_.data() + free_count_;
    const Shape shape = shape_;
    const u16 taken = queue_.take_some(most, [&] [[gnu::always_inline]] (const Completion& came) {
        const u16 id = came.head.raw();
        const std::byte* const memory = buffers_[id].memory;
        if (!shape.plain(memory, came.written)) [[unlikely]]
            return false;
        *free++ = id;
        each(Plain{memory + shape.header_bytes, came.written - shape.header_bytes});
        return true;
    });
    free_count_ = static_cast<u16>(free_count_ + taken);
    return taken;
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
        came_back(id);
        if (const auto done = add(buffers_[id], (*taken)->written); !done) {
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
    pieces_[count_++] = {buffer.tag, shape_.header_bytes, 0};
    if (written < shape_.header_bytes) {
        drop_ = Drop::too_short;
        return {};
    }
    header_ = read_once<Header>(buffer.memory);
    bytes_ = pieces_[0].length = written - shape_.header_bytes;
    if (!shape_.merged)  // QEMU leaves num_buffers unwritten then
        return {};
    // More than the device has got can never come, and where the next frame begins is unknown.
    const u16 told = header_.num_buffers;
    if (told == 0 || told > max_pieces || told - 1u > posted())
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
    for (u16 id = 0; id < queue_.size(); ++id)
        if (queue_.outstanding(DescriptorIndex{id}))
            lost(buffers_[id].tag);
    if (wanted_ != 0)  // begun, and never given out
        for (u16 i = 0; i < count_; ++i)
            lost(pieces_[i].tag);
    wanted_ = 0;
    free_count_ = queue_.size();
}

}  // namespace virtio::net
