// netd/nic.hpp - the virtio network device as the engine sees it: its driver, the server's own
// receive buffers, and what its filter was told.
#pragma once

#include "modes.hpp"
#include "session.hpp"

#include <virtio/net.hpp>

namespace netd {

template <virtio::Bus B>
class VirtioNic {
    static constexpr u16 queue_size = 256;
    using Driver = virtio::net::Driver<B, queue_size, 1>;

public:
    using PlainSend = typename Driver::Transmit::Plain;

    static constexpr u16 receive_size = 128;
    static constexpr u16 send_size = queue_size;
    static constexpr u16 most_sends = 128;  // at the device
    static constexpr virtio::net::Options options{.receive_size = receive_size,
                                                  .transmit_size = send_size,
                                                  .pairs = 1,
                                                  .profile = virtio::net::Profile::whole_frames};

    // DMA memory that start() needs, the receive buffers included.
    static constexpr Bytes memory_bytes()
    {
        return Bytes{align_up(Driver::memory_bytes(options).raw(), page_bytes) + buffer_memory};
    }

    // `made_up`: six random bytes, for a device without an address. Errors: those of the driver.
    Result<> start(virtio::Device<B>& device, const virtio::Dma auto& memory, net::Mac made_up);

    const virtio::net::Info& info() const { return driver_.info(); }
    virtio::Features accepted() const { return driver_.accepted(); }
    const net::Mac& mac() const { return mac_; }
    bool mac_made_up() const { return !info().mac; }
    u32 max_frame() const { return info().mtu + virtio::net::link_header; }
    u64 notifies() const { return notifies_; }
    u64 interrupts() const { return interrupts_; }

    // Takes the interrupt back, before receive. True: what the device says of itself may have
    // changed. Errors: device_fault (it wants a reset, or makes no sense any more).
    Result<bool> acknowledge();

    // The device will interrupt for the next frame that comes; nothing that came lies there.
    bool listening() const { return listening_ && !driver_.control().busy(); }
    // Frames that were sent and not taken back.
    u32 sending() const { return driver_.transmit().in_flight(); }
    // Looks for frames that came without an interrupt: then it listens no more.
    void look() { listening_ = listening_ && !has_received(); }
    // So many it can have at the device, if each is in one piece.
    u32 capacity() const { return std::min(driver_.transmit().capacity(), most_sends); }
    // There may be frames that came, or that are out.
    bool has_received() { return driver_.receive().ready(); }
    bool has_sent() { return driver_.transmit().ready(); }

    // each(virtio::net::Plain) for the next frames that came and are so, at most so many. Returns
    // how many; receive() tells of others.
    template <class Each>
    [[gnu::always_inline]] u32 receive_plain(u32 most, Each each)
    {
        return driver_.receive().take_plain(static_cast<u16>(most), each);
    }
    // The next frame that came, if one did. An error is a lie.
    std::optional<Result<virtio::net::Frame>> receive() { return driver_.receive().take(); }
    std::span<const std::byte> bytes(const virtio::net::Piece& piece) const
    {
        return {buffer(piece.tag).memory + piece.offset, piece.length};
    }
    // All that came was looked at: its buffers are the device's again.
    [[gnu::always_inline]] void give_back() { driver_.receive().repost(); }

    // `asked` was admitted. A device that makes no checksums gets frames that have theirs: once,
    // before the frame is sent or waits.
    void prepare(net::Send& asked, const Session& session) const
    {
        if (asked.flags != 0 && !driver_.has_tx_csum()) [[unlikely]]
            make_checksum(asked, session);
    }
    // Errors: would_block (something must come back first).
    [[gnu::always_inline]] Result<> send(u64 tag, const net::Send& asked, const Session& session)
    {
        if (driver_.transmit().in_flight() >= most_sends) [[unlikely]]
            return fail(Errc::would_block);
        if (asked.flags != 0 || !session.buffer().contiguous()) [[unlikely]]
            return send_other(tag, asked, session);
        return driver_.send(
            tag, virtio::Run{session.buffer().start() + Bytes{asked.offset}, asked.bytes});
    }
    // So many sends of the session that are plain() can't fail now.
    u32 plain_room(const Session& session)
    {
        const auto& queue = driver_.transmit();
        const u32 left = most_sends - std::min(queue.in_flight(), most_sends);
        return session.buffer().contiguous() ? std::min<u32>(queue.plain_room(), left) : 0;
    }
    // Sends those that each() gives, as virtio's transmitter does.
    template <class Each>
    [[gnu::always_inline]] u32 send_plain(u32 most, Each each)
    {
        return driver_.transmit().send_plain(static_cast<u16>(most), each);
    }
    // The tag of a frame that is out, if one is. An error is a lie.
    [[gnu::always_inline]] std::optional<Result<u64>> sent()
    {
        return driver_.transmit().reclaim();
    }

    // The same of those that are plain(): each(tag), at most so many, as long as it takes them.
    template <class Each>
    [[gnu::always_inline]] u32 sent_plain(u32 most, Each each)
    {
        return driver_.transmit().reclaim_plain(static_cast<u16>(most), each);
    }

    Modes& modes() { return modes_; }
    // Tells the device what is to be told, and hears what it said to that. Errors: device_fault (a
    // lie).
    Result<> settle();

