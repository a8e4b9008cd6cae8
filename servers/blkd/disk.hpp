// blkd/disk.hpp - the virtio block device as the engine sees it.
#pragma once

#include "engine.hpp"

#include <virtio/blk.hpp>

namespace blkd {

template <virtio::Bus B>
class VirtioDisk {
public:
    static constexpr u16 max_slots = 128;  // requests in flight
    static constexpr u16 queue_size =
        512;  // three descriptors a slot; the rest serves buffers in many runs
    static constexpr u16 most_runs = 32;  // of one request; without INDIRECT_DESC four such can be
                                          // in flight
    static constexpr u32 most_bytes = 1 << 20;
    static_assert(most_bytes / block::sector_bytes / unit_sectors <= Tag::extra(~u64{0}));
    static constexpr virtio::blk::Options options{
        .queue_size = queue_size, .slots = max_slots, .runs = most_runs};

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes() { return Driver::memory_bytes(options); }

    // Errors: those of the driver.
    Result<> start(virtio::Device<B>& device, const virtio::Dma auto& memory)
    {
        device_ = &device;
        return driver_.start(device, memory, options);
    }

    // Asks the device for its serial number. `wait` returns once it interrupted, or fails. Whatever
    // the device returns next interrupts. A device without a serial number is left with an empty
    // one. Errors: device_fault, those of `wait`.
    template <class Wait>
    Result<> identify(Wait wait)
    {
        if (const auto sent = driver_.identify(0); !sent)
            return sent;
        (void)kick();
        for (bool answered = false;;) {
            if (const auto done = driver_.take()) {
                if (!*done)
                    return fail(Errc::device_fault);
                answered = true;
                continue;
            }
            if (driver_.arm())
                continue;
            if (answered)
                return {};
            if (const auto woken = wait(); !woken)
                return woken;
            (void)acknowledge();
        }
    }

    const virtio::blk::Info& info() const { return driver_.info(); }
    const virtio::blk::Serial& serial() const { return driver_.serial(); }
    block::Sector capacity() const { return block::Sector{info().capacity.raw()}; }
    u32 max_runs() const { return info().max_runs; }

    const virtio::RingAddresses& rings() const { return driver_.rings(); }
    u32 slots() const { return driver_.slots(); }
    bool room() const { return driver_.room(); }
    u64 notifies() const { return notifies_; }
    u64 interrupts() const { return interrupts_; }
    bool caches() const { return info().write_back; }
    // Without a flush only a disk that caches nothing can promise what a flush promises.
    std::optional<block::Status> flush_answer() const
    {
        if (info().flush)
            return std::nullopt;
        return caches() ? block::Status::not_supported : block::Status::ok;
    }
    Result<> set_write_back(bool on) { return driver_.set_write_back(on); }

    // `asked` was admitted.
    [[gnu::always_inline]] Result<>
    submit(u64 tag, const block::Submission& asked, const BufferMap& buffer)
    {
        if (asked.op > block::Op::write) [[unlikely]]
            return submit_rare(tag, asked, buffer);
        if (!buffer.contiguous()) [[unlikely]]
            return submit_runs(tag, block::Submission{asked}, buffer);
        return transfer(tag, asked,
                        virtio::blk::Run{buffer.start() + Bytes{asked.offset},
                                         asked.count * block::sector_bytes});
    }

    [[gnu::always_inline]] bool
    submit_usual(u64 tag, block::Op op, block::Sector first, u32 sectors, DeviceAddr data)
    {
        const virtio::blk::Sector sector{first.raw()};
        return op == block::Op::read ? driver_.try_read(tag, sector, sectors, data)
                                     : driver_.try_write(tag, sector, sectors, data);
    }

    [[gnu::always_inline]] bool kick()
    {
        if (!driver_.kick())
            return false;
        ++notifies_;
        return true;
    }

    // Errors: device_fault (the device wants a reset, or its configuration makes no sense any
    // more).
    [[gnu::always_inline]] Result<> acknowledge()
    {
        const virtio::Interrupt cause = device_->acknowledge();
        ++interrupts_;
        if (!cause.config_change) [[likely]]
            return {};
        return cause.needs_reset ? fail(Errc::device_fault) : driver_.refresh();
    }

    template <class Each>
    [[gnu::always_inline]] Result<u64> drain(u64 sum, Each each)
    {
        return driver_.drain(sum, [each](u64 so_far, const virtio::blk::Done& request) {
            return each(so_far, Ended{request.tag, status(request.outcome)});
        });
    }

    template <class Lost>
    Result<> recover(Lost lost)
    {
        return driver_.recover(lost);
    }

private:
    using Driver = virtio::blk::Driver<B, max_slots, queue_size, most_runs>;

    [[gnu::cold, gnu::noinline]] Result<>
    submit_rare(u64 tag, const block::Submission& asked, const BufferMap& buffer)
    {
        const virtio::blk::Sector first{asked.first.raw()};
        switch (asked.op) {
        case block::Op::flush:
            return driver_.flush(tag);
        case block::Op::discard:
            return driver_.discard(tag, first, asked.count);
        case block::Op::write_zeroes:
            return driver_.write_zeroes(tag, first, asked.count, false);
        case block::Op::write_zeroes_unmap:
            return driver_.write_zeroes(tag, first, asked.count, info().write_zeroes_unmaps);
        case block::Op::get_id: {
            std::array<virtio::blk::Run, 1> into;  // a part of a sector is in one run
            (void)buffer.split(asked.offset, block::serial_bytes,
                               std::span<virtio::blk::Run>{into});
            return driver_.identify(tag, into[0].address);
        }
        default:
            return submit_runs(tag, asked, buffer);
        }
    }

    // One run, or several.
    template <class Data>
    [[gnu::always_inline]] Result<> transfer(u64 tag, const block::Submission& asked, Data data)
    {
        const virtio::blk::Sector first{asked.first.raw()};
        return asked.op == block::Op::read ? driver_.read(tag, first, data)
                                           : driver_.write(tag, first, data);
    }

    // A buffer in pieces. Not inlined: its table of runs is cleared first, which costs more than
    // the usual request.
    [[gnu::noinline]] Result<>
    submit_runs(u64 tag, const block::Submission& asked, const BufferMap& buffer)
    {
        std::array<virtio::blk::Run, most_runs> runs;
        const usize count =
            buffer.split(asked.offset, bytes_of(asked), std::span<virtio::blk::Run>{runs});
        return transfer(tag, asked, std::span<const virtio::blk::Run>{runs}.first(count));
    }

    static block::Status status(virtio::blk::Outcome outcome)
    {
        if (outcome == virtio::blk::Outcome::ok) [[likely]]
            return block::Status::ok;
        switch (outcome) {
        case virtio::blk::Outcome::ok:
            return block::Status::ok;
        case virtio::blk::Outcome::unsupported:
            return block::Status::not_supported;
        case virtio::blk::Outcome::io_error:
        case virtio::blk::Outcome::device_fault:
            break;
        }
        return block::Status::device_error;
    }

    virtio::Device<B>* device_ = nullptr;
    Driver driver_;
    u64 notifies_ = 0;
    u64 interrupts_ = 0;
};

}  // namespace blkd
