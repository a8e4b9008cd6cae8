// virtio/net.hpp - a network device (virtio 1.2, 5.1): frames in, frames out, filters, link.
//
// start; post receive buffers; then any number of send and receive, one kick; receive until nothing
// comes, arm before sleeping. Frames that are out are reclaimed when the caller needs the room;
// only who has to wait for room arms the transmit queue. The driver never waits and knows no time.
#pragma once

#include <virtio/net_control.hpp>
#include <virtio/net_receive.hpp>
#include <virtio/net_transmit.hpp>

namespace virtio::net {

struct Options {
    u16 receive_size = 128;   // descriptors wished for; a buffer is one
    u16 transmit_size = 256;  // a frame is its runs and one or two
    u16 pairs = 1;            // of queues wished for
    Profile profile = Profile::full;
};

enum class Direction : u8 { received, sent };

template <Bus B, u16 MaxQueue = 256, u16 MaxPairs = 1>
class Driver {
public:
    using Receive = Receiver<MaxQueue>;
    using Transmit = Transmitter<MaxQueue>;

    Driver() = default;
    Driver(const Driver&) = delete;  // there is one device
    Driver& operator=(const Driver&) = delete;

    // DMA memory that start() needs; the buffers of frames are the caller's.
    static constexpr Bytes memory_bytes(Options options = {})
    {
        const Options fitted = fit(options);
        const u64 pair = Receive::memory_bytes(fitted.receive_size).raw()
                         + Transmit::memory_bytes(fitted.transmit_size).raw();
        return Bytes{pair * fitted.pairs} + Control::memory_bytes();
    }

    // Brings the device up. On failure it was told so (FAILED), and device.negotiation() tells
    // more. `device` and `memory` outlive the driver. Errors: those of Device; wrong_kind (not a
    // network device), not_supported (a configuration that makes no sense, a queue too small for a
    // frame, or a version 1 device without ANY_LAYOUT), no_space (too little memory, or not
    // page-aligned).
    Result<> start(Device<B>& device, const Dma auto& memory, Options options = {});

    // After a lie, NEEDS_RESET or a change of mind: resets the device, calls lost(direction, tag)
    // for each buffer and frame that it had, and starts again; filters, modes and pairs are to be
    // set again. If the reset fails, nothing is called and all memory stays the device's.
    template <class Lost>
    Result<> recover(Lost lost);

    // What the device said; refresh() after a configuration change reads link and speed again.
    // Errors: device_fault (never stops changing), not_supported (makes no sense).
    const Info& info() const { return info_; }
    Result<> refresh();
    Features accepted() const { return accepted_; }
    bool has_tx_csum() const { return accepted_.has(NetFeature::csum); }
    bool has_rx_csum() const { return accepted_.has(NetFeature::guest_csum); }

    // Queue pairs that are set up; control().use_pairs() lets the device use more than one.
    u16 pairs() const { return pairs_; }
    // `pair` is less than pairs().
    Receive& receive(u16 pair = 0) { return receive_[pair]; }
    Transmit& transmit(u16 pair = 0) { return transmit_[pair]; }
    const Transmit& transmit(u16 pair = 0) const { return transmit_[pair]; }
    Control& control() { return control_; }
    const Control& control() const { return control_; }
    // As Transmitter::send; also out_of_range: a pair that the device does not use yet.
    Result<> send(u64 tag, std::span<const Run> frame, const Offload& offload = {}, u16 pair = 0)
    {
        if (pair >= control_.pairs())
            return fail(Errc::out_of_range);
        return transmit_[pair].send(tag, frame, offload);
    }

    // The same of a frame in one piece, without offloads, on the first pair.
    [[gnu::always_inline]] Result<> send(u64 tag, const Run& frame)
    {
        return transmit_[0].send(tag, frame);
    }

    // Shows the device all that was prepared. True: it was notified.
    bool kick();
    // Before sleeping. True: take() from all receive queues and the control queue first, there may
    // be no interrupt for what came. A device with packed rings is told of frames that it did not
    // want to hear of.
    [[nodiscard]] bool arm();
    // The same for frames that are out, for who waits for room. True: reclaim() first.
    [[nodiscard]] bool arm_transmit(u16 pair = 0) { return transmit_[pair].arm(); }

    bool broken() const;

private:
    static constexpr u16 receive_queue(u16 pair) { return static_cast<u16>(2 * pair); }
    static constexpr u16 transmit_queue(u16 pair) { return static_cast<u16>(2 * pair + 1); }
    u16 control_queue() const { return static_cast<u16>(2 * info_.max_pairs); }

    static constexpr Options fit(Options asked)
    {
        asked.receive_size = std::bit_floor(std::min(asked.receive_size, MaxQueue));
        asked.transmit_size = std::bit_floor(std::min(asked.transmit_size, MaxQueue));
        asked.pairs = std::clamp<u16>(asked.pairs, 1, MaxPairs);
        return asked;
    }

    Result<> bring_up();
    Result<> negotiate();
    Result<Info> ask() const;
    Result<> set_up_queues();
    Result<> set_up_pair(u16 pair, DmaCursor& cursor);
    void stop();

