// block/disk.hpp - a disk behind the block protocol: the asynchronous core. The other layers are
// made of it.
//
//     block::Disk disk;
//     disk.open(given, "disk0");
//     auto buffer = disk.buffer();                       // memory that the device reaches
//     disk.read(tag, sector, 8, std::move(*buffer));     // the buffer moves in
//     auto done = disk.wait();                           // and comes back with its completion
//
// Nothing is sent before kick() or wait(), so that a batch costs one doorbell. Requests complete in
// any order. The deadline of a wait changes nothing: requests stay outstanding. One whose own
// deadline passes ends with timed_out, done or not; its buffer and its place stay the device's
// until that has ended it, which nothing hastens.
//
// A server that dies is a pause: wait() attaches the same rings and buffers to the next one and
// sends again what was not completed, writes before the flushes that follow them. A request ends
// with peer_restarted if it was in flight when three servers died, all do with gave_up if there
// will be no other.
#pragma once

#include <string_view>

#include <block/channel.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>
#include <sys/time.hpp>

namespace block {

using Info = proto::block::Info::Reply;
using Stats = proto::block::Stats::Reply;
using RangeLimits = proto::block::RangeLimits::Reply;

struct Options {
    u32 depth = 32;                // requests outstanding, at most 256
    u32 buffers = 32;              // at most max_buffers
    u32 buffer_bytes = 64 * 1024;  // of each; the most that one request moves
    Sector first{};                // of the disk: where the session begins, and how many sectors it
    u64 count = 0;                 // reaches, in whole blocks; 0: to the end
    bool read_only = false;        // refuse to write
};

// Does not move: buffers and peers point into it. All buffers are dead before it is.
class Disk {
public:
    Disk() = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk() { close(); }

    // Errors: bad_argument (options, or buffers that are smaller than a block of the disk, or a
    // range that is not of whole blocks), out_of_range (a range beyond the disk), busy (open
    // already), too_big (the disk takes only smaller requests from such a buffer), malformed (what
    // the server says of the disk cannot be); those of connecting, of memory, of Attach.
    Result<> open(const sys::Startup& given, std::string_view service, const Options& options = {});

    // Ends the session. What is still in flight ends without being reported.
    void close();

    // As the server said it when it got the rings; the capacity is that of the session.
    const Info& info() const { return info_; }
    // Sectors of the session now: a disk can be resized. Each change raises bit 0 of
    // notification().
    Sector capacity() const;
    // What the device cost its server so far. Errors: those of a call.
    Result<Stats> stats() { return session_->ask<proto::block::Stats>(); }
    // Times that the session went over to another server.
    u32 restarts() const { return restarts_; }
    // Requests that it gave to another server, since the one that had them died.
    u64 replayed() const { return channel_.replayed(); }
    u64 bytes() const { return capacity().raw() * sector_bytes; }
    bool read_only() const { return (info_.flags & proto::block::InfoFlags::read_only) != 0; }
    bool write_cache() const { return (info_.flags & proto::block::InfoFlags::write_cache) != 0; }
    // What one discard and one write_zeroes may be.
    const RangeLimits& range_limits() const { return range_limits_; }

    // For all clients of the disk, and again of each server that follows. What was written before
    // is durable after a flush. Errors: denied (our table gives no `admin`), not_supported,
    // device_fault, those of a call.
    Result<> set_write_cache(bool on);
    u32 depth() const { return depth_; }
    u32 buffer_bytes() const { return pool_.bytes_each(); }

    // Errors: would_block (all are in use).
    Result<Buffer> buffer() { return pool_.take(); }
    u32 outstanding() const { return channel_.outstanding(); }

    // `sectors` from the beginning of the buffer. On failure the buffer is still the caller's.
    // Errors: would_block
    // (`depth` requests are outstanding), bad_argument (the buffer is none of this disk's),
    // too_big, gave_up (there is no server any more), malformed (the session is lost).
    Result<> read(u64 tag, Sector first, u32 sectors, Buffer&& buffer)
    {
        return channel_.submit(Op::read, tag, first, sectors, std::move(buffer));
    }
    Result<> write(u64 tag, Sector first, u32 sectors, Buffer&& buffer)
    {
        return channel_.submit(Op::write, tag, first, sectors, std::move(buffer));
    }
    // A write that is durable once it completed.
    Result<> write_fua(u64 tag, Sector first, u32 sectors, Buffer&& buffer)
    {
        return channel_.submit(Op::write_fua, tag, first, sectors, std::move(buffer));
    }
    // The device's serial number, into the first bytes of the buffer.
    Result<> get_id(u64 tag, Buffer&& buffer)
    {
        return channel_.submit(Op::get_id, tag, Sector{0}, 1, std::move(buffer));
    }
    // Covers the writes that completed before it is submitted.
    Result<> flush(u64 tag) { return channel_.submit_flush(tag); }
    // At most what range_limits() says; whole blocks. Completes without a buffer.
    Result<> discard(u64 tag, Sector first, u32 sectors)
    {
        return channel_.submit_without_data(Op::discard, tag, first, sectors);
    }
    Result<> write_zeroes(u64 tag, Sector first, u32 sectors, bool unmap)
    {
        return channel_.submit_without_data(unmap ? Op::write_zeroes_unmap : Op::write_zeroes, tag,
                                            first, sectors);
    }

