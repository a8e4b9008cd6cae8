// virtio/buffers.hpp - a virtqueue of equal buffers in the driver's own memory, one to a chain.
//
// Events, characters and control messages go this way: what comes is copied out before anybody
// looks at it, what goes is copied in, and no memory of a caller is ever the device's.
#pragma once

#include <cstring>

#include <virtio/device_queue.hpp>

namespace virtio {

struct BufferShape {
    u16 count;  // a power of two
    u32 bytes;  // of each
};

template <u16 Max>
class BufferQueue {
public:
    // DMA memory that start() takes, from a cursor on a page boundary.
    static constexpr Bytes memory_bytes(BufferShape shape)
    {
        const u64 buffers = align_up(u64{shape.count} * shape.bytes, page_bytes);
        return DeviceQueue<Max>::memory_bytes(shape.count) + Bytes{buffers};
    }

    // Errors: bad_argument (no buffers, or of no bytes), those of DeviceQueue::start.
    template <Bus B>
    Result<> start(Device<B>& device, u16 index, DmaCursor& memory, BufferShape shape);
    // Nothing goes in or comes out before the next start.
    void stop()
    {
        queue_.stop();
        count_ = free_count_ = 0;
    }

    // Gives the device a buffer to write. Errors: would_block (it has all of them), device_fault
    // (not started, or broken).
    Result<> post();
    // Sends a copy. Errors: as post; bad_argument (no bytes), too_big (more than a buffer has).
    Result<> send(std::span<const std::byte> bytes);

    // Bytes that the device wrote into the next buffer that came back, copied to `out`; what does
    // not fit is lost. The buffer is free again. An error is a lie of the device, told once.
    std::optional<Result<u32>> take(std::span<std::byte> out);
    // Takes those that came, as long as each(memory, bytes that the device wrote) says that it did;
    // it copies what it looks at. A lie, and one that it did not take, are take()'s to tell.
    // Returns how many.
    template <class Each>
    [[gnu::always_inline]] u16 take_some(Each each);
    // There may be something to take.
    bool ready() const { return queue_.ready(); }
    // Gives the device all buffers that it has not got, to write.
    [[gnu::always_inline]] void post_all();
    // Takes back all that was sent. Errors: device_fault (a lie).
    Result<> reclaim();

    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return queue_.kick(device);
    }
    [[nodiscard]] bool arm() { return queue_.arm(); }

    u16 count() const { return count_; }
    u16 free_count() const { return free_count_; }
    u16 with_device() const { return static_cast<u16>(count_ - free_count_); }
    u32 bytes() const { return bytes_; }
    bool broken() const { return queue_.broken(); }
    Fault fault() const { return queue_.fault(); }

private:
    std::byte* memory(u16 slot) const { return buffers_.memory + usize{slot} * bytes_; }
    DeviceAddr address(u16 slot) const { return buffers_.address + Bytes{u64{slot} * bytes_}; }
    void offer(u32 length, bool device_writes);

    DeviceQueue<Max, Max> queue_;  // each buffer has the chain of its number
    DmaRegion buffers_;
    u32 bytes_ = 0;
    u16 count_ = 0;
    u16 free_count_ = 0;
    std::array<u16, Max> free_{};  // buffers that the device has not got
};

template <u16 Max>
template <Bus B>
Result<> BufferQueue<Max>::start(Device<B>& device, u16 index, DmaCursor& memory, BufferShape shape)
{
    stop();
    if (shape.count == 0 || shape.bytes == 0)
        return fail(Errc::bad_argument);
    if (const auto done = queue_.start(device, index, memory, shape.count); !done)
        return done;
    const auto buffers = memory.take(Bytes{u64{queue_.size()} * shape.bytes}, page_bytes);
    if (!buffers)
        return fail(buffers.error());
    buffers_ = *buffers;
    std::memset(buffers_.memory, 0, buffers_.size.raw());  // nothing of before is ever sent
    bytes_ = shape.bytes;
    count_ = free_count_ = queue_.size();
    if (const auto done = queue_.reserve(count_, 1); !done)
        return done;
    const Buffer any{buffers_.address, bytes_, true};
    for (u16 slot = 0; slot < count_; ++slot) {
        queue_.lay_out(DescriptorIndex{slot}, {&any, 1}, 0);
        free_[slot] = slot;
    }
    return {};
}

template <u16 Max>
[[gnu::always_inline]] inline void BufferQueue<Max>::offer(u32 length, bool device_writes)
{
    const u16 slot = free_[--free_count_];
    queue_.offer(DescriptorIndex{slot}, {address(slot), length, device_writes},
                 {length, device_writes ? length : 0});
}

template <u16 Max>
Result<> BufferQueue<Max>::post()
{
    if (count_ == 0 || broken())
        return fail(Errc::device_fault);
    if (free_count_ == 0)
        return fail(Errc::would_block);
    offer(bytes_, true);
    return {};
}

template <u16 Max>
Result<> BufferQueue<Max>::send(std::span<const std::byte> bytes)
{
    if (count_ == 0 || broken())
        return fail(Errc::device_fault);
    if (bytes.empty())
        return fail(Errc::bad_argument);
    if (bytes.size() > bytes_)
        return fail(Errc::too_big);
    if (free_count_ == 0)
        return fail(Errc::would_block);
    std::ranges::copy(bytes, memory(free_[free_count_ - 1u]));
    offer(static_cast<u32>(bytes.size()), false);
    return {};
}

template <u16 Max>
std::optional<Result<u32>> BufferQueue<Max>::take(std::span<std::byte> out)
{
    const auto taken = queue_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken)
        return fail(taken->error());
    const u16 slot = (*taken)->head.raw();
    free_[free_count_++] = slot;
    const u32 written = (*taken)->written;
    std::copy_n(memory(slot), std::min<usize>(written, out.size()), out.begin());
    return written;
}

template <u16 Max>
template <class Each>
[[gnu::always_inline]] inline u16 BufferQueue<Max>::take_some(Each each)
{
    return queue_.take_some(count_, [&] [[gnu::always_inline]] (const Completion& done) {
        const u16 slot = done.head.raw();
        if (!each(memory(slot), done.written)) [[unlikely]]
            return false;
        free_[free_count_++] = slot;
        return true;
    });
}

template <u16 Max>
[[gnu::always_inline]] inline void BufferQueue<Max>::post_all()
{
    if (broken())
        return;
    (void)queue_.offer_some(free_count_, [&] [[gnu::always_inline]] (Offer & offer) {
        const u16 slot = free_[--free_count_];
        queue_.fill(DescriptorIndex{slot}, {address(slot), bytes_, true});
        offer = {DescriptorIndex{slot}, {bytes_, bytes_}};
        return true;
    });
}

template <u16 Max>
Result<> BufferQueue<Max>::reclaim()
{
    while (const auto taken = take({}))
        if (!*taken)
            return fail(taken->error());
    return {};
}

}  // namespace virtio