    Device<B>* device_ = nullptr;
    Info info_;
    Features accepted_;
    u16 pairs_ = 0;
    std::array<Receive, MaxPairs> receive_{};
    std::array<Transmit, MaxPairs> transmit_{};
    Control control_;
    DmaRegion memory_;
    Options options_;
};

template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<>
Driver<B, MaxQueue, MaxPairs>::start(Device<B>& device, const Dma auto& memory, Options options)
{
    device_ = &device;
    memory_ = memory.region();
    options_ = fit(options);
    return bring_up();
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
void Driver<B, MaxQueue, MaxPairs>::stop()
{
    for (Receive& queue : receive_)
        queue.stop();
    for (Transmit& queue : transmit_)
        queue.stop();
    control_.start_without();
    pairs_ = 0;
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<> Driver<B, MaxQueue, MaxPairs>::bring_up()
{
    stop();
    if (device_->type() != DeviceType::net)
        return fail(Errc::wrong_kind);
    auto done = negotiate();
    if (done)
        done = set_up_queues();
    if (done)
        done = device_->go();
    if (!done) {
        stop();
        device_->give_up();
    }
    return done;
}

// Twice if the device offers something without what it needs.
template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<> Driver<B, MaxQueue, MaxPairs>::negotiate()
{
    Wish asked = wish(options_.profile, device_->legacy());
    asked.optional = asked.optional | ring_features;
    if (const auto done = device_->negotiate(asked); !done)
        return done;
    accepted_ = device_->negotiation().accepted;
    if (closed(accepted_) != accepted_) {
        asked.optional = closed(accepted_);
        if (const auto done = device_->negotiate(asked); !done)
            return done;
        accepted_ = device_->negotiation().accepted;
        if (closed(accepted_) != accepted_)
            return fail(Errc::device_fault);
    }
    const auto info = ask();
    if (!info)
        return fail(info.error());
    info_ = *info;
    return {};
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<Info> Driver<B, MaxQueue, MaxPairs>::ask() const
{
    const auto info = device_->template config<Config>(
        [this](const auto& config) { return read_info(config, accepted_); });
    if (info && !sane(*info))
        return fail(Errc::not_supported);
    return info;
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<> Driver<B, MaxQueue, MaxPairs>::refresh()
{
    auto info = ask();
    if (!info)
        return fail(info.error());
    info->mtu = info_.mtu;  // both must not change (5.1.4.1), and the queues were made for them
    info->max_pairs = info_.max_pairs;
    info_ = *info;
    return {};
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<> Driver<B, MaxQueue, MaxPairs>::set_up_queues()
{
    DmaCursor cursor{memory_};
    const u16 pairs = std::min(options_.pairs, info_.max_pairs);
    for (u16 pair = 0; pair < pairs; ++pair)
        if (const auto done = set_up_pair(pair, cursor); !done)
            return done;
    if (accepted_.has(NetFeature::ctrl_vq)) {
        const auto done = control_.start(*device_, control_queue(), cursor, accepted_, pairs);
        if (!done)
            return done;
    }
    pairs_ = pairs;
    return {};
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
Result<> Driver<B, MaxQueue, MaxPairs>::set_up_pair(u16 pair, DmaCursor& cursor)
{
    const Rules rules{accepted_, info_.mtu};
    const auto done =
        receive_[pair].start(*device_, receive_queue(pair), cursor, options_.receive_size, rules);
    if (!done)
        return done;
    return transmit_[pair].start(*device_, transmit_queue(pair), cursor, options_.transmit_size,
                                 rules);
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
template <class Lost>
Result<> Driver<B, MaxQueue, MaxPairs>::recover(Lost lost)
{
    if (const auto done = device_->reset(); !done)
        return done;
    for (Receive& queue : receive_)
        queue.lost([&](u64 tag) { lost(Direction::received, tag); });
    for (Transmit& queue : transmit_)
        queue.lost([&](u64 tag) { lost(Direction::sent, tag); });
    return bring_up();
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
[[gnu::always_inline]] inline bool Driver<B, MaxQueue, MaxPairs>::kick()
{
    if (pairs_ == 0)
        return false;
    bool notified = receive_[0].kick(*device_);
    notified |= transmit_[0].kick(*device_);
    for (u16 pair = 1; pair < std::min(pairs_, MaxPairs); ++pair) {
        notified |= receive_[pair].kick(*device_);
        notified |= transmit_[pair].kick(*device_);
    }
    if (control_.busy())
        notified |= control_.kick(*device_);
    return notified;
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
bool Driver<B, MaxQueue, MaxPairs>::arm()
{
    bool more = control_.arm();
    const bool packed = accepted_.has(Feature::ring_packed);
    for (u16 pair = 0; pair < pairs_; ++pair) {
        if (packed)
            (void)transmit_[pair].insist(*device_);
        more |= receive_[pair].arm();
    }
    return more;
}

template <Bus B, u16 MaxQueue, u16 MaxPairs>
bool Driver<B, MaxQueue, MaxPairs>::broken() const
{
    bool broken = control_.broken();
    for (u16 pair = 0; pair < pairs_; ++pair)
        broken |= receive_[pair].broken() || transmit_[pair].broken();
    return broken;
}

}  // namespace virtio::net
