// net/channel.hpp - the rings of a network session, client side, and which places of its memory the
// server has. Pure: it makes no calls. The server is not trusted: an entry counts if its place was
// given out, and for what it was given out.
#pragma once

#include <algorithm>
#include <optional>

#include <base/bits.hpp>
#include <base/ring.hpp>
#include <net/frames.hpp>
#include <proto/net.hpp>

namespace net {

// A frame that came and that is only looked at.
struct Glimpse {
    std::span<const std::byte> bytes;
    bool checksum_good;
    u32 missed;  // as of Arrival
};

// A frame that came.
struct Arrival {
    Frame frame;
    bool checksum_good;  // the device checked it
    u32 missed;          // frames that were lost before this one, for want of a space
};

struct Rings {
    proto::net::ClientPage& client;
    std::span<proto::net::Space> spaces;
    std::span<proto::net::Send> sends;
    const proto::net::ServerPage& server;
    std::span<const proto::net::Received> received;
    std::span<const proto::net::Sent> sent;
};

class Channel {
public:
    // The client side of the rings begins at zero, as that of the server does at Attach; places
    // that an earlier server had are free again. Errors: bad_argument (ring sizes).
    Result<> open(const Rings& rings, FramePool& pool);
    void close() { *this = {}; }

    // Gives the server free places for frames to come, and shows them, once an eighth of what it
    // can have is missing; nobody sleeps on those. As many as can still be sent stay free.
    void offer_spaces()
    {
        if (ends_ && spaces_out_ <= entries_in_ - std::max(entries_in_ / 8, 1U))
            offer_more();
    }

    // Puts a frame into the ring; publish() shows it. It moves in on success only. Errors:
    // would_block (the ring is full), bad_argument (a frame of another session, or shorter than an
    // Ethernet header), what the session was lost for.
    [[gnu::always_inline]] Result<> send(Frame&& frame, u16 csum_start = 0, u16 csum_offset = 0);

    // Puts frames of free places into the ring, at most so many, as long as write(place) returns
    // how many bytes it wrote there: an Ethernet header or more. It may not use the session.
    // Returns how many; fewer if there is no room, or the session is lost.
    template <class Write>
    [[gnu::always_inline]] u32 send_each(u32 most, Write write);

    // Shows the server what is to be sent. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish();

    // A frame that came, if one did.
    std::optional<Arrival> receive();
    // look(Glimpse) for each frame that came, at most so many; it may not use the session. Returns
    // how many.
    template <class Look>
    [[gnu::always_inline]] u32 receive_each(u32 most, Look look);
    // One did.
    bool came() { return ends_ && ends_->received.available() != 0; }
    // Takes back places of what was sent.
    void reclaim()
    {
        if (ends_ && why_ == Errc::ok && ends_->sent.available() != 0)
            take_back();
    }

    // Announces sleep until a frame comes, or until one was sent. False: it is there already, or
    // the session is lost.
    [[nodiscard]] bool arm(bool sent);

    u32 sending() const { return sending_; }
    u32 spaces() const { return spaces_out_; }
    u64 refused() const { return refused_; }
    u64 lost() const { return lost_frames_; }
    u32 link() const { return server_ == nullptr ? 0 : ring::load(server_->link); }

    // ok while the session lives.
    Errc lost_for()
    {
        if (ends_ && why_ == Errc::ok && (ring::load_acquire(server_->closed) != 0 || broken()))
            lose(Errc::malformed);
        return why_;
    }
    void lose(Errc why) { why_ = why_ == Errc::ok ? why : why_; }

private:
    enum class Place : u8 { ours, space, sending };

    // The place at `offset`, if the server has it and has it for that; else pool_->count().
    u32 known(u32 offset, Place as) const
    {
        const u32 index = pool_->shape().index_at(offset);
        return index < pool_->count() && places_[index % max_frames] == as ? index : pool_->count();
    }

    bool broken() const
    {
        return ends_->received.broken() || ends_->sent.broken() || ends_->sends.broken()
               || ends_->spaces.broken();
    }
    void offer_more();
    void take_back();

