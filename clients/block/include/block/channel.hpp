// block/channel.hpp - the rings of a disk session, client side, over servers that come and go.
// Pure: it makes no calls. The server is not trusted: a completion counts if its request is
// outstanding.
//
//     stop       the server died: what it completed is still to be polled, submissions wait
//     restart    there is another one: the rings are as new, to be attached
//     resume     it has them: what was not completed is sent again, then what waits
#pragma once

#include <optional>

#include <base/ring.hpp>
#include <block/deadlines.hpp>
#include <block/requests.hpp>

namespace block {

inline constexpr u32 sector_bytes = proto::block::sector_bytes;

// A request that ended.
struct Completion {
    u64 tag;        // the caller's
    Errc outcome;   // ok: all of it is done
    Buffer buffer;  // the one that went in; none if none did, and none if the session is lost: the
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

// Does not move.
class Channel {
public:
    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    static constexpr u32 max_entries = Requests::max_entries;

    // `client` and `submissions` are memory that the server does not write; at most `depth`
    // requests will be outstanding. Errors: bad_argument (ring sizes, or a depth that is zero or
    // more than the rings have entries).
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
        memory_ = {&client, submissions, &server, completions};
        if (!renew_rings())
            return fail(Errc::bad_argument);
        pool_ = &pool;
        lost_ = Errc::ok;
        requests_.open(depth);
        deadlines_.clear();
        enter(Phase::attached);
        return {};
    }

    void close()
    {
        enter(Phase::closed);
        pool_ = nullptr;
        memory_ = {};
        requests_.open(0);
    }

    u32 outstanding() const { return requests_.outstanding(); }
    // Requests that a server may have taken before it died, and that were sent again. One that left
    // said so, and had taken none of them.
    u64 replayed() const { return replayed_; }
    // The session's sectors, if they changed since it was attached.
    std::optional<Sector> new_capacity() const
    {
        if (memory_.server == nullptr || ring::load_acquire(memory_.server->resizes) == 0)
            return std::nullopt;
        return Sector{__atomic_load_n(&memory_.server->capacity, __ATOMIC_RELAXED)};
    }

    // Puts a request into the ring, or in line while there is no server; publish() shows it.
    // `buffer` moves in on success only. Errors: would_block (`depth` are outstanding),
    // bad_argument (no buffer of this session), too_big (more than the buffer holds), what the
    // session was lost for.
    [[gnu::always_inline]] Result<>
    submit(Op op, u64 tag, Sector first, u32 sectors, Buffer&& buffer)
    {
        Rings* const rings = plain_;
        BufferPool* const pool = pool_;
        if (rings == nullptr || requests_.full() || !pool->owns(buffer)
            || sectors > pool->bytes_each() / sector_bytes || !rings->submissions.has_room())
            [[unlikely]]
            return submit_otherwise(tag, first, sectors, buffer, op);
        push(*rings, op, tag, first, sectors, pool->index_of(buffer));
        pool->lend(buffer);
        return {};
    }

    Result<> submit_flush(u64 tag) { return submit_without_data(Op::flush, tag, {}, 0); }
    Result<> submit_without_data(Op op, u64 tag, Sector first, u32 sectors)
    {
        if (plain_ == nullptr || requests_.full()) [[unlikely]]
            return queue(op, tag, first, sectors, 0);
        if (!plain_->submissions.has_room()) [[unlikely]]
            return no_room();
        push(*plain_, op, tag, first, sectors, 0);
        return {};
    }

    // Nobody waits for the request of this tag any more: no completion of it comes. Its place and
    // its buffer stay taken until the device has ended it, or is known to have forgotten it.
    // Errors: not_found.
    Result<> abandon(u64 tag)
    {
        auto* const request = requests_.find_tag(tag);
        if (request == nullptr)
            return fail(Errc::not_found);
        request->abandon();
        return {};
    }

