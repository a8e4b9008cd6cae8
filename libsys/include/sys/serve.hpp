// sys/serve.hpp - from message to method, for any protocol; and the one place where a server
// sleeps.
//
// A server has one function for each method of its protocol,
//
//     Result<M::Reply> on(const M::Request& request, sys::Caller& caller);
//
// or it does not compile. Whatever a client sends gets an answer: not_supported (an ordinal nobody
// knows), bad_argument (another size than the method's, or no room for the handles of the answer),
// denied (requests of this badge ended the server too often: progress.hpp), or the method's own
// error. Handles that came with a request and were not taken are closed; so are
// those of an answer that failed.
#pragma once

#include <sys/endpoint.hpp>
#include <sys/handle_set.hpp>
#include <sys/notification.hpp>
#include <sys/payload.hpp>
#include <sys/progress.hpp>

namespace sys {

// Who calls, what came with the call, and what goes with the answer.
class Caller {
public:
    Caller(u64 badge, HandleSet received, u64 accepts)
        : badge_{badge}, accepts_{accepts}, received_{std::move(received)}
    {
    }

    u64 badge() const { return badge_; }
    usize received() const { return received_.size(); }

    // Takes the n-th handle of the request. Errors: bad_argument, wrong_kind.
    template <Object T>
    Result<Handle<T>> take(usize n)
    {
        return received_.take<T>(n);
    }

    // The caller has room for so many handles. Asked before something is made that would have to be
    // undone.
    bool accepts(usize handles) const { return handles <= accepts_; }

    // Sends a handle with the answer. Errors: bad_argument (the caller takes no more).
    template <Object T>
    Result<> give(Handle<T> handle)
    {
        if (!accepts(given_.size() + 1))
            return fail(Errc::bad_argument);
        return given_.add(std::move(handle));
    }

    HandleSet given() { return std::move(given_); }

private:
    u64 badge_;
    u64 accepts_;
    HandleSet received_;
    HandleSet given_;
};

// A server that forgets a method of its protocol does not compile.
template <class S, class M>
concept Answers = requires(S server, const typename M::Request& request, Caller& caller) {
    { server.on(request, caller) } -> std::same_as<Result<typename M::Reply>>;
};

// What goes back to a caller. A payload of more than 56 bytes is in the message page already: send
// it before any call that uses the page.
struct Answer {
    Letter letter;
    HandleSet handles;

    static Answer failure(Errc why) { return {{abi::Header::failure(why), {}}, {}}; }
};

namespace detail {

template <Method M, Answers<M> S>
Answer answer(S& server, const Incoming& in, Caller& caller)
{
    const auto request = get_payload<typename M::Request>(in);
    if (!request)
        return Answer::failure(request.error());
    const Result<typename M::Reply> reply = server.on(*request, caller);
    if (!reply)
        return Answer::failure(reply.error());

    Answer out{{{}, {}}, caller.given()};
    out.letter.header =
        abi::Header::make(M::ordinal, wire_bytes<typename M::Reply>, out.handles.size());
    put_payload(out.letter.words, *reply);
    return out;
}

}  // namespace detail

// Answers one request (in.request() is true).
template <class S, Method... Ms>
    requires(Answers<S, Ms> && ...)
Answer dispatch(Methods<Ms...>, S& server, const Incoming& in)
{
    Caller caller{in.badge, HandleSet::received(in.header.handles()), in.header.take()};
    if (shut_out(in.badge)) [[unlikely]]
        return Answer::failure(Errc::denied);
    works_for(in.badge);
    const u64 event = note_message(in.badge, in.header.ordinal());
    Answer out = Answer::failure(Errc::not_supported);
    (void)((in.header.ordinal() == Ms::ordinal
            && (out = detail::answer<Ms>(server, in, caller), true))
           || ...);
    note_answer(event, out.letter.header.status());
    return out;
}

// Where a server sleeps: for requests, for clients that end, and for the bits of its bound
// notification.
//
//     for (;;) {
//         const auto event = inbox.next(server.next_deadline());
//         if (!event) return fail(event.error());
//         server.step(event->bits);
//         if (event->gone()) server.forget(event->badge);
//         if (event->request()) inbox.answer(sys::dispatch(Protocol{}, server, *event));
//     }
//
// The answer travels with the next wait: one trap. A deadline that passes is an event without
// anything in it. step() comes before dispatch() only if it leaves the message page alone (a long
// request is in it).
class Inbox {
public:
    // `take`: handles accepted with a request.
    Inbox(Borrowed<Endpoint> endpoint, unsigned take) : endpoint_{endpoint}, take_{take} {}

