// net/interface.hpp - a network device behind the network protocol: the asynchronous core. The
// blocking layer is made of it.
//
//     net::Interface nic;
//     nic.open(given, "nic0");
//     auto frame = nic.frame();                // memory that the device reaches
//     frame->resize(bytes);                    // ... written, from the Ethernet header on
//     nic.send(std::move(*frame));
//     nic.kick();
//     while (auto got = nic.receive()) ...     // never waits
//     nic.wait(deadline);                      // until something came
//
// Frames that go out are not waited for: their places come back as they are needed. A server that
// was restarted is attached to again by wait(): frames that it had may have been sent or not, and
// count as lost; none is ever sent twice.
#pragma once

#include <string_view>

#include <net/channel.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace net {

using proto::net::Filter;
using proto::net::FilterFlags;
using proto::net::Mac;
using Info = proto::net::Info::Reply;
using Stats = proto::net::Stats::Reply;
using SessionStats = proto::net::SessionStats::Reply;

// Frames for this device, and those for everybody; of all types, of no VLAN.
inline constexpr Filter own_and_broadcast{
    .address = {},
    .ether_type = 0,
    .vlan = 0,
    .flags = FilterFlags::own | FilterFlags::broadcast,
    .reserved = 0,
};

struct Options {
    u32 receive_frames = 64;  // a power of two, at most 256
    u32 send_frames = 64;     // likewise
    u32 frame_bytes = 2048;   // a multiple of 64; longer frames are lost, and counted
    Filter filter = own_and_broadcast;
};

// Does not move: frames and peers point into it. All frames are dead before it is.
class Interface {
public:
    Interface() = default;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    ~Interface() { close(); }

    // Errors: bad_argument (options), busy (open already), malformed (what the server says of the
    // device cannot be); those of connecting, of memory, of Attach.
    Result<> open(const sys::Startup& given, std::string_view service, const Options& options = {});
    // Ends the session; what was not sent yet may be lost. Flush before.
    void close();

    // As the server said at open.
    const Info& info() const { return info_; }
    bool link_up() const { return (channel_.link() & proto::net::LinkBits::up) != 0; }
    // Changes whenever the link did, or others should hear of this device again.
    u32 link() const { return channel_.link(); }
    // Errors of all: those of a lost session.
    Result<Info> ask() { return session_->call<proto::net::Info>(); }
    Result<Stats> stats() { return session_->call<proto::net::Stats>(); }
    Result<SessionStats> session_stats()
    {
        return session_->call<proto::net::SessionStats>({session_number_, 0});
    }
    // Also denied (promiscuous), bad_argument.
    Result<> set_filter(const Filter& filter);

    // A place for a frame to send. Errors: would_block (all are in use: wait until something was
    // sent).
    [[gnu::always_inline]] Result<Frame> frame()
    {
        if (pool_.available() == 0 || channel_.sending() == options_.send_frames) [[unlikely]]
            channel_.reclaim();
        return pool_.take();
    }
    // The checksum of `csum_start` to the frame's end is made on the way, if it is not zero; the 16
    // bits at csum_start + csum_offset hold the sum of the pseudo header. Errors: would_block (so
    // many are on their way: wait_sent), bad_argument (a frame of another device, or none); what
    // the session was lost for.
    [[gnu::always_inline]] Result<> send(Frame&& frame, u16 csum_start = 0, u16 csum_offset = 0)
    {
        return channel_.send(std::move(frame), csum_start, csum_offset);
    }
    // For many small ones: at most so many frames of free places, as long as write(place) returns
    // how many bytes it wrote there. It may not use the session. Returns how many: fewer if there
    // is no room at the moment, or the session is lost.
    template <class Write>
    [[gnu::always_inline]] u32 send_each(u32 most, Write write)
    {
        if (pool_.available() < most || options_.send_frames - channel_.sending() < most)
            channel_.reclaim();
        return channel_.send_each(most, write);
    }
    // Shows the server all that is new.
    void kick();

    // The next frame that came, if one did; never waits.
    std::optional<Arrival> receive();
    // For many that are only looked at: look(Glimpse) for each that came, at most so many. It may
    // not use the session. Returns how many.
    template <class Look>
    [[gnu::always_inline]] u32 receive_each(u32 most, Look look)
    {
        refill();
        return channel_.receive_each(most, look);
    }

    // What wait() sleeps on: bit 0, something came, or the link changed; bit 1, look at the server.
    sys::Borrowed<sys::Notification> notification() const { return notification_.borrow(); }
    // Until a frame is there, or the link changed; kicks before. Errors: timed_out; gave_up,
    // malformed (the session is lost).
    Result<> wait(abi::Ticks deadline = abi::never) { return sleep_until(false, deadline); }
    // Until something that was sent is out, or the link changed.
    Result<> wait_sent(abi::Ticks deadline = abi::never) { return sleep_until(true, deadline); }

    u32 sending() const { return channel_.sending(); }
    u64 refused() const { return channel_.refused(); }  // by the server, of what was sent
    u64 lost() const { return channel_.lost(); }        // that may have been sent or not
    u32 restarts() const { return restarts_; }          // of the server

private:
    static constexpr abi::Bits all_bits{~u64{0}};
    static constexpr auto work_bit = abi::Bits::at(0);
    static constexpr auto server_bit = abi::Bits::at(1);
    static constexpr u32 most_deaths = 64;  // of servers that were to attach the rings

    Result<> start();
    Result<> make_memory();
    Result<Rings> rings() const;
    Result<> attach();
    Result<> try_to_attach();
    void look_at_server();
    void refill();
    Result<> sleep_until(bool sent, abi::Ticks deadline);
    Result<abi::Bits> sleep(bool ring_first, abi::Ticks deadline);
    void ring() { (void)sys::signal(doorbell_.borrow(), all_bits); }

    std::optional<sys::Session> session_;
    sys::Handle<sys::Notification> notification_;
    sys::Handle<sys::Notification> doorbell_;
    sys::SharedMemory client_memory_;
    sys::Handle<sys::Memory> server_memory_;
    sys::Mapping server_mapping_;  // read-only
    sys::SharedMemory memory_;
    FramePool pool_;
    Channel channel_;
    Options options_;
    Info info_{};
    u32 session_number_ = 0;
    u32 link_seen_ = 0;
    u32 restarts_ = 0;
    u64 endpoint_epoch_ = 0;
};

}  // namespace net
