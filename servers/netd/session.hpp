// netd/session.hpp - one client's four rings, its buffer and its filter.
//
// Every space that is taken comes back as one Received, in the ring that had room for it before it
// was taken: the server never waits for a client.
#pragma once

#include "admit.hpp"
#include "match.hpp"

#include <common/buffer_map.hpp>
#include <common/exchange.hpp>

namespace netd {

// The memory of a session as this server sees it. The client may write all of it but `server` and
// the rings there at any time.
struct Rings {
    const net::ClientPage& client;
    std::span<const net::Space> spaces;
    std::span<const net::Send> sends;
    net::ServerPage& server;
    std::span<net::Received> received;
    std::span<net::Sent> sent;
};

// A frame that came whole, in one buffer of the server, and of which the device says nothing.
struct Plain {
    KeyBytes head;  // a copy, as far as the frame goes
    Keys keys;      // of it
    const std::byte* bytes;
    u32 length;
};

// Any other one.
struct Arrival {
    KeyBytes head;
    std::span<const std::span<const std::byte>> pieces;
    u32 bytes;
    u32 flags;  // net::ReceivedFlags
    // Where a checksum is still to be made; offset zero: nowhere.
    u16 csum_start;
    u16 csum_offset;
    bool csum_wanted;
};

struct Counts {
    u64 received_frames = 0;
    u64 received_bytes = 0;
    u64 no_space = 0;
    u64 too_long = 0;
    u64 sent_frames = 0;
    u64 sent_bytes = 0;
    u64 refused_frames = 0;
};

class Session : public common::Exchange<net::Send, net::Sent> {
public:
    // `bytes`: the buffer, mapped. Errors: bad_argument (ring sizes).
    static Result<Session> over(const Rings& rings,
                                const Limits& limits,
                                const common::BufferMap& buffer,
                                std::span<std::byte> bytes);

    const Limits& limits() const { return limits_; }
    const common::BufferMap& buffer() const { return buffer_; }
    std::span<std::byte> bytes() const { return bytes_; }
    Counts& counts() { return counts_; }

    const net::Filter& filter() const { return filter_; }
    const Match& match() const { return match_; }
    void set_filter(const net::Filter& filter, const net::Mac& own)
    {
        filter_ = filter;
        match_ = Match{filter, own};
    }

    // What became of some frames, at most 64.
    struct Delivered {
        u64 wanted = 0;      // a bit for each that the filter wants
        bool shown = false;  // there is something to show the client
    };
    // Copies those that the filter wants into the oldest spaces, or counts them as lost.
    Delivered deliver(std::span<const Plain> frames);
    // The same of one of another kind.
    bool deliver(const Arrival& frame);

    bool broken() const { return Exchange::broken() || spaces_.broken() || received_.broken(); }

    // Shows the client what it was given. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish()
    {
        spaces_.release();
        const bool received = received_.publish();
        return Exchange::publish() || received;
    }

    // What the client sees of the link.
    void show_link(u32 link) { ring::store_release(page_->link, link); }
    // Tells the client that its rings are not served any more.
    void close(Errc why) { ring::store_release(page_->closed, static_cast<u32>(why)); }

private:
    Session(const Exchange& exchange,
            const Consumer<net::Space>& spaces,
            const Producer<net::Received>& received,
            net::ServerPage& page,
            const Limits& limits,
            const common::BufferMap& buffer,
            std::span<std::byte> bytes)
        : Exchange{exchange},
          spaces_{spaces},
          received_{received},
          page_{&page},
          limits_{limits},
          buffer_{buffer},
          bytes_{bytes}
    {
    }

    // The rings of what comes, what is lost and what is not, on its way through some frames.
    struct Spaces {
        Consumer<net::Space> spaces;
        Producer<net::Received> received;
        u32 missed;
        Counts counts;
        bool shown = false;
    };
    // The client's index is looked at once, though there may be room: a lie is found at once.
    Spaces open_spaces()
    {
        (void)received_.room();
        return {spaces_, received_, missed_, counts_};
    }
    bool close_spaces(const Spaces& at)
    {
        spaces_ = at.spaces;
        received_ = at.received;
        missed_ = at.missed;
        counts_ = at.counts;
        return at.shown;
    }
    static std::optional<u32> space(Spaces& at, const Limits& limits, u32 bytes, u32 flags);
    static void copy(const Arrival& frame, std::span<std::byte> into);

    Consumer<net::Space> spaces_;
    Producer<net::Received> received_;
    net::ServerPage* page_;
    Limits limits_;
    common::BufferMap buffer_;
    std::span<std::byte> bytes_;
    net::Filter filter_{};
    Match match_;
    u32 missed_ = 0;
    Counts counts_;
};

}  // namespace netd
