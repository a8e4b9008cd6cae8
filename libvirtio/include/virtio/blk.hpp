// virtio/blk.hpp - a block device (virtio 1.2, 5.2): requests in flight, completions in any order.
//
// start; then any number of read, write, flush; one kick; take until nothing comes; arm before
// sleeping. The driver never waits and knows no time: a request stays the device's, with the memory
// it names, until take() or recover() gives it back.
#pragma once

#include <virtio/blk_chains.hpp>
#include <virtio/blk_config.hpp>

namespace virtio::blk {

enum class Outcome : u8 {
    ok,
    io_error,      // the device could not
    unsupported,   // the device does not know the request
    device_fault,  // the device gave no valid answer
};

struct Done {
    u64 tag;  // the caller's, untouched
    Outcome outcome;
    u32 bytes;  // of data moved: all when ok, else none
};

struct Options {
    u16 queue_size = 256;  // descriptors wished for; the device may have fewer
    u16 slots = 64;        // requests in flight wished for; at most a quarter of the descriptors
    u16 runs = 64;         // pieces of memory of one request, with INDIRECT_DESC
};

using Serial = std::array<char, 20>;  // padded with zeroes

template <Bus B, u16 MaxSlots = 64, u16 MaxQueue = 256, u16 MaxRuns = 64>
class Driver {
public:
    Driver() = default;
    Driver(const Driver&) = delete;  // there is one device
    Driver& operator=(const Driver&) = delete;

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(Options options = {})
    {
        const Options fitted = fit(options);
        return Requests::memory_bytes(fitted.queue_size, fitted.slots, fitted.runs)
               + Bytes{sizeof(Serial)};
    }

    // Brings the device up. On failure it was told so (FAILED), and device.negotiation() tells
    // more. `device` and `memory` outlive the driver. Errors: those of Device; wrong_kind (not a
    // block device), not_supported (a block size that makes no sense, or fewer than 4 descriptors),
    // no_space (too little memory, or not page-aligned).
    Result<> start(Device<B>& device, const Dma auto& memory, Options options = {});

    // After a lie, NEEDS_RESET or a change of mind: resets the device, calls lost(tag) for each
    // request that was in flight, and starts again. If the reset fails, nothing is called and all
    // memory stays the device's. A request that is lost may or may not have happened.
    template <class Lost>
    Result<> recover(Lost lost);

    // What the device said; refresh() after a configuration change reads it again. Requests are
    // checked against the latest capacity.
    const Info& info() const { return info_; }
    Result<> refresh();

    // Whether completed writes may stay in a cache, from now on and after recover(). Errors:
    // not_supported (nothing to choose, or a cache without a flush), device_fault (the device did
    // not take it over).
    Result<> set_write_back(bool on);

    // Prepares a request; kick() sends all that are prepared. Errors: would_block (no slot, or too
    // few descriptors, until something completes), bad_argument (no data, or not whole blocks),
    // out_of_range (beyond the capacity), too_big (too many runs or bytes), read_only,
    // not_supported (flush), device_fault (not started, or broken).
    [[gnu::always_inline]] Result<> read(u64 tag, Sector first, Run data)
    {
        return transfer(Type::in, tag, first, data);
    }
    [[gnu::always_inline]] Result<> write(u64 tag, Sector first, Run data)
    {
        if (info_.read_only)
            return fail(Errc::read_only);
        return transfer(Type::out, tag, first, data);
    }
    // The same in the usual case. False: nothing was done, and read or write has the reason, or
    // another way.
    [[gnu::always_inline]] bool try_read(u64 tag, Sector first, u32 sectors, DeviceAddr data)
    {
        return try_transfer(Type::in, tag, first, sectors, data);
    }
    [[gnu::always_inline]] bool try_write(u64 tag, Sector first, u32 sectors, DeviceAddr data)
    {
        return !info_.read_only && try_transfer(Type::out, tag, first, sectors, data);
    }
    Result<> read(u64 tag, Sector first, std::span<const Run> data)
    {
        return transfer(Type::in, tag, first, data);
    }
    Result<> write(u64 tag, Sector first, std::span<const Run> data)
    {
        if (info_.read_only)
            return fail(Errc::read_only);
        return transfer(Type::out, tag, first, data);
    }
    Result<> flush(u64 tag);
    Result<> identify(u64 tag);  // serial() is there when it completed
    // The same into memory of the caller's: sizeof(Serial) bytes.
    Result<> identify(u64 tag, DeviceAddr into);
    // Without data. Errors: as above; not_supported (was not negotiated), too_big (more than
    // info() says).
    Result<> discard(u64 tag, Sector first, u32 sectors);
    Result<> write_zeroes(u64 tag, Sector first, u32 sectors, bool unmap);
    bool room(usize runs = 1) const { return requests_.room(runs); }

