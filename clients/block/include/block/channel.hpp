// block/channel.hpp - the rings of a disk session, client side, and the requests whose completion was not consumed.
// Pure: it makes no calls. The server is not trusted: a completion counts if its request is outstanding.
#pragma once

#include <optional>

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
    Buffer buffer;  // the one that went in; none with a flush, and none if the server is lost: the device may have it
};

// How a status of the protocol reads as an error of the system.
constexpr Errc error_of(proto::block::Status status)
{
    using enum proto::block::Status;
    switch (status) {
    case ok: return Errc::ok;
    case malformed: return Errc::bad_argument;
    case out_of_range: return Errc::out_of_range;
    case read_only: return Errc::read_only;
    case not_supported: return Errc::not_supported;
    case device_error: break;
    }
    return Errc::device_fault;
}

class Channel {
public:
    static constexpr u32 max_entries = proto::block::max_entries;

    // `client` and `submissions` are fresh, zeroed memory. Errors: bad_argument (ring sizes).
    Result<> open(RingPage& client,
                  std::span<proto::block::Submission> submissions,
                  const proto::block::CompletionPage& server,
                  std::span<const proto::block::Completion> completions,
                  BufferPool& pool)
    {
        if (submissions.size() > max_entries)
            return fail(Errc::bad_argument);
        const auto down = Producer<proto::block::Submission>::over(client.produced, server.consumed, submissions);
        const auto up = Consumer<proto::block::Completion>::over(client.consumed, server.produced, completions);
        if (!down || !up)
            return fail(Errc::bad_argument);
        submissions_ = *down;
        completions_ = *up;
        server_ = &server;
        pool_ = &pool;
        for (free_count_ = 0; free_count_ < submissions.size(); ++free_count_)
            free_[free_count_] = static_cast<u16>(free_count_);
        return {};
    }

    void close() { *this = {}; }

    u32 outstanding() const { return submissions_ ? submissions_->size() - free_count_ : 0; }

    // Puts a request into the ring; publish() shows it. `buffer` moves in on success only.
    // Errors: would_block (as many outstanding as the ring has entries), bad_argument (no buffer of this session), too_big
    // (more than the buffer holds), what the session was lost for.
    Result<> submit(Op op, u64 tag, Sector first, u32 sectors, Buffer&& buffer)
    {
        if (lost_ != Errc::ok)
            return fail(lost_);
        if (!submissions_ || !pool_->owns(buffer))
            return fail(Errc::bad_argument);
        if (sectors > pool_->bytes_each() / sector_bytes)
            return fail(Errc::too_big);
        const u32 offset = pool_->offset_of(buffer);
        const auto sent = push({0, first, sectors, offset, op, {}}, tag);
        if (sent)
            requests_[*sent].buffer = pool_->lend(buffer);
        return sent.transform([](u32) {});
    }

    Result<> submit_flush(u64 tag)
    {
        if (lost_ != Errc::ok)
            return fail(lost_);
        if (!submissions_)
            return fail(Errc::bad_argument);
        return push({0, {}, 0, 0, Op::flush, {}}, tag).transform([](u32) {});
    }

    // Shows the server what was submitted and which completions were consumed. True: it sleeps and wants its doorbell.
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
                return finish(*arrived);
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
    static constexpr u32 no_buffer = ~u32{0};

    // Of a cookie; the generation keeps an answer that comes twice from meeting the next request.
    struct Request {
        u64 tag;
        u32 buffer;
        u32 generation;
        bool live;
    };

    [[gnu::always_inline]] Result<u32> push(proto::block::Submission what, u64 tag)
    {
        if (free_count_ == 0)
            return fail(Errc::would_block);
        const u32 index = free_[free_count_ - 1];
        Request& request = requests_[index];
        what.cookie = u64{request.generation + 1} << 32 | index;
        if (const auto pushed = submissions_->push(what); !pushed) {
            if (pushed.error() == Errc::malformed)
                lose(Errc::malformed);
            return fail(pushed.error() == Errc::no_space ? Errc::would_block : pushed.error());
        }
        --free_count_;
        request = {tag, no_buffer, request.generation + 1, true};
        return index;
    }

    // The answer to a request that is outstanding.
    bool known(const proto::block::Completion& arrived) const
    {
        const u64 index = arrived.cookie & ~u32{0};
        return index < max_entries && requests_[index].live
               && requests_[index].generation == arrived.cookie >> 32;
    }

    Completion finish(const proto::block::Completion& arrived)
    {
        const u64 index = arrived.cookie & ~u32{0};
        Request& request = requests_[index];
        request.live = false;
        free_[free_count_++] = static_cast<u16>(index);
        const bool good = arrived.status == proto::block::Status::ok;
        return {request.tag,
                good ? Errc::ok : error_of(arrived.status),
                request.buffer == no_buffer ? Buffer{} : pool_->reclaim(request.buffer)};
    }

    [[gnu::cold, gnu::noinline]] std::optional<Completion> next_lost()
    {
        for (u32 index = 0; index < submissions_->size(); ++index) {
            if (!std::exchange(requests_[index].live, false))
                continue;
            free_[free_count_++] = static_cast<u16>(index);
            return Completion{requests_[index].tag, lost_, {}};
        }
        return std::nullopt;
    }

    std::optional<Producer<proto::block::Submission>> submissions_;
    std::optional<Consumer<proto::block::Completion>> completions_;
    const proto::block::CompletionPage* server_ = nullptr;
    BufferPool* pool_ = nullptr;
    Errc lost_ = Errc::ok;
    u32 free_count_ = 0;
    std::array<u16, max_entries> free_{};
    std::array<Request, max_entries> requests_{};
};

}  // namespace block
