// notifications/fused.cpp - a signal and a wait, or a receive, in one call: both happen, in this
// order, or neither.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

using abi::Bits;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::Threaded;
using check::works;

namespace right = abi::right;

using Bell = sys::Handle<sys::Notification>;

constexpr Bits every{~u64{0}};

struct Pair {
    Bell mine = need(sys::create_notification());
    Bell theirs = need(sys::create_notification());

    bool silent(const Bell& bell) const { return !sys::wait(bell.borrow(), abi::now); }
};

Result<Bits> ring_and_wait(const Bell& rung, const Bell& on, abi::Ticks until = abi::never)
{
    return sys::signal_wait(rung.borrow(), Bits::at(4), on.borrow(), until);
}

void both_happen()
{
    const Pair pair;
    works(sys::signal(pair.mine.borrow(), Bits::at(9)));
    equals(need(ring_and_wait(pair.theirs, pair.mine)), Bits::at(9));
    equals(need(sys::wait(pair.theirs.borrow(), abi::now)), Bits::at(4));
}

void one_for_both()
{
    const Bell bell = need(sys::create_notification());
    works(sys::signal(bell.borrow(), Bits::at(9)));
    equals(need(ring_and_wait(bell, bell)), Bits::at(4) | Bits::at(9));
    fails(sys::wait(bell.borrow(), abi::now), Errc::timed_out);
}

void a_deadline_comes_after_the_signal()
{
    const Pair pair;
    fails(ring_and_wait(pair.theirs, pair.mine, abi::now), Errc::timed_out);
    equals(need(sys::wait(pair.theirs.borrow(), abi::now)), Bits::at(4));
    fails(ring_and_wait(pair.theirs, pair.mine, sys::after_ms(1)), Errc::timed_out);
    equals(need(sys::wait(pair.theirs.borrow(), abi::now)), Bits::at(4));
}

void a_mask_is_kept()
{
    const Pair pair;
    const Bell narrow = need(sys::duplicate(pair.theirs.borrow(), right::signal, Bits::at(5)));
    fails(ring_and_wait(narrow, pair.mine, abi::now), Errc::timed_out);
    that(pair.silent(pair.theirs), "a bit outside of the mask was raised");
    fails(sys::signal_wait(narrow.borrow(), every, pair.mine.borrow(), abi::now), Errc::timed_out);
    equals(need(sys::wait(pair.theirs.borrow(), abi::now)), Bits::at(5));
}

struct Waker {
    const Bell& bell;
    bool stop = false;
};

// Runs only while main sleeps, which is then woken.
void ring_until_told(Waker& w)
{
    while (!__atomic_load_n(&w.stop, __ATOMIC_RELAXED))
        works(sys::signal(w.bell.borrow(), Bits::at(63)));
}

// The upper bits of a handle in an argument are part of it: no number of another call hides there.
void junk_above_a_handle()
{
    const Pair pair;
    Waker waker{.bell = pair.mine};
    Threaded<Waker> thread{&ring_until_told, waker, check::own_priority - 1};
    const Bell mute = need(sys::duplicate(pair.theirs.borrow(), right::wait, every));
    for (const abi::Slot slot : {mute.slot(), pair.theirs.slot(), abi::no_slot})
        for (u64 high = 1; high < 256; ++high) {
            const sys::Borrowed<sys::Notification> junk{abi::Slot{slot.raw() | high << 56}};
            fails(sys::signal_wait(junk, Bits::at(4), pair.mine.borrow()), Errc::bad_handle);
        }
    that(pair.silent(pair.theirs), "a handle without the right signalled");
    __atomic_store_n(&waker.stop, true, __ATOMIC_RELAXED);
    thread.join();
}

// The same for a handle of another kind, whose badge is no mask.
void junk_above_another_kind()
{
    const Pair pair;
    Waker waker{.bell = pair.mine};
    Threaded<Waker> thread{&ring_until_told, waker, check::own_priority - 1};
    const auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 7));
    for (const abi::Slot slot : {client.slot(), endpoint.slot()})
        for (u64 high = 1; high < 256; ++high) {
            const sys::Borrowed<sys::Notification> junk{abi::Slot{slot.raw() | high << 56}};
            fails(sys::signal_wait(junk, every, pair.mine.borrow()), Errc::bad_handle);
        }
    __atomic_store_n(&waker.stop, true, __ATOMIC_RELAXED);
    thread.join();
}