    // True: the device was notified. Otherwise there was nothing to send, or it said that it looks
    // by itself.
    bool kick();
    // A request that came back. An error is a lie of the device: told once, then only recover()
    // helps.
    std::optional<Result<Done>> take();
    // Before sleeping. True: take() first, there may be no interrupt for what came.
    [[nodiscard]] bool arm() { return requests_.arm(); }
    // Both, and again if something came meanwhile: sum = each(sum, Done) for all that came back.
    // `each` may prepare requests and kick, no more. Errors: a lie of the device, as take.
    template <class Each>
    Result<u64> drain(u64 sum, Each each);

    const Serial& serial() const { return serial_; }
    // Of the request queue, as the device was told.
    const RingAddresses& rings() const { return rings_; }
    u16 slots() const { return requests_.slots(); }
    u16 in_flight() const { return requests_.in_flight(); }
    bool broken() const { return requests_.broken(); }
    Fault fault() const { return requests_.fault(); }

private:
    using Requests = Chains<MaxSlots, MaxQueue, MaxRuns>;

    static constexpr u16 request_queue = 0;
    static constexpr u32 max_bytes = ~u32{0} - 1 - Requests::frame_bytes;
    static constexpr u32 most_usual = max_bytes / sector_bytes;  // sectors

    static constexpr Options fit(Options asked)
    {
        const u16 size = std::bit_floor(std::min(asked.queue_size, MaxQueue));
        const auto quarter = static_cast<u16>(size / 4);
        const auto runs = static_cast<u16>(size < 4 ? 1 : size - 2);
        return {size, std::min({asked.slots, MaxSlots, quarter}),
                std::clamp(asked.runs, u16{1}, std::min(MaxRuns, runs))};
    }

    Result<> bring_up();
    Result<> set_up_queue();
    Result<Info> ask() const;
    bool try_transfer(Type type, u64 tag, Sector first, u32 sectors, DeviceAddr data);
    Result<> transfer(Type type, u64 tag, Sector first, Run data);
    Result<> transfer(Type type, u64 tag, Sector first, std::span<const Run> data);
    Result<> admit(Sector first, std::span<const Run> data) const;
    Result<> transfer_otherwise(Type type, u64 tag, Sector first, Run data);
    bool whole_blocks(Sector first, u64 bytes) const
    {
        return ((first.raw() * sector_bytes | bytes) & (info_.block_bytes - 1)) == 0;
    }
    // What the usual way takes. Bits that no sector and no number of them may have: parts of
    // blocks; and so far away that the end overflows, which no capacity reaches. With a packed ring
    // there is no usual way: all bits.
    struct Bounds {
        u64 bits = ~u64{0};
        u64 end = 0;

        bool hold(u64 first, u64 sectors) const
        {
            return ((first | sectors) & bits) == 0 && first + sectors <= end;
        }
    };
    void set_bounds()
    {
        bounds_ = {(info_.block_bytes / sector_bytes - 1) | ~(max_capacity * 2 + 1),
                   info_.capacity.raw()};
        if (requests_.packed())
            bounds_ = {};
    }
    bool usable() const { return requests_.slots() != 0 && !broken(); }
    Result<> admit_without_data() const;
    Result<> admit_range(Sector first, u32 sectors, u32 limit) const;
    template <class Each>
    Result<u64> take_rare(u64 sum, UsedElement used, Each each);
    Done done(const Returned& returned);
    Outcome outcome(Answer answer, bool complete) const;
    void keep_serial();