    // The newest request of this tag gets a deadline. Errors: not_found.
    Result<> set_deadline(u64 tag, abi::Ticks at)
    {
        auto* const request = requests_.find_new(tag);
        if (request == nullptr)
            return fail(Errc::not_found);
        request->what |= Request::deadline_bit;
        deadlines_.set(static_cast<u32>(Requests::Place::get(request->cookie)), at);
        return {};
    }
    // None passes before.
    abi::Ticks next_deadline() const { return deadlines_.next(); }
    // The same, of a request that has not ended.
    abi::Ticks awaited_deadline()
    {
        (void)deadlines_.prune(AwaitsDeadline{&requests_});
        return deadlines_.next();
    }
    // A request whose deadline has passed, if one did: from now on it is as if abandoned.
    std::optional<Completion> expire(abi::Ticks now)
    {
        const auto late = deadlines_.passed(now, AwaitsDeadline{&requests_});
        if (!late)
            return std::nullopt;
        Request& request = requests_.at(*late);
        request.abandon();
        return Completion{request.tag, Errc::timed_out, {}};
    }

    // Shows the server what was submitted and which completions were consumed. True: it sleeps and
    // wants its doorbell.
    [[nodiscard]] bool publish()
    {
        Rings* const rings = plain_ != nullptr ? plain_ : rings_with_line_sent();
        if (rings == nullptr) [[unlikely]]
            return false;
        rings->completions.release();
        return rings->submissions.publish();
    }

    // A request that ended, if one did.
    [[gnu::always_inline]] std::optional<Completion> poll()
    {
        return take<std::optional<Completion>>();
    }
    // The same. Errors: would_block.
    [[gnu::always_inline]] Result<Completion> next() { return take<Result<Completion>>(); }

    // Before sleeping on the doorbell. False: there is something to poll, or no server.
    [[nodiscard]] [[gnu::always_inline]] bool arm()
    {
        Rings* const rings = plain_ != nullptr ? plain_ : rings_to_sleep_on();
        if (rings == nullptr || !rings->completions.arm())
            return false;
        const u32 closed = __atomic_load_n(&memory_.server->closed, __ATOMIC_ACQUIRE);
        if (closed != 0)
            lose(static_cast<Errc>(closed));
        return closed == 0;
    }

    // The session ends, and every outstanding request so.
    void lose(Errc why)
    {
        if (phase_ == Phase::lost)
            return;
        lost_ = why == Errc::ok ? Errc::malformed : why;
        enter(Phase::lost);
    }
    Errc lost() const { return lost_; }

    // The server died.
    void stop()
    {
        if (phase_ == Phase::attached)
            enter(Phase::stopped);
    }
    bool stopped() const { return phase_ == Phase::stopped || phase_ == Phase::away; }

    // All that it completed was polled, and none of its like runs any more. The rings are as new,
    // whatever was in them: nothing of the old ones is looked at again.
    void restart()
    {
        if (!stopped())
            return;
        while (Request* const request = requests_.find_abandoned())
            give_back(*request);
        const u32 again = requests_.restart(rings_->submissions.position());
        replayed_ += ring::load_acquire(memory_.server->left) == 0 ? again : 0;
        (void)renew_rings();  // they were good before
        enter(Phase::away);
    }

    // The rings are attached.
    void resume()
    {
        if (phase_ == Phase::away)
            enter(Phase::attached);
    }

private:
    enum class Phase : u8 {
        closed,
        attached,
        stopped,  // the rings are those of a dead server
        away,     // they are nobody's
        lost,
    };

    struct Memory {
        RingPage* client = nullptr;
        std::span<proto::block::Submission> submissions;
        const proto::block::CompletionPage* server = nullptr;
        std::span<const proto::block::Completion> completions;
    };

    struct Rings {
        Producer<proto::block::Submission> submissions;
        Consumer<proto::block::Completion> completions;
    };

    using Request = Requests::Request;

    struct AwaitsDeadline {
        Requests* requests;
        bool operator()(u32 place) const { return requests->at(place).awaits_deadline(); }
    };

