// virtio/queue.hpp - a split virtqueue, driver side, for chains of any shape.
//
// Adds to the rings a free list of descriptors. The list and the length of each chain are private:
// freeing a chain follows our own links, never those in the table that the device can write.
// A driver whose requests all look alike is better off with a Ring and chains laid out once
// (blk.hpp).
#pragma once

#include <span>

#include <virtio/ring.hpp>

namespace virtio {

// A piece of a chain. Pieces that the device writes come after all that it reads (2.7.4.2).
struct Buffer {
    DeviceAddr address;
    u32 length;
    bool device_writes;
};

template <u16 Max>
class Queue {
public:
    // As Ring::start; also bad_argument if size is more than Max.
    Result<RingAddresses> start(DmaRegion memory, u16 size, bool event_idx);

    // Lays a chain out and offers it; the returned head names it until it comes back. Errors:
    // bad_argument (empty chain, empty buffer, readable after writable), too_big (more than 2^32 -
    // 1 bytes, or more buffers than the queue has descriptors), no_space (too few free descriptors
    // at the moment), device_fault (the queue is broken).
    Result<DescriptorIndex> submit(std::span<const Buffer> chain);

    [[nodiscard]] bool publish() { return ring_.publish(); }
    std::optional<Result<Completion>> take();
    [[nodiscard]] bool arm() { return ring_.arm(); }

    bool broken() const { return ring_.broken(); }
    Fault fault() const { return ring_.fault(); }
    u16 outstanding() const { return ring_.outstanding(); }
    bool outstanding(DescriptorIndex head) const { return ring_.outstanding(head); }
    u16 free_descriptors() const { return free_count_; }
    u16 size() const { return ring_.size(); }

private:
    static Result<Extent> measure(std::span<const Buffer> chain);

    Ring<Max> ring_;
    u16 free_ = 0;  // first of the free list
    u16 free_count_ = 0;
    std::array<u16, Max> next_{};   // of the free list, or of the chain a descriptor belongs to
    std::array<u16, Max> links_{};  // of a head: descriptors of its chain
};

template <u16 Max>
Result<RingAddresses> Queue<Max>::start(DmaRegion memory, u16 size, bool event_idx)
{
    if (size > Max)
        return fail(Errc::bad_argument);
    const auto addresses = ring_.start(memory, size, event_idx);
    if (!addresses)
        return addresses;
    for (u16 i = 0; i < size; ++i)
        next_[i] = static_cast<u16>(i + 1);
    free_ = 0;
    free_count_ = size;
    return addresses;
}

template <u16 Max>
Result<Extent> Queue<Max>::measure(std::span<const Buffer> chain)
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

template <u16 Max>
Result<DescriptorIndex> Queue<Max>::submit(std::span<const Buffer> chain)
{
    if (broken())
        return fail(Errc::device_fault);
    if (chain.size() > size())
        return fail(Errc::too_big);
    const auto extent = measure(chain);
    if (!extent)
        return fail(extent.error());
    if (chain.size() > free_count_)
        return fail(Errc::no_space);

    const DescriptorIndex head{free_};
    for (usize i = 0; i < chain.size(); ++i) {
        const bool last = i + 1 == chain.size();
        const auto flags = (last ? 0 : DescriptorFlags::next)
                           | (chain[i].device_writes ? DescriptorFlags::write : 0);
        ring_.describe(DescriptorIndex{free_},
                       {chain[i].address.raw(), chain[i].length, static_cast<u16>(flags),
                        last ? u16{0} : next_[free_]});
        free_ = next_[free_];
    }
    free_count_ = static_cast<u16>(free_count_ - chain.size());
    links_[head.raw()] = static_cast<u16>(chain.size());
    ring_.offer(head, *extent);
    return head;
}

template <u16 Max>
std::optional<Result<Completion>> Queue<Max>::take()
{
    const auto taken = ring_.take();
    if (!taken || !*taken)
        return taken;
    const u16 head = (*taken)->head.raw();
    u16 tail = head;
    for (u16 i = 1; i < links_[head]; ++i)
        tail = next_[tail];
    next_[tail] = free_;
    free_ = head;
    free_count_ = static_cast<u16>(free_count_ + links_[head]);
    return taken;
}

}  // namespace virtio