// Whatever is wrong with either handle, nothing was raised and nothing taken.
void refusals()
{
    const Pair pair;
    const Bell deaf = need(sys::duplicate(pair.mine.borrow(), right::signal, every));
    const Bell mute = need(sys::duplicate(pair.theirs.borrow(), right::wait, every));
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    const sys::Borrowed<sys::Notification> page{memory.slot()};
    const sys::Borrowed<sys::Notification> nothing{abi::Slot{12345}};
    works(sys::signal(pair.mine.borrow(), Bits::at(0)));
    for (const abi::Ticks until : {abi::now, abi::never}) {
        fails(ring_and_wait(pair.theirs, deaf, until), Errc::denied);
        fails(ring_and_wait(mute, pair.mine, until), Errc::denied);
        fails(sys::signal_wait(pair.theirs.borrow(), every, page, until), Errc::wrong_kind);
        fails(sys::signal_wait(page, every, pair.mine.borrow(), until), Errc::wrong_kind);
        fails(sys::signal_wait(pair.theirs.borrow(), every, nothing, until), Errc::bad_handle);
        fails(sys::signal_wait(nothing, every, pair.mine.borrow(), until), Errc::bad_handle);
    }
    that(pair.silent(pair.theirs), "a call that failed raised a bit");
    equals(need(sys::wait(pair.mine.borrow(), abi::now)), Bits::at(0));
}

// One end of a rally; `first` serves.
struct Player {
    const Pair& pair;
    u64 rounds;
    bool first;
};

void rally(Player& me)
{
    const Bell& mine = me.first ? me.pair.mine : me.pair.theirs;
    const Bell& other = me.first ? me.pair.theirs : me.pair.mine;
    if (!me.first)
        equals(need(sys::wait(mine.borrow())), Bits::at(4));
    for (u64 round = 1; round < me.rounds; ++round)
        equals(need(ring_and_wait(other, mine)), Bits::at(4));
    works(sys::signal(other.borrow(), Bits::at(4)));
    if (me.first)
        equals(need(sys::wait(mine.borrow())), Bits::at(4));
}

void rallies()
{
    const Pair pair;
    for (const u64 priority : {check::own_priority - 1, check::own_priority}) {
        Player second{pair, 1000, false};
        Player first{pair, 1000, true};
        Threaded<Player> thread{&rally, second, priority};
        rally(first);
        thread.join();
    }
}

void one_waiter()
{
    const Pair pair;
    Player other{pair, 1, false};  // waits on `theirs`
    Threaded<Player> thread{&rally, other};
    check::until_others_block();
    fails(ring_and_wait(pair.mine, pair.theirs, abi::now), Errc::busy);
    fails(ring_and_wait(pair.mine, pair.theirs), Errc::busy);
    that(pair.silent(pair.mine), "a call that failed raised a bit");
    works(sys::signal(pair.theirs.borrow(), Bits::at(4)));
    thread.join();
}

// The last handle of what is waited on goes during the wait.
void a_waiter_of_nothing()
{
    Pair pair;
    struct Closer {
        Pair& pair;
    } closer{pair};
    Threaded<Closer> thread{+[](Closer& c) {
                                need(sys::wait(c.pair.theirs.borrow()));
                                c.pair.mine = {};
                            },
                            closer};
    fails(ring_and_wait(pair.theirs, pair.mine), Errc::cancelled);
    thread.join();
}

// A server in a thread of its own, since it binds a notification.
struct Server {
    Pair pair;
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 4));
    sys::Handle<sys::Endpoint> receiver = need(sys::duplicate(endpoint.borrow(), right::receive));

    sys::Incoming
    receive(sys::Borrowed<sys::Notification> rung, abi::Ticks until, unsigned take = 0) const
    {
        return sys::signal_receive(receiver.borrow(), take, rung, Bits::at(4), until);
    }
    sys::Incoming receive(abi::Ticks until, unsigned take = 0) const
    {
        return receive(pair.theirs.borrow(), until, take);
    }
};

void in_a_thread(void (*body)(Server&))
{
    Server server;
    Threaded<Server, 32'768> thread{body, server};
    thread.join();
}

void a_receive_takes_its_own_bits()
{
    in_a_thread(+[](Server& s) {
        works(sys::bind(s.pair.mine.borrow()));
        for (const abi::Ticks until : {abi::now, abi::never}) {
            const auto in = s.receive(s.pair.mine.borrow(), until);
            equals(in.header.status(), Errc::ok);
            equals(in.badge, 0);
            equals(in.bits, Bits::at(4));
        }
    });
}

void a_receive_times_out_after_the_signal()
{
    in_a_thread(+[](Server& s) {
        works(sys::bind(s.pair.mine.borrow()));
        for (const abi::Ticks until : {abi::now, sys::after_ms(1)}) {
            equals(s.receive(until).header.status(), Errc::timed_out);
            equals(need(sys::wait(s.pair.theirs.borrow(), abi::now)), Bits::at(4));
        }
    });
}