    // Of the rings; an open session has all.
    struct Ends {
        Producer<proto::net::Space> spaces;
        Producer<proto::net::Send> sends;
        Consumer<proto::net::Received> received;
        Consumer<proto::net::Sent> sent;
    };
    std::optional<Ends> ends_;
    const proto::net::ServerPage* server_ = nullptr;
    FramePool* pool_ = nullptr;
    Errc why_ = Errc::ok;
    u32 entries_in_ = 0;
    u32 entries_out_ = 0;
    u32 spaces_out_ = 0;
    u32 sending_ = 0;
    u64 refused_ = 0;      // sends that did not get to the device
    u64 lost_frames_ = 0;  // that may have been sent or not
    std::array<Place, max_frames> places_{};
};

inline Result<> Channel::send(Frame&& frame, u16 csum_start, u16 csum_offset)
{
    namespace wire = proto::net;
    if (!ends_ || !pool_->owns(frame) || frame.size() < wire::frame_header_bytes) [[unlikely]]
        return fail(Errc::bad_argument);
    if (why_ != Errc::ok || ring::load_acquire(server_->closed) != 0) [[unlikely]]
        return fail(lost_for());
    if (sending_ == entries_out_) [[unlikely]]
        return fail(Errc::would_block);
    const u32 index = FramePool::index_of(frame);
    const auto pushed =
        ends_->sends.push({.offset = pool_->offset_of(index),
                           .bytes = static_cast<u32>(frame.size()),
                           .flags = csum_start != 0 ? wire::SendFlags::checksum : u16{0},
                           .csum_start = csum_start,
                           .csum_offset = csum_offset,
                           .reserved = 0});
    if (!pushed) [[unlikely]]
        return fail(pushed.error() == Errc::no_space ? Errc::would_block : pushed.error());
    places_[pool_->lend(std::move(frame))] = Place::sending;
    ++sending_;
    return {};
}

template <class Write>
[[gnu::always_inline]] inline u32 Channel::send_each(u32 most, Write write)
{
    if (!ends_ || lost_for() != Errc::ok) [[unlikely]]
        return 0;
    auto sends = ends_->sends;
    auto places = pool_->takes();
    std::byte* const memory = pool_->at(0);
    const u32 bytes_each = pool_->bytes_each();
    const u32 end = std::min({most, entries_out_ - sending_, places.left});
    u32 count = 0;
    for (; count < end; ++count) {
        const u32 index = places.next();
        const u32 offset = index * bytes_each;
        const usize bytes = write(std::span{memory + offset, bytes_each});
        const bool sized = bytes >= proto::net::frame_header_bytes && bytes <= bytes_each;
        if (!sized
            || !sends.push({.offset = offset,
                            .bytes = static_cast<u32>(bytes),
                            .flags = 0,
                            .csum_start = 0,
                            .csum_offset = 0,
                            .reserved = 0})) [[unlikely]]
            break;
        places_[index] = Place::sending;
    }
    pool_->taken(count);
    sending_ += count;
    ends_->sends = sends;
    return count;
}

template <class Look>
[[gnu::always_inline]] inline u32 Channel::receive_each(u32 most, Look look)
{
    if (why_ != Errc::ok || !came())
        return 0;
    auto& received = ends_->received;
    FramePool& pool = *pool_;
    const FramePool::Shape shape = pool.shape();
    u32 count = 0;
    for (const u32 end = std::min(most, received.available()); count < end; ++count) {
        const auto entry = received.pop();
        if (!entry)
            break;
        const u32 index = entry->offset / shape.bytes_each;
        if (!shape.begins(index, entry->offset) || places_[index % max_frames] != Place::space
            || entry->bytes > shape.bytes_each) [[unlikely]] {
            lose(Errc::malformed);
            break;
        }
        places_[index % max_frames] = Place::ours;
        look(
            Glimpse{.bytes = {pool.at(index), entry->bytes},
                    .checksum_good = (entry->flags & proto::net::ReceivedFlags::checksum_good) != 0,
                    .missed = entry->missed});
        pool.put_back(index);
    }
    spaces_out_ -= count;
    return count;
}

}  // namespace net
