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
        return Session{*exchange, rings.server, limits, buffer};
    }

    const Limits& limits() const { return limits_; }
    Limits& limits() { return limits_; }
    const BufferMap& buffer() const { return buffer_; }

    // Tells the client that its rings are not served any more.
    void close(Errc why) { ring::store_release(page_->closed, static_cast<u32>(why)); }

private:
    Session(const Exchange& exchange,
            block::CompletionPage& page,
            const Limits& limits,
            const BufferMap& buffer)
        : Exchange{exchange}, page_{&page}, limits_{limits}, buffer_{buffer}
    {
    }

    block::CompletionPage* page_;
    Limits limits_;
    BufferMap buffer_;
};

}  // namespace blkd
