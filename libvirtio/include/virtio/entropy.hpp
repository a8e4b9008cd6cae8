// virtio/entropy.hpp - an entropy device (virtio 1.2, 5.4): ask for bytes, get some of them later.
#pragma once

#include <span>

#include <virtio/device.hpp>
#include <virtio/queue.hpp>

namespace virtio::entropy {

struct Options {
    u16 buffers = 4;  // requests in flight; rounded down to a power of two
    u32 buffer_bytes = 64;
};

// Buffer i is chain i, laid out once.
template <Bus B, u16 Max = 8>
class Driver {
public:
    Driver() = default;
    Driver(const Driver&) = delete;  // there is one device
    Driver& operator=(const Driver&) = delete;

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(Options options = {})
    {
        const u16 size = queue_size(options);
        return Buffers::memory_bytes(size) + Bytes{u64{size} * options.buffer_bytes};
    }

    // Brings the device up. On failure it was told so (FAILED). `device` and `memory` outlive the
    // driver. Errors: those of Device; wrong_kind (not an entropy device), bad_argument (no
    // buffers), no_space (too little memory, or not page-aligned).
    Result<> start(Device<B>& device, const Dma auto& memory, Options options = {});
    // Resets and starts again; whatever was asked for is forgotten. Errors: as start.
    Result<> recover() { return bring_up(); }

    // Asks for one more buffer of bytes; kick() sends all that are asked for. Errors: would_block
    // (all buffers are with the device), device_fault (not started, or broken).
    Result<> request();
    // The same, with memory of somebody else in the buffer's place: it is the device's until
    // take_any() gives `tag` back, or the device was reset. `bytes` is not 0. Errors: as request.
    Result<> request_into(DeviceAddr memory, u32 bytes, u16 tag);
    bool kick();

    // Bytes that came: copies them to `out`, returns how many, at least one, often fewer than asked
    // for. What does not fit is lost. No byte is given out twice, and none that the device did not
    // write. An error, device_fault, means that the device broke its specification: if broken(),
    // recover(); otherwise it returned an empty buffer, which is ours again.
    std::optional<Result<usize>> take(std::span<std::byte> out)
    {
        const auto taken = take_any(out);
        return taken ? std::optional{taken->transform([](const Answer& a) { return a.bytes; })}
                     : std::nullopt;
    }

    // As take(), of a driver that has memory of somebody else, too.
    struct Answer {
        usize bytes;
        std::optional<u16> tag;  // there is one: they are where they were asked for, perhaps none
    };
    std::optional<Result<Answer>> take_any(std::span<std::byte> out);
    [[nodiscard]] bool arm() { return queue_.arm(); }

    u16 in_flight() const { return queue_.outstanding(); }
    bool broken() const { return queue_.broken(); }
    Fault fault() const { return queue_.fault(); }

private:
    using Buffers = Queue<Max, Max>;

    static constexpr u16 request_queue = 0;
    static constexpr Wish wish{.required = {}, .optional = queue_features};

    static constexpr u16 queue_size(Options options)
    {
        return std::bit_floor(std::min(options.buffers, Max));
    }

    Result<> bring_up();
    Result<> set_up_queue();
    Result<> ask(std::optional<u16> tag, DeviceAddr memory, u32 bytes);

    std::byte* buffer(u16 index) const
    {
        return buffers_.memory + usize{index} * options_.buffer_bytes;
    }

    Buffer chain(u16 index) const
    {
        return {buffers_.address + Bytes{u64{index} * options_.buffer_bytes}, options_.buffer_bytes,
                true};
    }

    Device<B>* device_ = nullptr;
    Buffers queue_;
    u16 free_count_ = 0;
    std::array<u16, Max> free_{};
    std::array<std::optional<u16>, Max> tags_{};
    DmaRegion buffers_;
    DmaRegion memory_;
    Options options_;
};

template <Bus B, u16 Max>
Result<> Driver<B, Max>::start(Device<B>& device, const Dma auto& memory, Options options)
{
    device_ = &device;
    memory_ = memory.region();
    options_ = options;
    return bring_up();
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::bring_up()
{
    if (device_->type() != DeviceType::entropy)
        return fail(Errc::wrong_kind);
    if (queue_size(options_) == 0 || options_.buffer_bytes == 0)
        return fail(Errc::bad_argument);
    auto done = device_->negotiate(wish);
    if (done)
        done = set_up_queue();
    if (done)
        done = device_->go();
    if (!done) {
        queue_.stop();
        free_count_ = 0;
        device_->give_up();
    }
    return done;
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::set_up_queue()
{
    const auto size = device_->queue_size(request_queue, queue_size(options_));
    if (!size)
        return fail(size.error());
    DmaCursor cursor{memory_};
    const auto rings = cursor.take(Buffers::memory_bytes(*size), ring_alignment);
    const auto buffers = cursor.take(Bytes{u64{*size} * options_.buffer_bytes}, 1);
    if (!rings || !buffers)
        return fail(Errc::no_space);
    const auto addresses =
        queue_.start(*rings, QueueOptions::negotiated(device_->negotiation().accepted, *size));
    if (!addresses)
        return fail(addresses.error());
    if (const auto reserved = queue_.reserve(*size, 1); !reserved)
        return reserved;

    buffers_ = *buffers;
    std::memset(buffers_.memory, 0, buffers_.size.raw());  // nothing of before is ever given out
    for (u16 i = 0; i < *size; ++i) {
        free_[i] = i;
        queue_.lay_out(DescriptorIndex{i}, std::array{chain(i)}, 0);
    }
    free_count_ = *size;
    return device_->enable(request_queue, *addresses);
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::request()
{
    return ask(std::nullopt, {}, 0);
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::request_into(DeviceAddr memory, u32 bytes, u16 tag)
{
    return ask(tag, memory, bytes);
}

template <Bus B, u16 Max>
Result<> Driver<B, Max>::ask(std::optional<u16> tag, DeviceAddr memory, u32 bytes)
{
    if (broken() || queue_.size() == 0)
        return fail(Errc::device_fault);
    if (free_count_ == 0)
        return fail(Errc::would_block);
    const u16 index = free_[--free_count_];
    tags_[index] = tag;
    const Buffer where = tag ? Buffer{memory, bytes, true} : chain(index);
    queue_.offer(DescriptorIndex{index}, where, {where.length, where.length});
    return {};
}

template <Bus B, u16 Max>
bool Driver<B, Max>::kick()
{
    if (!queue_.publish())
        return false;
    device_->notify(request_queue);
    return true;
}

template <Bus B, u16 Max>
auto Driver<B, Max>::take_any(std::span<std::byte> out) -> std::optional<Result<Answer>>
{
    const auto taken = queue_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken)
        return fail(taken->error());
    const u16 index = (*taken)->head.raw();
    free_[free_count_++] = index;
    if (tags_[index])
        return Answer{(*taken)->written, tags_[index]};
    const usize count = std::min<usize>((*taken)->written, out.size());
    std::copy_n(buffer(index), count, out.begin());
    std::memset(buffer(index), 0, options_.buffer_bytes);  // random bytes leave no copy behind
    if ((*taken)->written == 0)
        return fail(Errc::device_fault);
    return Answer{count, std::nullopt};
}

}  // namespace virtio::entropy