    bool renew_rings()
    {
        const auto down = Producer<proto::block::Submission>::over(
            memory_.client->produced, memory_.server->consumed, memory_.submissions);
        const auto up = Consumer<proto::block::Completion>::over(
            memory_.client->consumed, memory_.server->produced, memory_.completions);
        if (!down || !up)
            return false;
        rings_.emplace(*down, *up);
        return true;
    }

    void enter(Phase phase)
    {
        phase_ = phase;
        const bool plain =
            phase == Phase::attached && requests_.line_empty() && !requests_.hopeless();
        plain_ = plain ? &*rings_ : nullptr;
    }

    [[gnu::always_inline]] void
    push(Rings& rings, Op op, u64 tag, Sector first, u32 sectors, u32 buffer)
    {
        auto& ring = rings.submissions;
        Request& request = requests_.vacant();
        const u32 cookie = Requests::next_cookie(request);
        const u32 position = ring.position();
        ring.put({first, sectors, buffer * pool_->bytes_each(), op, cookie});
        requests_.add_sent(request,
                           {tag, first, sectors, cookie, position, Request::made(op, buffer)});
    }

    // The ring that the server looks at is full, or broken.
    [[gnu::cold, gnu::noinline]] Result<> no_room()
    {
        return not_pushed(plain_->submissions.broken() ? Errc::malformed : Errc::no_space);
    }

    // The arguments come as they are in our callers' hands.
    [[gnu::cold, gnu::noinline]] Result<>
    submit_otherwise(u64 tag, Sector first, u32 sectors, Buffer& buffer, Op op)
    {
        if (pool_ == nullptr || !pool_->owns(buffer))
            return fail(Errc::bad_argument);
        if (sectors > pool_->bytes_each() / sector_bytes)
            return fail(Errc::too_big);
        if (plain_ != nullptr && !requests_.full())
            return no_room();
        const auto queued = queue(op, tag, first, sectors, pool_->index_of(buffer));
        if (queued)
            pool_->lend(buffer);
        return queued;
    }

    [[gnu::cold, gnu::noinline]] Result<>
    queue(Op op, u64 tag, Sector first, u32 sectors, u32 buffer)
    {
        if (phase_ == Phase::closed || phase_ == Phase::lost)
            return fail(phase_ == Phase::lost ? lost_ : Errc::bad_argument);
        if (requests_.full())
            return fail(Errc::would_block);
        requests_.add_to_line(tag, op, first, sectors, buffer);
        enter(phase_);
        return {};
    }

    [[gnu::cold, gnu::noinline]] std::unexpected<Errc> not_pushed(Errc why)
    {
        if (why == Errc::malformed)
            lose(why);
        return fail(why == Errc::no_space ? Errc::would_block : why);
    }

    // Null if there are none.
    [[gnu::cold, gnu::noinline]] Rings* rings_with_line_sent()
    {
        return phase_ == Phase::attached && send_line() ? &*rings_ : nullptr;
    }
    [[gnu::cold, gnu::noinline]] Rings* rings_to_sleep_on()
    {
        return phase_ == Phase::attached && !requests_.hopeless() ? &*rings_ : nullptr;
    }

    // Sends what is in line, as far as that goes. False: the session is lost.
    [[gnu::cold, gnu::noinline]] bool send_line()
    {
        while (const Request* const next = requests_.next_in_line()) {
            if (next->abandoned()) {
                give_back(requests_.drop_first());
                continue;
            }
            const u32 offset =
                proto::block::has_data(next->op()) ? next->buffer() * pool_->bytes_each() : 0;
            const u32 position = rings_->submissions.position();
            const auto pushed = rings_->submissions.push(
                {next->first, next->sectors, offset, next->op(), next->cookie});
            if (!pushed) {
                (void)not_pushed(pushed.error());
                break;
            }
            requests_.first_was_sent(position);
        }
        enter(phase_);
        return phase_ == Phase::attached;
    }

