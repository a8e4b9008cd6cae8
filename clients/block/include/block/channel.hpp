// block/channel.hpp - the rings of a disk session, client side, and the requests whose completion
// was not consumed. Pure: it makes no calls. The server is not trusted: a completion counts if its
// request is outstanding.
#pragma once

#include <optional>

#include <base/bits.hpp>
#include <base/ring.hpp>
#include <block/buffers.hpp>
#include <proto/block.hpp>

namespace block {

using proto::block::Op;
using proto::block::Sector;
inline constexpr u32 sector_bytes = proto::block::sector_bytes;

// A request that ended.
struct Completion {
    u64 tag;        // the caller's
    Errc outcome;   // ok: all of it is done
    Buffer buffer;  // the one that went in; none with a flush, and none if the server is lost: the
                    // device may have it
};

// How a refusal of the protocol reads as an error of the system.
inline Errc error_of(proto::block::Status status)
{
    using enum proto::block::Status;
    switch (status) {
    case ok:
        return Errc::ok;
    case malformed:
        return Errc::bad_argument;
    case out_of_range:
        return Errc::out_of_range;
    case read_only:
        return Errc::read_only;
    case not_supported:
        return Errc::not_supported;
    case device_error:
        break;
    }
    return Errc::device_fault;
}

class Channel {
public:
    static constexpr u32 max_entries = proto::block::max_entries;

    // `client` and `submissions` are fresh, zeroed memory; at most `depth` requests will be
    // outstanding. Errors: bad_argument (ring sizes, or a depth that is zero or more than the rings
    // have entries).
    Result<> open(RingPage& client,
                  std::span<proto::block::Submission> submissions,
                  const proto::block::CompletionPage& server,
                  std::span<const proto::block::Completion> completions,
                  BufferPool& pool,
                  u32 depth)
    {
        if (submissions.size() > max_entries || depth == 0 || depth > submissions.size()
            || submissions.size() != completions.size())
            return fail(Errc::bad_argument);
        const auto down =
            Producer<proto::block::Submission>::over(client.produced, server.consumed, submissions);
        const auto up =
            Consumer<proto::block::Completion>::over(client.consumed, server.produced, completions);
        if (!down || !up)
            return fail(Errc::bad_argument);
        submissions_ = *down;
        completions_ = *up;
        server_ = &server;
        pool_ = &pool;
        depth_ = depth;
        for (free_count_ = 0; free_count_ < depth; ++free_count_) {
            free_[free_count_] = static_cast<u8>(free_count_);
            requests_[free_count_].cookie = free_count_;
        }
        return {};
    }

    void close() { *this = {}; }

    u32 outstanding() const { return depth_ - free_count_; }

    // Puts a request into the ring; publish() shows it. `buffer` moves in on success only.
    // Errors: would_block (`depth` are outstanding), bad_argument (no buffer of this session),
    // too_big (more than the buffer holds), what the session was lost for.
    [[gnu::always_inline]] Result<>
    submit(Op op, u64 tag, Sector first, u32 sectors, Buffer&& buffer)
    {
        if (!submissions_ || !pool_->owns(buffer)) [[unlikely]]
            return fail(Errc::bad_argument);
        if (sectors > pool_->bytes_each() / sector_bytes) [[unlikely]]
            return fail(Errc::too_big);
        const auto sent =
            push({first, sectors, pool_->offset_of(buffer), op, 0}, tag, pool_->index_of(buffer));
        if (sent) [[likely]]
            pool_->lend(buffer);
        return sent;
    }

    Result<> submit_flush(u64 tag)
    {
        if (!submissions_)
            return fail(Errc::bad_argument);
        return push({{}, 0, 0, Op::flush, 0}, tag, no_buffer);
    }

    // Shows the server what was submitted and which completions were consumed. True: it sleeps and
    // wants its doorbell.
    [[nodiscard]] bool publish()
    {
        if (!submissions_)
            return false;
        completions_->release();
        return submissions_->publish();
    }

