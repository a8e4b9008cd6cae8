// bench/frames.hpp - Ethernet frames, as a client process of netd sees them. The other end is the
// peer of tests/peer.
//
// Batches are of 32 frames. Measured one batch at a time, what a batch costs does not depend on how
// fast the host is: everybody sleeps until the device has sent the last batch, or has all of the
// next one.
#pragma once

#include "meter.hpp"

#include <cstring>

#include <net/interface.hpp>
#include <peer/control.hpp>
#include <sys/notification.hpp>

namespace bench {

inline constexpr u32 batch = 32;

// A session with nic0 that hears of data frames only.
class Wire {
public:
    static constexpr net::Options options{.receive_frames = 64,
                                          .send_frames = 64,
                                          .frame_bytes = 2048,
                                          .filter = {.address = {},
                                                     .ether_type = peer::data_type,
                                                     .vlan = 0,
                                                     .flags = net::FilterFlags::own,
                                                     .reserved = 0}};

    Result<> open(const sys::Startup& given)
    {
        if (const auto opened = nic.open(given, "nic0", options); !opened)
            return opened;
        header_.fill(0xff);
        std::memcpy(&header_[6], nic.info().mac.data(), 6);
        return {};
    }

    // Puts frames in line, of which only the header is written; kick() shows them.
    Result<> send(u32 count, usize bytes)
    {
        address(peer::data_type);
        const auto write = [&](std::span<std::byte> place) {
            std::memcpy(place.data(), header_.data(), header_.size());
            return bytes;
        };
        while ((count -= nic.send_each(count, write)) != 0)
            if (const auto woken = nic.wait_sent(); !woken)
                return woken;
        return {};
    }

    // Tells the peer, and so sends all before.
    Result<> tell(peer::Op op, u32 count = 0, u32 bytes = 0, u32 delay_us = 0)
    {
        auto frame = place();
        if (!frame)
            return fail(frame.error());
        const peer::Command command{peer::magic, op, count, bytes, 0, delay_us};
        frame->resize(peer::header_bytes + sizeof(command));
        address(peer::control_type);
        std::memcpy(frame->bytes().data(), header_.data(), header_.size());
        std::memcpy(&frame->bytes()[peer::header_bytes], &command, sizeof(command));
        if (const auto sent = nic.send(std::move(*frame)); !sent)
            return sent;
        nic.kick();
        return {};
    }

    // Takes so many frames, and sleeps until they are there.
    Result<> take(u32 count)
    {
        for (u32 got = 0; got < count;) {
            got += nic.receive_each(count - got, [](const net::Glimpse&) {});
            if (got < count)
                if (const auto woken = nic.wait(); !woken)
                    return woken;
        }
        return {};
    }

    Result<> flush()
    {
        nic.kick();
        while (nic.sending() != 0)
            if (const auto woken = nic.wait_sent(); !woken)
                return woken;
        return {};
    }

    net::Interface nic;

private:
    // Sleeps only if the device was not done with earlier frames in time.
    [[gnu::always_inline]] Result<net::Frame> place()
    {
        auto frame = nic.frame();
        while (!frame || nic.sending() == options.send_frames) [[unlikely]] {
            if (const auto woken = nic.wait_sent(); !woken)
                return fail(woken.error());
            frame = nic.frame();
        }
        return frame;
    }

    // To everybody: the peer asks no address.
    void address(u16 type)
    {
        header_[12] = static_cast<u8>(type >> 8);
        header_[13] = static_cast<u8>(type);
    }

