// blkd/session.hpp - one client's rings, its buffer and its limits.
#pragma once

#include "admit.hpp"

#include <common/buffer_map.hpp>
#include <common/exchange.hpp>

namespace blkd {

using common::BufferMap;
using common::BufferRun;

// The memory of a session as this server sees it. The client may write `client` and `submissions`
// at any time.
struct Rings {
    const RingPage& client;
    std::span<const block::Submission> submissions;
    block::CompletionPage& server;
    std::span<block::Completion> completions;
};

class Session : public common::Exchange<block::Submission, block::Completion> {
public:
    // Errors: bad_argument (ring sizes).
    static Result<Session> over(const Rings& rings, const Limits& limits, const BufferMap& buffer)
    {
        const auto exchange =
            Exchange::over({rings.client.produced, rings.client.consumed, rings.submissions,
                            rings.server.produced, rings.server.consumed, rings.completions});
        if (!exchange)
            return fail(exchange.error());
        ring::store(rings.server.closed, 0);  // the one who closed it may be dead
        ring::store(rings.server.resizes, 0);
        ring::store(rings.server.left, 0);
        return Session{*exchange, rings.server, limits, buffer};
    }

    // Units of the disk that it has now: its requests there, and what large ones count beyond one.
    u32 share() const { return in_flight() + extra_; }
    void started_large(u32 extra) { extra_ += extra; }
    void ended_large(u32 extra) { extra_ -= extra; }

    const Limits& limits() const { return limits_; }
    const Usual& usual() const { return usual_; }
    const BufferMap& buffer() const { return buffer_; }

    // The disk has another size. True: so has the session, and its client was told.
    bool resize(block::Sector disk)
    {
        const block::Sector capacity = limits_.window.sectors(disk);
        if (std::exchange(limits_.capacity, capacity) == capacity)
            return false;
        usual_.end = capacity.raw();
        __atomic_store_n(&page_->capacity, capacity.raw(), __ATOMIC_RELAXED);
        ring::store_release(page_->resizes, ++resizes_);
        return true;
    }

    // Tells the client that its rings are not served any more.
    void close(Errc why) { ring::store_release(page_->closed, static_cast<u32>(why)); }
    // And that all of them that were taken have ended.
    void show_left() { ring::store_release(page_->left, 1); }

private:
    Session(const Exchange& exchange,
            block::CompletionPage& page,
            const Limits& limits,
            const BufferMap& buffer)
        : Exchange{exchange},
          page_{&page},
          usual_{Usual::of(limits, buffer.contiguous())},
          limits_{limits},
          buffer_{buffer}
    {
    }

    block::CompletionPage* page_;
    Usual usual_;
    Limits limits_;
    BufferMap buffer_;
    u32 resizes_ = 0;
    u32 extra_ = 0;
};

}  // namespace blkd