    // Gives up waiting for the first request of this tag, as after a deadline of its own: no
    // completion of it comes, and whether it is carried out is not known. Its buffer goes back to
    // the pool when the device has ended it, which nothing hastens. Errors: not_found.
    Result<> cancel(u64 tag) { return channel_.abandon(tag); }

    // A deadline for the request that was submitted last with this tag: if it has not ended by
    // `at`, wait() gives it with timed_out and without its buffer, which goes back to the pool as
    // after cancel. Another one replaces it. Errors: not_found.
    Result<> set_deadline(u64 tag, abi::Ticks at) { return channel_.set_deadline(tag, at); }
    // For who sleeps on notification() itself: wake up by then, and take what expires.
    abi::Ticks next_deadline() const { return channel_.next_deadline(); }
    std::optional<Completion> expire() { return channel_.expire(sys::now()); }

    void kick()
    {
        if (channel_.publish())
            ring();
    }
    // Never waits, and so never goes over to another server.
    std::optional<Completion> poll() { return channel_.poll(); }

    // What wait() sleeps on: bit 0, a completion came; bit 1, the server came or went: heed().
    sys::Borrowed<sys::Notification> notification() const { return notification_.borrow(); }

    // For who sleeps on notification() itself and saw bit 1: the next wait() looks at the server.
    void heed() { look_at_server(); }

    // The next completion; if there is none, or there was one when the deadline of a request had
    // passed already, that request. At a deadline the server is asked to look at its device once
    // more.
    // After the death of a server it takes longer by what the next one needs to answer, at most
    // attach_ms: however short its deadlines are, a session gets past it.
    // Errors: timed_out, not_found (nothing is outstanding).
    Result<Completion> wait(abi::Ticks deadline = abi::never);

private:
    static constexpr abi::Bits all_bits{~u64{0}};
    static constexpr auto completion_bit = abi::Bits::at(0);
    static constexpr auto server_bit = abi::Bits::at(1);
    static constexpr u64 grace_ms = 5;
    static constexpr u64 detach_ms = 1000;
    static constexpr u64 attach_ms = 1000;
    static constexpr u32 most_deaths = 64;  // of servers that were to attach the rings

    Result<> make_memory(const Options& options);
    Result<> start(const Options& options);
    Result<> join(abi::Ticks deadline);
    Result<bool> try_to_join(abi::Ticks deadline);
    Result<> attach(abi::Ticks deadline);
    Result<> ask_write_cache(bool on, abi::Ticks deadline);
    void look_at_server();
    void ring() { (void)sys::signal(doorbell_.borrow(), all_bits); }
    Result<Completion> wait_with_deadlines(abi::Ticks deadline);
    Result<Completion> sleep_and_poll(bool ring_first, abi::Ticks deadline);
    std::optional<Result<Completion>>
    stay_awake(bool ring_first, abi::Ticks until, abi::Ticks deadline);
    std::optional<Result<Completion>>
    woken_oddly(Result<abi::Bits> woken, abi::Ticks until, abi::Ticks deadline);
    std::optional<Result<Completion>> not_woken(Errc why, abi::Ticks until, abi::Ticks deadline);
    std::optional<Completion> overdue();
    std::optional<Result<Completion>> late(abi::Ticks until, abi::Ticks deadline);
    [[gnu::always_inline]] Result<abi::Bits> sleep(bool ring_first, abi::Ticks deadline) const
    {
        return ring_first ? sys::signal_wait(doorbell_.borrow(), all_bits, notification_.borrow(),
                                             deadline)
                          : sys::wait(notification_.borrow(), deadline);
    }

    std::optional<sys::Session> session_;
    sys::Handle<sys::Notification> notification_;
    sys::Handle<sys::Notification> doorbell_;
    sys::SharedMemory submissions_;
    sys::Handle<sys::Memory> completions_;
    sys::Mapping completions_mapping_;  // read-only
    sys::SharedMemory memory_;
    BufferPool pool_;
    Channel channel_;
    Info info_{};
    Options options_;
    RangeLimits range_limits_{};
    std::optional<bool> write_cache_;  // as it was set
    u32 depth_ = 0;
    u32 entries_ = 0;  // of the rings
    u32 session_number_ = 0;
    u32 restarts_ = 0;
    abi::Ticks overdue_ = abi::never;  // the deadline that had passed when somebody waited last
    u64 endpoint_epoch_ = 0;           // of the server that has the rings; 0: none yet
};

}  // namespace block