    [[gnu::always_inline]] void kick() { notifies_ += driver_.kick() ? 1 : 0; }
    // Before sleeping. True: look at everything once more. `sends`: also for frames that go out.
    [[gnu::always_inline]] bool arm(bool sends)
    {
        bool more = false;
        if (!listening()) {
            const bool usual = !packed_ && !driver_.control().busy();
            more = usual ? driver_.receive().arm() : driver_.arm();
            listening_ = !more && !packed_;
        }
        return (sends && driver_.arm_transmit()) || more;
    }

    // Resets the device; lost(tag) for each frame that it had. Errors: those of the driver.
    template <class Lost>
    Result<> recover(Lost lost);

private:
    static constexpr u64 buffer_memory = u64{receive_size} * 2048;

    virtio::DmaRegion buffer(u64 index) const
    {
        const Bytes offset{index * buffer_bytes_};
        return {buffers_.memory + offset.raw(), buffers_.address + offset, Bytes{buffer_bytes_}};
    }
    Result<> begin();
    Result<bool> configuration_changed(const virtio::Interrupt& cause);
    static void make_checksum(net::Send& asked, const Session& session);
    Result<> send_other(u64 tag, const net::Send& asked, const Session& session);

    virtio::Device<B>* device_ = nullptr;
    Driver driver_;
    Modes modes_;
    virtio::DmaRegion buffers_;
    u32 buffer_bytes_ = 0;
    bool listening_ = false;
    bool packed_ = false;    // before each sleep, the driver has more to say to a packed ring
    bool announce_ = false;  // the device waits to hear that its clients know
    net::Mac mac_{};
    u64 notifies_ = 0;
    u64 interrupts_ = 0;
};

template <virtio::Bus B>
Result<>
VirtioNic<B>::start(virtio::Device<B>& device, const virtio::Dma auto& memory, net::Mac made_up)
{
    device_ = &device;
    virtio::DmaCursor cursor{memory.region()};
    const auto rings = cursor.take(Driver::memory_bytes(options), page_bytes);
    const auto buffers = cursor.take(Bytes{buffer_memory}, page_bytes);
    if (!rings || !buffers)
        return fail(Errc::no_space);
    buffers_ = *buffers;
    if (const auto started = driver_.start(device, *rings, options); !started)
        return started;
    mac_ = info().mac ? info().mac->bytes : virtio::net::Mac::local(made_up).bytes;
    return begin();
}

// The device runs, and has nothing yet.
template <virtio::Bus B>
Result<> VirtioNic<B>::begin()
{
    modes_.restart(driver_.accepted());
    listening_ = false;
    packed_ = driver_.accepted().has(virtio::Feature::ring_packed);
    buffer_bytes_ = static_cast<u32>(align_up(std::max(driver_.receive().min_buffer(), 2048U), 64));
    const u64 count = std::min<u64>(receive_size, buffer_memory / buffer_bytes_);
    for (u64 index = 0; index < count; ++index)
        if (const auto posted = driver_.receive().post(index, buffer(index)); !posted)
            return posted.error() == Errc::would_block && index != 0 ? Result<>{} : posted;
    return {};
}

template <virtio::Bus B>
[[gnu::always_inline]] inline Result<bool> VirtioNic<B>::acknowledge()
{
    const virtio::Interrupt cause = device_->acknowledge();
    ++interrupts_;
    listening_ = false;
    if (!cause.config_change) [[likely]]
        return false;
    return configuration_changed(cause);
}

template <virtio::Bus B>
[[gnu::cold, gnu::noinline]] Result<bool>
VirtioNic<B>::configuration_changed(const virtio::Interrupt& cause)
{
    if (cause.needs_reset)
        return fail(Errc::device_fault);
    const auto read = driver_.refresh();
    announce_ |= read && info().announce;
    return read.transform([] { return true; });
}

// A frame in pieces, or one whose checksum the device makes.
template <virtio::Bus B>
[[gnu::noinline]] Result<>
VirtioNic<B>::send_other(u64 tag, const net::Send& asked, const Session& session)
{
    virtio::net::Offload offload;
    if (asked.flags != 0) {
        offload.needs_csum = true;
        offload.csum = {asked.csum_start, asked.csum_offset};
    }
    std::array<virtio::Run, virtio::net::max_frame_runs> runs;
    const usize count =
        session.buffer().split(asked.offset, asked.bytes, std::span<virtio::Run>{runs});
    return driver_.send(tag, std::span<const virtio::Run>{runs}.first(count), offload);
}

template <virtio::Bus B>
[[gnu::cold, gnu::noinline]] void VirtioNic<B>::make_checksum(net::Send& asked,
                                                              const Session& session)
{
    const auto frame = session.bytes().subspan(asked.offset, asked.bytes);
    (void)virtio::net::complete(frame, {asked.csum_start, asked.csum_offset});
    asked.flags = 0;
}

template <virtio::Bus B>
[[gnu::always_inline]] inline Result<> VirtioNic<B>::settle()
{
    auto& control = driver_.control();
    if (!control.busy() && modes_.quiet() && !announce_) [[likely]]
        return {};
    while (const auto done = control.take()) {
        if (!*done)
            return fail(done->error());
        if ((*done)->command != virtio::net::Command::announce_ack)
            modes_.done((*done)->ok);
    }
    modes_.step(control);
    if (announce_ && !control.busy())
        announce_ = !control.announced();
    return {};
}

template <virtio::Bus B>
template <class Lost>
Result<> VirtioNic<B>::recover(Lost lost)
{
    const auto again = driver_.recover([&](virtio::net::Direction direction, u64 tag) {
        if (direction == virtio::net::Direction::sent)
            lost(tag);
    });
    return again ? begin() : again;
}

}  // namespace netd