    // What became of a request that ended, if one did: what is usual, and the rest of it.
    template <class Some>
    [[gnu::always_inline]] Some take()
    {
        if (plain_ == nullptr) [[unlikely]]
            return none_there<Some>();
        auto& ring = plain_->completions;
        if (ring.ready() == 0) [[unlikely]]
            return none_there<Some>();
        const auto arrived = ring.take();
        Request& request = requests_.of(arrived.cookie);
        if (!Requests::outstanding(request, arrived.cookie)
            || arrived.status != proto::block::Status::ok || request.op() > Op::write) [[unlikely]]
            return take_rare<Some>(arrived);
        requests_.retire(request);
        return Completion{request.tag, Errc::ok, pool_->reclaim(request.buffer())};
    }
    template <class Some>
    [[gnu::noinline]] Some none_there()
    {
        if (plain_ == nullptr)
            return as<Some>(poll_line());
        if (plain_->completions.available() != 0)
            return take<Some>();
        return as<Some>(plain_->completions.broken() ? lose_all() : std::nullopt);
    }
    template <class Some>
    [[gnu::cold, gnu::noinline]] Some take_rare(proto::block::Completion arrived)
    {
        auto* const request = requests_.find(arrived.cookie);
        return as<Some>(request == nullptr ? lose_all()
                                           : finish(*request, error_of(arrived.status)));
    }
    template <class Some>
    static Some as(std::optional<Completion> ended)
    {
        if constexpr (std::is_same_v<Some, std::optional<Completion>>)
            return ended;
        else
            return ended ? Some{std::move(*ended)} : fail(Errc::would_block);
    }

    [[gnu::cold, gnu::noinline]] std::optional<Completion> lose_all()
    {
        lose(Errc::malformed);
        return next_lost();
    }

    [[gnu::cold, gnu::noinline]] std::optional<Completion> finish(Request& request, Errc outcome)
    {
        requests_.retire(request);
        Completion ended{request.tag, outcome, {}};
        if (request.has_buffer())
            ended.buffer = pool_->reclaim(request.buffer());
        if (!request.abandoned())
            return ended;
        return poll();  // its buffer goes back to the pool
    }
    // While not everything outstanding is at a server that lives.
    [[gnu::cold, gnu::noinline]] std::optional<Completion> poll_line()
    {
        if (phase_ == Phase::lost)
            return next_lost();
        if (auto* const request = requests_.next_hopeless()) {
            auto ended = finish(*request, Errc::peer_restarted);
            enter(phase_);
            return ended;
        }
        if (phase_ != Phase::attached && phase_ != Phase::stopped)
            return std::nullopt;
        const auto arrived = rings_->completions.pop();
        auto* const request = arrived ? requests_.find(arrived->cookie) : nullptr;
        if (request != nullptr && request->sent())
            return finish(*request, error_of(arrived->status));
        if (arrived || arrived.error() != Errc::would_block)
            nonsense();
        return phase_ == Phase::lost ? next_lost() : std::nullopt;
    }

    // From a server that died it is no wonder: what it left is not looked at any further.
    void nonsense()
    {
        if (phase_ == Phase::attached)
            lose(Errc::malformed);
        else
            enter(Phase::away);
    }

    [[gnu::cold, gnu::noinline]] std::optional<Completion> next_lost()
    {
        while (auto* const request = requests_.any()) {
            requests_.retire(*request);
            if (!request->abandoned())
                return Completion{request->tag, lost_, {}};
        }
        return std::nullopt;
    }

    // One that nobody waits for, and that no device has any more.
    void give_back(Request& request)
    {
        requests_.retire(request);
        if (request.has_buffer())
            (void)pool_->reclaim(request.buffer());
    }

    Rings* plain_ = nullptr;  // null unless attached, with all that is outstanding sent
    std::optional<Rings> rings_;
    Phase phase_ = Phase::closed;
    u64 replayed_ = 0;
    Errc lost_ = Errc::ok;
    Memory memory_;
    BufferPool* pool_ = nullptr;
    Requests requests_;
    Deadlines<max_entries> deadlines_;
};

}  // namespace block
