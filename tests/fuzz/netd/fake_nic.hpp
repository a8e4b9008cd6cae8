// tests/fuzz/netd/fake_nic.hpp - a network device for the engine in plain memory: it keeps what is
// sent until it is told to be done with it, and looks whether it may read that.
#pragma once

#include "engine.hpp"

#include <cstdlib>
#include <deque>
#include <vector>

#include <virtio/net_checksum.hpp>
#include <virtio/net_config.hpp>
#include <virtio/run.hpp>

inline void demand(bool holds)
{
    if (!holds)
        std::abort();
}

// Where the device finds the buffer of the session at `place`.
inline constexpr u64 buffer_apart = u64{1} << 32;
constexpr DeviceAddr buffer_at(u32 place) { return DeviceAddr{(place + 1) * buffer_apart}; }

struct FakeNic {
    static constexpr u16 most_sends = 16;
    static constexpr u32 max_frame() { return 1518; }

    struct PlainSend {
        u64 tag;
        virtio::Run frame;
    };
    struct Came {
        std::vector<std::byte> bytes;
        u32 cut;  // zero: plain; else it is in two pieces, and its checksum is open
    };

    // A frame is the device's to read if it lies in the buffer of who sends it.
    void took(u64 tag, u64 address, u64 length, u64 buffer_bytes)
    {
        const u64 place = netd::Tag::Place::get(tag);
        const u64 offset = address - buffer_at(static_cast<u32>(place)).raw();
        demand(length >= 14 && length <= max_frame() && fits(offset, length, buffer_bytes));
        at_device.push_back(tag);
        ++taken;
    }
    void finish(usize which)
    {
        if (at_device.empty())
            return;
        const auto at = at_device.begin() + static_cast<i64>(which % at_device.size());
        out.push_back(*at);
        at_device.erase(at);
    }

    const virtio::net::Info& info() const { return info_; }
    proto::net::Mac mac() const { return {2, 0, 0, 0, 0, 1}; }
    Result<bool> acknowledge()
    {
        listening_ = false;
        return std::exchange(link_changed, false);
    }

    static u32 capacity() { return most_sends; }
    bool listening() const { return listening_; }
    void look() { listening_ = listening_ && !has_received(); }
    u32 sending() const { return static_cast<u32>(at_device.size() + out.size()); }
    bool has_received() const { return !came.empty(); }
    bool has_sent() const { return !out.empty(); }
    template <class Each>
    u32 receive_plain(u32 most, Each each)
    {
        u32 count = 0;
        for (; count < most && !came.empty() && came.front().cut == 0; ++count) {
            looked_at.push_back(std::move(came.front()));
            came.pop_front();
            const auto& bytes = looked_at.back().bytes;
            each(virtio::net::Plain{bytes.data(), static_cast<u32>(bytes.size())});
        }
        return count;
    }
    std::optional<Result<virtio::net::Frame>> receive()
    {
        if (came.empty() || came.front().cut == 0)
            return std::nullopt;
        looked_at.push_back(std::move(came.front()));
        came.pop_front();
        const u64 tag = looked_at.size() - 1;
        const auto& [bytes, cut] = looked_at.back();
        const auto length = static_cast<u32>(bytes.size());
        pieces_ = {virtio::net::Piece{tag, 0, cut}, virtio::net::Piece{tag, cut, length - cut}};
        virtio::net::Frame frame{.pieces = pieces_, .bytes = length};
        frame.offload.needs_csum = true;
        frame.offload.csum = {14, 0};
        return frame;
    }
    std::span<const std::byte> bytes(const virtio::net::Piece& piece) const
    {
        return std::span{looked_at[piece.tag].bytes}.subspan(piece.offset, piece.length);
    }
    void give_back() { looked_at.clear(); }

    static void prepare(proto::net::Send& asked, const netd::Session& session)
    {
        if (asked.flags == 0)
            return;
        (void)virtio::net::complete(session.bytes().subspan(asked.offset, asked.bytes),
                                    {asked.csum_start, asked.csum_offset});
        asked.flags = 0;
    }
    Result<> send(u64 tag, const proto::net::Send& asked, const netd::Session& session)
    {
        if (sending() >= most_sends)
            return fail(Errc::would_block);
        took(tag, (session.buffer().start() + Bytes{asked.offset}).raw(), asked.bytes,
             session.buffer().bytes());
        return {};
    }
    u32 plain_room(const netd::Session& session)
    {
        buffer_bytes_ = session.buffer().bytes();
        return most_sends - sending();
    }
    template <class Each>
    u32 send_plain(u32 most, Each each)
    {
        u32 count = 0;
        for (PlainSend send{}; count < most && each(send); ++count) {
            demand(send.frame.length >= 60);
            took(send.tag, send.frame.address.raw(), send.frame.length, buffer_bytes_);
        }
        return count;
    }
    std::optional<Result<u64>> sent()
    {
        if (out.empty())
            return std::nullopt;
        const u64 tag = out.front();
        out.pop_front();
        return tag;
    }
    template <class Each>
    u32 sent_plain(u32 most, Each each)
    {
        u32 count = 0;
        for (; count < most && out.size() > 1 && each(out.front()); ++count)
            out.pop_front();
        return count;
    }

    netd::Modes& modes() { return modes_; }
    static Result<> settle() { return {}; }
    static void kick() {}
    bool arm(bool sends)
    {
        listening_ = listening_ || !has_received();
        sends_armed = sends && !has_sent();
        return !listening_ || (sends && has_sent());
    }
    template <class Lost>
    static Result<> recover(Lost)
    {
        return fail(Errc::device_fault);  // this one never lies
    }

    std::deque<Came> came;
    std::vector<Came> looked_at;
    std::vector<u64> at_device;
    std::deque<u64> out;
    u64 taken = 0;
    bool link_changed = false;
    bool sends_armed = false;  // it interrupts for the next frame that is out
    virtio::net::Info info_{};

private:
    std::array<virtio::net::Piece, 2> pieces_{};
    netd::Modes modes_;
    u64 buffer_bytes_ = 0;
    bool listening_ = false;
};