    // A request that ended, if one did.
    [[gnu::always_inline]] std::optional<Completion> poll()
    {
        if (!completions_)
            return std::nullopt;
        if (lost_ == Errc::ok) [[likely]] {
            const auto arrived = completions_->pop();
            if (arrived && known(*arrived)) [[likely]]
                return arrived->status == proto::block::Status::ok ? finish(*arrived, Errc::ok)
                                                                   : finish_failed(*arrived);
            if (!arrived && arrived.error() == Errc::would_block)
                return std::nullopt;
            lose(Errc::malformed);
        }
        return next_lost();
    }

    // Before sleeping on the doorbell. False: there is something to poll.
    [[nodiscard]] bool arm()
    {
        if (!completions_ || lost_ != Errc::ok || !completions_->arm())
            return false;
        if (const u32 closed = __atomic_load_n(&server_->closed, __ATOMIC_ACQUIRE); closed != 0)
            lose(static_cast<Errc>(closed));
        return lost_ == Errc::ok;
    }

    // The server will not answer any more: every outstanding request ends so.
    void lose(Errc why)
    {
        if (lost_ == Errc::ok)
            lost_ = why == Errc::ok ? Errc::malformed : why;
    }
    Errc lost() const { return lost_; }

private:
    static constexpr u16 no_buffer = 0xffff;

    // A cookie is the request's place in the table and a generation, which keeps an answer that
    // comes twice from meeting the next request.
    using Place = Field<7, 0>;
    static constexpr u32 next_generation = 1 << 8;
    static_assert(max_entries == Place::mask + 1 && max_buffers < no_buffer);

    static constexpr u32 live = u32{1} << 31;

    struct Request {
        u64 tag;
        u32 cookie;  // with `live` while it is outstanding; without, the one it will have next
        u16 buffer;
        u16 unused;
    };

    [[gnu::always_inline]] Result<> push(proto::block::Submission what, u64 tag, u16 buffer)
    {
        if (lost_ != Errc::ok || free_count_ == 0) [[unlikely]]
            return fail(lost_ != Errc::ok ? lost_ : Errc::would_block);
        Request& request = requests_[free_[free_count_ - 1]];
        what.cookie = request.cookie | live;
        if (const auto pushed = submissions_->push(what); !pushed) [[unlikely]]
            return not_pushed(pushed.error());
        --free_count_;
        request = {tag, what.cookie, buffer, 0};
        return {};
    }

    [[gnu::cold, gnu::noinline]] std::unexpected<Errc> not_pushed(Errc why)
    {
        if (why == Errc::malformed)
            lose(why);
        return fail(why == Errc::no_space ? Errc::would_block : why);
    }

    // The answer to a request that is outstanding.
    bool known(proto::block::Completion arrived) const
    {
        return requests_[Place::get(arrived.cookie)].cookie == arrived.cookie
               && (arrived.cookie & live) != 0;
    }

    // The request's entry is free again.
    void retire(Request& request, u64 place)
    {
        request.cookie = (request.cookie + next_generation) & ~live;
        free_[free_count_++] = static_cast<u8>(place);
    }

    [[gnu::always_inline]] std::optional<Completion> finish(proto::block::Completion arrived,
                                                            Errc outcome)
    {
        const u64 place = Place::get(arrived.cookie);
        Request& request = requests_[place];
        retire(request, place);
        if (request.buffer == no_buffer) [[unlikely]]
            return Completion{request.tag, outcome, {}};
        return Completion{request.tag, outcome, pool_->reclaim(request.buffer)};
    }
    [[gnu::cold, gnu::noinline]] std::optional<Completion>
    finish_failed(proto::block::Completion arrived)
    {
        return finish(arrived, error_of(arrived.status));
    }

    [[gnu::cold, gnu::noinline]] std::optional<Completion> next_lost()
    {
        for (u32 place = 0; place < depth_; ++place) {
            Request& request = requests_[place];
            if ((request.cookie & live) == 0)
                continue;
            retire(request, place);
            return Completion{request.tag, lost_, {}};
        }
        return std::nullopt;
    }

    std::optional<Producer<proto::block::Submission>> submissions_;
    std::optional<Consumer<proto::block::Completion>> completions_;
    const proto::block::CompletionPage* server_ = nullptr;
    BufferPool* pool_ = nullptr;
    Errc lost_ = Errc::ok;
    u32 depth_ = 0;
    u32 free_count_ = 0;
    std::array<u8, max_entries> free_{};
    std::array<Request, max_entries> requests_{};
};

}  // namespace block
