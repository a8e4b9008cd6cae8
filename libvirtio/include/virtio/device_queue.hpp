// virtio/device_queue.hpp - one queue of a device, as the drivers of most devices use it.
//
// A Queue that knows its number, and keeps one rule of Ring for its user: all that was submitted is
// shown to the device before anything is taken. So a chain that comes back is one that the device
// was shown, in whatever order the user submits, takes and kicks.
#pragma once

#include <virtio/device.hpp>
#include <virtio/queue.hpp>

namespace virtio {

// For the wish of a driver: what these queues know how to use.
inline constexpr Features ring_features = queue_features;

template <u16 Max, u16 Reserved = 0>
class DeviceQueue {
public:
    // DMA memory that start() takes, from a cursor on a page boundary.
    static constexpr Bytes memory_bytes(u16 size)
    {
        return Bytes{align_up(Chains::memory_bytes(size, tables(size)).raw(), ring_alignment)};
    }

    // With at most `wish` descriptors, fewer if the device has fewer. The device is negotiated.
    // Errors: not_found (the device has no such queue), no_space (too little memory, or not aligned
    // to a page), those of Device::enable.
    template <Bus B>
    Result<> start(Device<B>& device, u16 index, DmaCursor& memory, u16 wish);
    // Nothing goes in or comes out before the next start.
    void stop()
    {
        running_ = false;
        queue_.stop();
    }

    // Errors: device_fault (not started, or broken), would_block (no room now), bad_argument and
    // too_big as Queue::submit.
    Result<DescriptorIndex> submit(std::span<const Buffer> chain);
    // Reserved chains, as of Queue; offering one never fails as long as the queue runs.
    Result<> reserve(u16 chains, u16 pieces) { return queue_.reserve(chains, pieces); }
    void lay_out(DescriptorIndex reserved, std::span<const Buffer> pieces, u16 varying)
    {
        queue_.lay_out(reserved, pieces, varying);
    }
    [[gnu::always_inline]] void offer(DescriptorIndex reserved, const Buffer& piece, Extent extent)
    {
        queue_.offer(reserved, piece, extent);
        unpublished_ = true;
    }
    [[gnu::always_inline]] void fill(DescriptorIndex reserved, const Buffer& piece)
    {
        queue_.fill(reserved, piece);
    }
    template <class Each>
    [[gnu::always_inline]] u16 offer_some(u16 most, Each each)
    {
        const u16 count = queue_.offer_some(most, each);
        unpublished_ |= count != 0;
        return count;
    }
    Result<> submit(DescriptorIndex reserved, std::span<const Buffer> chain);
    bool as_laid_out(DescriptorIndex reserved) const { return queue_.as_laid_out(reserved); }
    // A chain of a few pieces takes one descriptor of the ring.
    bool has_tables() const { return queue_.has_tables(); }

    // As Queue::take.
    std::optional<Result<Completion>> take();
    template <class Each>
    [[gnu::always_inline]] u16 take_some(u16 most, Each each)
    {
        if (!running_) [[unlikely]]
            return 0;
        if (unpublished_) [[unlikely]]
            show();
        return queue_.take_some(most, each);
    }
    // There may be something to take.
    bool ready() const { return running_ && queue_.ready(); }
    // Shows the device what was submitted. True: it was notified.
    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return (unpublished_ || notify_) && tell(device);
    }
    // Notifies of what was shown and the device did not want to hear of, once; before sleeping.
    // QEMU's network device (7.2) leaves its wish for a notification of a packed ring where it was
    // when it goes on after its peer kept it waiting, and would never hear of more.
    template <Bus B>
    bool insist(const Device<B>& device);
    [[nodiscard]] bool arm() { return running_ && queue_.arm(); }

    // Of chains that the device has, or is about to be shown.
    u16 outstanding() const { return queue_.outstanding(); }
    bool outstanding(DescriptorIndex head) const { return queue_.outstanding(head); }
    u16 size() const { return running_ ? queue_.size() : u16{0}; }
    bool broken() const { return running_ && queue_.broken(); }
    Fault fault() const { return queue_.fault(); }

private:
    using Chains = Queue<Max, Reserved>;

    static constexpr u16 table_entries = 4;

    // For chains that have more than one buffer, as most do.
    static constexpr Tables tables(u16 size) { return {size, table_entries}; }
    template <Bus B>
    bool tell(const Device<B>& device);
    [[gnu::noinline]] void show() { show_now(); }
    [[gnu::always_inline]] void show_now()
    {
        unpublished_ = false;
        const bool wanted = queue_.publish();
        notify_ |= wanted;
        unheard_ |= !wanted;
    }

    Chains queue_;
    u16 index_ = 0;
    bool running_ = false;
    bool unpublished_ = false;
    bool notify_ = false;   // the device wants to hear of what it was shown
    bool unheard_ = false;  // it did not want to
};

template <u16 Max, u16 Reserved>
template <Bus B>
Result<>
DeviceQueue<Max, Reserved>::start(Device<B>& device, u16 index, DmaCursor& memory, u16 wish)
{
    stop();
    const auto size = device.queue_size(index, std::min(wish, Max));
    if (!size)
        return fail(size.error());
    const auto piece = memory.take(memory_bytes(*size), ring_alignment);
    if (!piece)
        return fail(piece.error());
    const auto rings = queue_.start(
        *piece, QueueOptions::negotiated(device.negotiation().accepted, *size, tables(*size)));
    if (!rings)
        return fail(rings.error());
    index_ = index;
    unpublished_ = notify_ = unheard_ = false;
    const auto enabled = device.enable(index, *rings);
    running_ = enabled.has_value();
    return enabled;
}

template <u16 Max, u16 Reserved>
Result<DescriptorIndex> DeviceQueue<Max, Reserved>::submit(std::span<const Buffer> chain)
{
    if (!running_)
        return fail(Errc::device_fault);
    const auto head = queue_.submit(chain);
    if (!head)
        return fail(head.error() == Errc::no_space ? Errc::would_block : head.error());
    unpublished_ = true;
    return head;
}

template <u16 Max, u16 Reserved>
Result<> DeviceQueue<Max, Reserved>::submit(DescriptorIndex reserved, std::span<const Buffer> chain)
{
    if (!running_)
        return fail(Errc::device_fault);
    const auto done = queue_.submit(reserved, chain);
    if (!done)
        return fail(done.error() == Errc::no_space ? Errc::would_block : done.error());
    unpublished_ = true;
    return {};
}

template <u16 Max, u16 Reserved>
[[gnu::always_inline]] inline std::optional<Result<Completion>> DeviceQueue<Max, Reserved>::take()
{
    if (!running_) [[unlikely]]
        return std::nullopt;
    if (unpublished_) [[unlikely]]
        show();
    return queue_.take();
}

template <u16 Max, u16 Reserved>
template <Bus B>
bool DeviceQueue<Max, Reserved>::tell(const Device<B>& device)
{
    if (!running_)
        return false;
    if (unpublished_)
        show_now();
    if (!std::exchange(notify_, false))
        return false;
    unheard_ = false;
    device.notify(index_);
    return true;
}

template <u16 Max, u16 Reserved>
template <Bus B>
bool DeviceQueue<Max, Reserved>::insist(const Device<B>& device)
{
    if (!running_ || !std::exchange(unheard_, false))
        return false;
    device.notify(index_);
    return true;
}

}  // namespace virtio