    void answer(Answer out)
    {
        pending_ = std::move(out);
        owes_ = true;
    }

    // For a server that does not wait again: answers and rings what is owed.
    void finish()
    {
        ring_now();
        if (std::exchange(owes_, false))
            send();
    }

    // Rings a client's doorbell, all bits of it, with the next wait: the last one costs no trap of
    // its own. The handle stays open until then.
    void ring(Borrowed<Notification> doorbell)
    {
        ring_now();
        owed_ring_ = doorbell;
    }

    // Rings what is owed. Before the handle of a doorbell is closed.
    void ring_now()
    {
        if (owed_ring_.valid())
            (void)signal(std::exchange(owed_ring_, {}), all_bits);
    }

    // Errors: those of receiving; a server that gets one cannot go on.
    Result<Incoming> next(abi::Ticks deadline = abi::never)
    {
        Incoming in = come(deadline);
        if (const auto understood = understand(in, deadline); !understood)
            return fail(understood.error());
        return in;
    }

    // The same in two steps, for who has to be quick when bits alone come: what came, all in
    // registers, and what that is.
    [[gnu::always_inline]] Incoming come(abi::Ticks deadline)
    {
        if (!owes_) [[likely]]
            return wait(deadline);
        const Incoming in = send_and_wait(deadline);
        return Incoming{in};  // a copy: what wait() returns stays in registers
    }
    [[gnu::always_inline]] bool only_bits(const Incoming& in)
    {
        const bool only = in.header.status() == Errc::ok && in.badge == 0;
        if (only) [[likely]] {
            owed_ring_ = {};
            say_turn(*progress_);
        }
        return only;
    }
    // Errors: as next.
    [[gnu::always_inline]] Result<> understand(Incoming& in, abi::Ticks deadline)
    {
        if (in.header.status() != Errc::ok) [[unlikely]]
            return understand_odd(in, deadline);
        owed_ring_ = {};
        say_turn(*progress_);
        return {};
    }

private:
    // Without room for handles a server still receives what carries none: clients that filled its
    // table do not stop the others.
    [[gnu::noinline]] Result<> understand_odd(Incoming& in, abi::Ticks deadline)
    {
        const bool full =
            in.header.status() == Errc::over_quota || in.header.status() == Errc::no_memory;
        if (full && take_ > 0) {
            ring_now();
            in = receive(endpoint_, 0, deadline);
        }
        owed_ring_ = {};
        const bool late = in.header.status() == Errc::timed_out;
        if (late && counter() < deadline.raw())
            works_for(0);  // the wait ended for nothing: that is no turn
        else
            say_turn(*progress_);
        if (late)
            in.badge = 0;
        return refused(in) ? fail(in.header.status()) : Result<>{};
    }

    static bool refused(const Incoming& in)
    {
        const Errc status = in.header.status();
        return status != Errc::ok && status != Errc::timed_out && !in.gone();
    }

    // What is rung is owed until that is known to have been done.
    [[gnu::always_inline]] Incoming wait(abi::Ticks deadline) const
    {
        return owed_ring_.valid() ? signal_receive(endpoint_, take_, owed_ring_, all_bits, deadline)
                                  : receive(endpoint_, take_, deadline);
    }

    [[gnu::noinline]] Incoming send_and_wait(abi::Ticks deadline)
    {
        ring_now();
        Letter letter = pending_.letter;
        letter.header.raw |= abi::Header::Take::make(take_);
        if (pending_.handles.size() != 0)
            pending_.handles.to_page();
        owes_ = false;
        Incoming in = reply_receive(endpoint_, letter, deadline);
        if (refused(in)) [[unlikely]]
            in = send_then_wait(deadline);
        else
            pending_.handles.forget();
        return in;
    }

    // The kernel refused both at once: the answer goes alone, or the reason why it cannot go (a
    // handle in it may not be transferred, say).
    Incoming send_then_wait(abi::Ticks deadline)
    {
        send();
        return wait(deadline);
    }

    void send()
    {
        if (pending_.handles.size() != 0)
            pending_.handles.to_page();
        const auto sent = reply(pending_.letter);
        if (sent)
            pending_.handles.forget();
        else
            (void)reply({abi::Header::failure(sent.error()), {}});
        pending_.handles = {};
    }

    static constexpr abi::Bits all_bits{~u64{0}};

    Borrowed<Endpoint> endpoint_;
    abi::Progress* progress_ = detail::progress;
    Borrowed<Notification> owed_ring_{};
    unsigned take_;
    bool owes_ = false;
    Answer pending_{};
};

}  // namespace sys
