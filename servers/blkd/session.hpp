// blkd/session.hpp - one client's pair of rings, and what it has at the device.
//
// Invariant: room in the completion ring is kept for every request in flight, so that a completion
// always has a place and the server never waits for a client.
#pragma once

#include "admit.hpp"
#include "buffer_map.hpp"

#include <base/ring.hpp>

namespace blkd {

// The memory of a session as this server sees it. The client may write `client` and `submissions`
// at any time.
struct Rings {
    const RingPage& client;
    std::span<const block::Submission> submissions;
    block::CompletionPage& server;
    std::span<block::Completion> completions;
};

class Session {
public:
    // Errors: bad_argument (ring sizes).
    static Result<Session> over(const Rings& rings, const Limits& limits, const BufferMap& buffer)
    {
        auto submissions = Consumer<block::Submission>::over(
            rings.server.consumed, rings.client.produced, rings.submissions);
        auto completions = Producer<block::Completion>::over(
            rings.server.produced, rings.client.consumed, rings.completions);
        if (!submissions || !completions)
            return fail(Errc::bad_argument);
        return Session{*submissions, *completions, rings.server, limits, buffer};
    }

    const Limits& limits() const { return limits_; }
    Limits& limits() { return limits_; }
    const BufferMap& buffer() const { return buffer_; }
    u32 in_flight() const { return in_flight_; }

    // Submissions that may be taken now as far as the completion ring goes.
    u32 budget()
    {
        const u32 room = completions_.room();
        return room > in_flight_ ? room - in_flight_ : 0;
    }

    // The next submission, a private copy. Ask for a budget first: it cannot be put back.
    // Errors: would_block (none), malformed (the client's index is impossible).
    Result<block::Submission> next() { return submissions_.pop(); }

    // A ring index that the client cannot have reached honestly.
    bool broken() const { return submissions_.broken() || completions_.broken(); }

    // The ring was seen empty. True: the client rings for the next submission. False: look again.
    [[gnu::always_inline]] bool sleep() { return submissions_.arm(); }

    // There is no budget. True: the client rings when that changes. False: look again. An honest
    // client that is not known to have released its completions is about to submit, and then rings;
    // one that submitted more than it may rings by itself after it released some.
    bool park()
    {
        const u32 waiting = submissions_.available();
        const bool full = waiting == submissions_.size();
        return !broken() && (full || submissions_.arm(waiting + 1)) && budget() == 0;
    }

    void started() { ++in_flight_; }
    void ended() { --in_flight_; }

    // The rings are not touched any more once it ended.
    bool open() const { return open_; }
    void end() { open_ = false; }

    // Cannot fail: the room was kept.
    void complete(u32 cookie, block::Status status) { (void)completions_.push({cookie, status}); }

    // Shows the client what was taken and completed. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish()
    {
        submissions_.release();
        return completions_.publish();
    }

    // Tells the client that its rings are not served any more.
    void close(Errc why) { ring::store_release(page_->closed, static_cast<u32>(why)); }

private:
    Session(const Consumer<block::Submission>& submissions,
            const Producer<block::Completion>& completions,
            block::CompletionPage& page,
            const Limits& limits,
            const BufferMap& buffer)
        : submissions_{submissions},
          completions_{completions},
          page_{&page},
          limits_{limits},
          buffer_{buffer}
    {
    }

    Consumer<block::Submission> submissions_;
    Producer<block::Completion> completions_;
    block::CompletionPage* page_;
    Limits limits_;
    BufferMap buffer_;
    u32 in_flight_ = 0;
    bool open_ = true;
};

}  // namespace blkd