    Device<B>* device_ = nullptr;
    Bounds bounds_;  // of info_
    Info info_;
    bool legacy_ = false;
    Requests requests_;
    DmaRegion identity_;  // where the device writes its serial
    Serial serial_{};
    DmaRegion memory_;
    RingAddresses rings_{};
    Options options_;
    std::optional<bool> write_back_;  // as it was set
};

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::start(Device<B>& device,
                                                       const Dma auto& memory,
                                                       Options options)
{
    device_ = &device;
    memory_ = memory.region();
    options_ = options;
    return bring_up();
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::bring_up()
{
    requests_.stop();
    if (device_->type() != DeviceType::block)
        return fail(Errc::wrong_kind);
    legacy_ = device_->legacy();
    auto done = device_->negotiate(wish);
    if (done)
        done = refresh();
    if (done)
        done = set_up_queue();
    if (done)
        done = device_->go();
    if (done && write_back_)
        done = set_write_back(*write_back_);
    if (!done) {
        requests_.stop();
        device_->give_up();
    }
    return done;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::set_up_queue()
{
    const auto size = device_->queue_size(request_queue, fit(options_).queue_size);
    if (!size)
        return fail(size.error());
    const auto [entries, slots, runs] = fit({*size, options_.slots, options_.runs});
    if (slots == 0)
        return fail(Errc::not_supported);

    DmaCursor cursor{memory_};
    const auto chains = cursor.take(Requests::memory_bytes(entries, slots, runs), ring_alignment);
    const auto identity = cursor.take(Bytes{sizeof(Serial)}, 1);
    if (!chains || !identity)
        return fail(Errc::no_space);
    identity_ = *identity;
    const auto rings =
        requests_.start(*chains,
                        QueueOptions::negotiated(device_->negotiation().accepted, entries,
                                                 Requests::tables(slots, runs)),
                        slots);
    if (!rings)
        return fail(rings.error());
    rings_ = *rings;
    info_.max_runs = std::min(info_.max_runs, u32{requests_.max_runs()});
    set_bounds();
    return device_->enable(request_queue, rings_);
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
template <class Lost>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::recover(Lost lost)
{
    if (const auto done = device_->reset(); !done)
        return done;
    for (u16 slot = 0; slot < requests_.slots(); ++slot)
        if (requests_.in_flight(slot))
            lost(requests_.tag(slot));
    return bring_up();
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::refresh()
{
    const auto info = device_->template config<Config>(
        [this](const auto& config) { return read_info(config, device_->negotiation().accepted); });
    if (!info)
        return fail(info.error());
    if (!sane(*info))
        return fail(Errc::not_supported);
    info_ = *info;
    round_limits(info_);
    set_bounds();
    if (requests_.slots() != 0)
        info_.max_runs = std::min(info_.max_runs, u32{requests_.max_runs()});
    return {};
}

// Everything that refuses a request, with the exact reason; nothing if nothing does.
template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::noinline]] Result<>
Driver<B, MaxSlots, MaxQueue, MaxRuns>::admit(Sector first, std::span<const Run> data) const
{
    if (!usable())
        return fail(Errc::device_fault);
    if (data.size() > info_.max_runs)
        return fail(Errc::too_big);
    u64 bytes = 0;
    for (const Run& run : data) {
        if (run.length == 0)
            return fail(Errc::bad_argument);
        bytes += run.length;
    }
    if (bytes > max_bytes)
        return fail(Errc::too_big);
    if (bytes == 0 || !whole_blocks(first, bytes))
        return fail(Errc::bad_argument);
    if (!fits(first.raw(), bytes / sector_bytes, info_.capacity.raw()))
        return fail(Errc::out_of_range);
    if (!requests_.room(data.size()))
        return fail(Errc::would_block);
    return {};
}

// What admit() checks, for the usual case of one run.
template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline bool Driver<B, MaxSlots, MaxQueue, MaxRuns>::try_transfer(
    Type type, u64 tag, Sector first, u32 sectors, DeviceAddr data)
{
    if (sectors - 1 >= most_usual || !bounds_.hold(first.raw(), sectors) || !requests_.room())
        [[unlikely]]
        return false;
    requests_.template submit<true>(type, first.raw(), tag, {data, sectors * sector_bytes});
    return true;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline Result<>
Driver<B, MaxSlots, MaxQueue, MaxRuns>::transfer(Type type, u64 tag, Sector first, Run run)
{
    if (run.length % sector_bytes == 0
        && try_transfer(type, tag, first, run.length / sector_bytes, run.address)) [[likely]]
        return {};
    return transfer_otherwise(type, tag, first, run);
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::noinline]] Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::transfer_otherwise(Type type,
                                                                                      u64 tag,
                                                                                      Sector first,
                                                                                      Run run)
{
    const auto admitted = admit(first, std::span{&run, 1});
    if (admitted)
        requests_.template submit<false>(type, first.raw(), tag, run);
    return admitted;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::noinline]] Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::transfer(
    Type type, u64 tag, Sector first, std::span<const Run> data)
{
    if (data.size() == 1)
        return transfer(type, tag, first, data[0]);
    const auto admitted = admit(first, data);
    return admitted ? requests_.submit_several(type, first.raw(), tag, data) : admitted;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::admit_without_data() const
{
    if (!usable())
        return fail(Errc::device_fault);
    if (!requests_.room())
        return fail(Errc::would_block);
    return {};
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::flush(u64 tag)
{
    if (usable() && !info_.flush)
        return fail(Errc::not_supported);
    const auto admitted = admit_without_data();
    return admitted ? requests_.submit_flush(tag) : admitted;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::identify(u64 tag)
{
    const auto admitted = admit_without_data();
    return admitted ? requests_.submit_identify(tag, {identity_.address, sizeof(Serial)})
                    : admitted;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::identify(u64 tag, DeviceAddr into)
{
    const auto admitted = admit_without_data();
    const Run run{into, sizeof(Serial)};
    return admitted ? requests_.submit_several(Type::get_id, 0, tag, {&run, 1}) : admitted;
}

// A range without data, of a disk that knows the operation.
template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<>
Driver<B, MaxSlots, MaxQueue, MaxRuns>::admit_range(Sector first, u32 sectors, u32 limit) const
{
    if (const auto admitted = admit_without_data(); !admitted)
        return admitted;
    if (limit == 0)
        return fail(Errc::not_supported);
    if (info_.read_only)
        return fail(Errc::read_only);
    if (sectors == 0 || !whole_blocks(first, u64{sectors} * sector_bytes))
        return fail(Errc::bad_argument);
    if (sectors > limit)
        return fail(Errc::too_big);
    return fits(first.raw(), sectors, info_.capacity.raw()) ? Result<>{} : fail(Errc::out_of_range);
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::discard(u64 tag, Sector first, u32 sectors)
{
    const auto admitted = admit_range(first, sectors, info_.max_discard);
    return admitted ? requests_.submit_range(Type::discard, tag, {first.raw(), sectors, 0})
                    : admitted;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<>
Driver<B, MaxSlots, MaxQueue, MaxRuns>::write_zeroes(u64 tag, Sector first, u32 sectors, bool unmap)
{
    const auto admitted = admit_range(first, sectors, info_.max_write_zeroes);
    const u32 flags = unmap ? Range::unmap : 0;
    return admitted ? requests_.submit_range(Type::write_zeroes, tag, {first.raw(), sectors, flags})
                    : admitted;
}

// virtio 1.2, 5.2.4: 0 is write-through. Read back, since a device may refuse silently.
template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
Result<> Driver<B, MaxSlots, MaxQueue, MaxRuns>::set_write_back(bool on)
{
    if (!info_.cache_settable || (on && !info_.flush))
        return fail(Errc::not_supported);
    const auto config = device_->template config<Config>();
    config.write(Config::writeback, u8{on});
    if ((config.read(Config::writeback) != 0) != on)
        return fail(Errc::device_fault);
    write_back_ = on;
    info_.write_back = on;
    return {};
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline bool Driver<B, MaxSlots, MaxQueue, MaxRuns>::kick()
{
    if (!requests_.publish())
        return false;
    device_->notify(request_queue);
    return true;
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline std::optional<Result<Done>>
Driver<B, MaxSlots, MaxQueue, MaxRuns>::take()
{
    const auto taken = requests_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken) [[unlikely]]
        return fail(taken->error());
    return done(**taken);
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
template <class Each>
[[gnu::always_inline]] inline Result<u64> Driver<B, MaxSlots, MaxQueue, MaxRuns>::drain(u64 sum,
                                                                                        Each each)
{
    return requests_.drain(
        sum,
        [each](u64 so_far, u64 tag, u32 bytes) {
            return each(so_far, Done{tag, Outcome::ok, bytes});
        },
        [this, each](u64 so_far, UsedElement used) { return take_rare(so_far, used, each); });
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
template <class Each>
[[gnu::noinline]] Result<u64>
Driver<B, MaxSlots, MaxQueue, MaxRuns>::take_rare(u64 sum, UsedElement used, Each each)
{
    const auto returned = requests_.examine(used);
    if (!returned)
        return fail(returned.error());
    return each(sum, done(*returned));
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline Done
Driver<B, MaxSlots, MaxQueue, MaxRuns>::done(const Returned& returned)
{
    const Outcome result = outcome(returned.answer, returned.complete);
    if (returned.identity && result == Outcome::ok) [[unlikely]]
        keep_serial();
    return Done{returned.tag, result, result == Outcome::ok ? returned.bytes : 0};
}

template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::always_inline]] inline Outcome
Driver<B, MaxSlots, MaxQueue, MaxRuns>::outcome(Answer answer, bool complete) const
{
    // The status byte is the last that the device writes: if it says it wrote less, the byte is not
    // its answer. Version 1 devices are known to miscount (virtio 1.2, 5.2.6.5).
    if (answer == Answer::ok && (complete || legacy_)) [[likely]]
        return Outcome::ok;
    switch (answer) {
    case Answer::io_error:
        return Outcome::io_error;
    case Answer::unsupported:
        return Outcome::unsupported;
    default:
        return Outcome::device_fault;
    }
}

// Copied once: the device could still change the original.
template <Bus B, u16 MaxSlots, u16 MaxQueue, u16 MaxRuns>
[[gnu::cold, gnu::noinline]] void Driver<B, MaxSlots, MaxQueue, MaxRuns>::keep_serial()
{
    std::memcpy(serial_.data(), identity_.memory, serial_.size());
}

}  // namespace virtio::blk