    std::array<u8, peer::header_bytes> header_{};
};

// Sleeps in steps until the device has nothing to do any more, as the host allows.
class Pause {
public:
    static Result<Pause> create()
    {
        auto nobody = sys::create_notification();
        if (!nobody)
            return fail(nobody.error());
        return Pause{std::move(*nobody)};
    }
    void operator()() const { (void)sys::wait(nobody_.borrow(), sys::after_ms(1)); }

private:
    explicit Pause(sys::Handle<sys::Notification> nobody) : nobody_{std::move(nobody)} {}
    sys::Handle<sys::Notification> nobody_;
};

inline DeviceCounts counts_of(const net::Stats& stats) { return {stats.notifies, stats.accesses}; }

// `work(region)` stops and resumes the region as it likes, and leaves it stopped.
template <class Work>
Result<> wire_region(Wire& wire, std::string_view name, u64 n, u64 bytes, Work work)
{
    const auto before = wire.nic.stats();
    if (!before)
        return fail(before.error());
    Region region{counts_of(*before)};
    if (const auto done = work(region); !done)
        return done;
    const auto after = wire.nic.stats();
    if (!after)
        return fail(after.error());
    region.print(name, n, bytes, counts_of(*after));
    return {};
}

// From the first frame put in line until the program may go on; netd has told the device of the
// batch then, and has taken the last one back.
inline Result<> sends(Wire& wire, std::string_view name, u32 bytes, u32 batches)
{
    const auto pause = Pause::create();
    if (!pause)
        return fail(pause.error());
    if (const auto told = wire.tell(peer::Op::sink); !told)
        return told;
    const auto one = [&] {
        const auto sent = wire.send(batch, bytes);
        wire.nic.kick();
        return sent;
    };
    for (u32 n = 0; n < 4; ++n, (*pause)())
        if (const auto warm = one(); !warm)
            return warm;
    return wire_region(wire, name, u64{batches} * batch, u64{batches} * batch * bytes,
                       [&](Region& region) -> Result<> {
                           region.stop();
                           for (u32 n = 0; n < batches; ++n, (*pause)()) {
                               region.resume();
                               const auto sent = one();
                               region.stop();
                               if (!sent)
                                   return sent;
                           }
                           return {};
                       });
}

// From going to sleep, when the peer was told, until the batch is taken.
inline Result<> receives(Wire& wire, std::string_view name, u32 bytes, u32 batches)
{
    const auto one = [&](Region& region) {
        const auto told = wire.tell(peer::Op::flood, batch, bytes, 1000);
        region.resume();
        const auto taken = told ? wire.take(batch) : told;
        region.stop();
        return taken;
    };
    return wire_region(wire, name, u64{batches} * batch, u64{batches} * batch * bytes,
                       [&](Region& region) -> Result<> {
                           region.stop();
                           for (u32 n = 0; n < batches; ++n)
                               if (const auto done = one(region); !done)
                                   return done;
                           return {};
                       });
}

// One frame there and back at a time. It is shown to netd by going to sleep, which needs one call
// for both.
inline Result<> echoes(Wire& wire, u32 count)
{
    const auto one = [&] {
        const auto sent = wire.send(1, 64);
        return sent ? wire.take(1) : sent;
    };
    if (const auto told = wire.tell(peer::Op::echo); !told)
        return told;
    for (u32 n = 0; n < 4; ++n)
        if (const auto warm = one(); !warm)
            return warm;
    return wire_region(wire, "net.echo64", count, u64{count} * 64, [&](Region& region) {
        Result<> done;
        for (u32 n = 0; n < count && done; ++n)
            done = one();
        region.stop();
        return done;
    });
}

// The same without a stop between batches.
inline Result<> sends_at_once(Wire& wire, std::string_view name, u32 bytes)
{
    constexpr u64 count = 64 * batch;
    if (const auto told = wire.tell(peer::Op::sink); !told)
        return told;
    const auto many = [&](u64 frames) {
        Result<> sent;
        for (u64 n = 0; n < frames && sent; n += batch) {
            sent = wire.send(batch, bytes);
            wire.nic.kick();
        }
        return sent;
    };
    if (const auto warm = many(u64{2} * batch); !warm)
        return warm;
    return wire_region(wire, name, count, count * bytes, [&](Region& region) {
        const auto sent = many(count);
        region.stop();
        return sent;
    });
}

inline Result<> receives_at_once(Wire& wire, std::string_view name, u32 bytes)
{
    constexpr u64 count = 64 * batch;
    return wire_region(wire, name, count, count * bytes, [&](Region& region) {
        Result<> done;
        for (u64 n = 0; n < count && done; n += batch) {
            done = wire.tell(peer::Op::flood, batch, bytes);
            if (done)
                done = wire.take(batch);
        }
        region.stop();
        return done;
    });
}

inline Result<> frames_at_once(const sys::Startup& given)
{
    Wire wire;
    if (const auto opened = wire.open(given); !opened)
        return opened;
    if (const auto done = sends_at_once(wire, "net.tx64", 64); !done)
        return done;
    if (const auto done = sends_at_once(wire, "net.tx1514", 1514); !done)
        return done;
    if (const auto done = echoes(wire, 256); !done)
        return done;
    if (const auto done = receives_at_once(wire, "net.rx64", 64); !done)
        return done;
    return receives_at_once(wire, "net.rx1514", 1514);
}

inline Result<> frames(const sys::Startup& given)
{
    Wire wire;
    if (const auto opened = wire.open(given); !opened)
        return opened;
    if (const auto done = sends(wire, "net.tx64", 64, 64); !done)
        return done;
    if (const auto done = receives(wire, "net.rx64", 64, 64); !done)
        return done;
    if (const auto done = sends(wire, "net.tx1514", 1514, 64); !done)
        return done;
    if (const auto done = receives(wire, "net.rx1514", 1514, 64); !done)
        return done;
    return echoes(wire, 256);
}

}  // namespace bench
