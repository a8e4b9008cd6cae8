// netd/session.hpp - one client's four rings, its buffer and its filter.
//
// Every space that is taken comes back as one Received: that ring has room for as many as a client
// may have. One with more loses them; the server never waits for a client.
#pragma once

#include "delivery.hpp"

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

class Session : public common::Exchange<net::Send, net::Sent> {
public:
    // `bytes`: the buffer, mapped. Errors: bad_argument (ring sizes).
    static Result<Session> over(const Rings& rings,
                                const Limits& limits,
                                const common::BufferMap& buffer,
                                std::span<std::byte> bytes);

    const Limits& limits() const { return delivery_.limits(); }
    const common::BufferMap& buffer() const { return buffer_; }
    std::span<std::byte> bytes() const { return delivery_.bytes(); }
    Counts& counts() { return delivery_.counts(); }

    const net::Filter& filter() const { return filter_; }
    const Match& match() const { return delivery_.match(); }
    void set_filter(const net::Filter& filter, const net::Mac& own)
    {
        filter_ = filter;
        delivery_.set_match(Match{filter, own});
    }

    // For plain frames that come.
    Delivery& delivery() { return delivery_; }
    // One that is not plain, and that the filter wants.
    void deliver(const Arrival& frame);

    bool broken() const { return Exchange::broken() || delivery_.broken(); }

    // Shows the client what it was given. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish()
    {
        const bool received = delivery_.publish();
        return Exchange::publish() || received;
    }

    // What the client sees of the link.
    void show_link(u32 link) { ring::store_release(page_->link, link); }
    // Tells the client that its rings are not served any more.
    void close(Errc why) { ring::store_release(page_->closed, static_cast<u32>(why)); }

private:
    Session(const Exchange& exchange,
            const Delivery& delivery,
            net::ServerPage& page,
            const common::BufferMap& buffer)
        : Exchange{exchange}, delivery_{delivery}, page_{&page}, buffer_{buffer}
    {
    }

    static void copy(const Arrival& frame, std::span<std::byte> into);

    Delivery delivery_;
    net::ServerPage* page_;
    common::BufferMap buffer_;
    net::Filter filter_{};
};

}  // namespace netd