void refused_receives()
{
    in_a_thread(+[](Server& s) {
        works(sys::bind(s.pair.mine.borrow()));
        const Bell mute = need(sys::duplicate(s.pair.theirs.borrow(), right::wait, every));
        const sys::Borrowed<sys::Notification> wrong{s.endpoint.slot()};
        for (const abi::Ticks until : {abi::now, abi::never}) {
            for (unsigned take = 5; take < 8; ++take)
                equals(s.receive(until, take).header.status(), Errc::bad_argument);
            equals(s.receive(mute.borrow(), until).header.status(), Errc::denied);
            equals(s.receive(wrong, until).header.status(), Errc::wrong_kind);
            equals(s.receive({abi::no_slot}, until).header.status(), Errc::bad_handle);
            const auto client = sys::signal_receive(s.client.borrow(), 0, s.pair.theirs.borrow(),
                                                    Bits::at(4), until);
            equals(client.header.status(), Errc::denied);
        }
        that(s.pair.silent(s.pair.theirs), "a call that failed raised a bit");
    });
}

struct Caller {
    const Server& server;
    u64 rounds;
};

// A client that calls, then rings and sleeps, again and again.
void call_and_ring(Caller& c)
{
    for (u64 round = 0; round < c.rounds; ++round) {
        const auto in = sys::call(c.server.client.borrow(), {abi::Header::make(3, 8), {round}});
        equals(in.header.status(), Errc::ok);
        equals(need(ring_and_wait(c.server.pair.mine, c.server.pair.theirs)), Bits::at(4));
    }
}

void calls_and_doorbells()
{
    in_a_thread(+[](Server& s) {
        works(sys::bind(s.pair.mine.borrow()));
        Caller caller{s, 500};
        Threaded<Caller> thread{&call_and_ring, caller, check::own_priority - 1};
        auto in = sys::receive(s.receiver.borrow(), 0);
        for (u64 round = 0; round < caller.rounds; ++round) {
            that(in.request(), "no request");
            equals(in.words[0], round);
            equals(s.receive(abi::never).header.status(), Errc::busy);  // a reply is owed
            in = sys::reply_receive(s.receiver.borrow(), {abi::Header::make(3, 0), {}});
            equals(in.bits, Bits::at(4));
            // Rings the client, sleeps, and is called by it.
            in = s.receive(round + 1 < caller.rounds ? abi::never : sys::after_ms(1));
        }
        equals(in.header.status(), Errc::timed_out);
        thread.join();
        that(s.pair.silent(s.pair.theirs), "a call that failed raised a bit");
    });
}

// Everybody sleeps after the signal, and a deadline of somebody else ends it.
void a_receive_with_nobody_ready()
{
    in_a_thread(+[](Server& s) {
        works(sys::bind(s.pair.mine.borrow()));
        struct Later {
            const Bell& bell;
        } later{s.pair.mine};
        Threaded<Later> thread{+[](Later& l) {
                                   check::sleep_ms(2);
                                   works(sys::signal(l.bell.borrow(), Bits::at(7)));
                               },
                               later, check::own_priority - 1};
        const auto in = s.receive(abi::never);
        equals(in.bits, Bits::at(7));
        equals(need(sys::wait(s.pair.theirs.borrow(), abi::now)), Bits::at(4));
    });
}

constexpr std::array cases{
    check::Case{"a fused signal and wait does both", both_happen},
    check::Case{"a fused wait on what it signals takes it at once", one_for_both},
    check::Case{"a fused wait that times out has signalled", a_deadline_comes_after_the_signal},
    check::Case{"a fused signal keeps to its mask", a_mask_is_kept},
    check::Case{"a fused wait that is refused has signalled nothing", refusals},
    check::Case{"junk above a handle that a fused wait signals is refused", junk_above_a_handle},
    check::Case{"junk above a handle of another kind is refused by a fused wait",
                junk_above_another_kind},
    check::Case{"two threads that ring and wait take turns", rallies},
    check::Case{"a second waiter is refused, and rings nobody", one_waiter},
    check::Case{"closing the last handle ends a fused wait", a_waiter_of_nothing},
    check::Case{"a fused receive takes the bits that it raised itself",
                a_receive_takes_its_own_bits},
    check::Case{"a fused receive that times out has signalled",
                a_receive_times_out_after_the_signal},
    check::Case{"a fused receive that is refused has signalled nothing", refused_receives},
    check::Case{"a server rings its client with its next receive", calls_and_doorbells},
    check::Case{"a fused receive sleeps when nobody is ready", a_receive_with_nobody_ready},
};

}  // namespace

const check::Cases fused_cases{cases};
