// ipc/ways.hpp - a server in a thread, in each way that it can wait.
//
// One that takes no handles and has no deadline goes a short way through the kernel, one that takes
// some the long one; a bound notification makes a difference to both. Whatever is expected of one
// is expected of all.
#pragma once

#include <optional>

#include <check/child.hpp>
#include <check/threads.hpp>

namespace ways {

using abi::Header;
using sys::Incoming;

struct Way {
    unsigned take;
    bool bound;
};
inline constexpr std::array<Way, 4> all{{{0, false}, {0, true}, {1, false}, {1, true}}};

inline constexpr u64 badge = 0x8000'0000'0000'0041;
inline constexpr u64 end_badge = 0x99;
inline constexpr Errc answer_status = Errc::read_only;

struct Server {
    Way way;
    sys::Handle<sys::Endpoint> endpoint = check::need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = check::need(sys::mint(endpoint.borrow(), badge));
    sys::Handle<sys::Endpoint> end = check::need(sys::mint(endpoint.borrow(), end_badge));
    sys::Handle<sys::Endpoint> receiver = serve();
    sys::Handle<sys::Notification> bell = check::need(sys::create_notification());
    sys::Handle<sys::Notification> go = check::need(sys::create_notification());
    Incoming seen{};  // the last request
    u64 served = 0;
    abi::Ticks until = abi::never;  // deadline of its receives
    abi::Bits bits{};
    Errc status = Errc::ok;  // of what a case tries in the server's place
    u64 turns = 0;           // that were taken
    bool went_on = false;
    void (*work)(Server&) = nullptr;  // what it does after its first call

    sys::Handle<sys::Endpoint> serve() const
    {
        return check::need(sys::duplicate(endpoint.borrow(), abi::right::receive));
    }
    void bind() const
    {
        if (way.bound)
            check::works(sys::bind(bell.borrow()));
    }
    Incoming receive() const { return sys::receive(receiver.borrow(), way.take, until); }
    Incoming answer(sys::Letter letter) const
    {
        letter.header.raw |= Header::Take::make(way.take);
        return sys::reply_receive(receiver.borrow(), letter);
    }
    // Waits for main.
    void pause() const { check::need(sys::wait(go.borrow(), check::patience())); }

    Incoming call(const sys::Letter& letter, abi::Ticks deadline = abi::never) const
    {
        return sys::call(client.borrow(), letter, deadline);
    }
    Errc ask() const { return call({Header::make(1, 8), {7}}).header.status(); }
};

// What an answer is: as long as its request, with a status.
inline sys::Letter complement(const Incoming& in)
{
    const Header header = Header::make(in.header.ordinal(), in.header.size());
    sys::Letter letter{{header.raw | static_cast<u64>(answer_status)}, in.words};
    for (u64& word : letter.words)
        word = ~word;
    return letter;
}

// Answers until it is told to end, or its handle is gone.
inline void echo(Server& s)
{
    s.bind();
    Incoming in = s.receive();
    while (in.header.status() == Errc::ok) {
        s.bits = s.bits | in.bits;
        if (in.request()) {
            s.seen = in;
            ++s.served;
            in = s.answer(complement(in));
        } else {
            in = s.receive();
        }
    }
}

// The kernel knows the server of an endpoint from its first call on, which so goes the long way.
inline void be_known(Server& s)
{
    const Incoming first = sys::receive(s.receiver.borrow(), 0);
    check::that(first.request(), "no first call");
    check::works(sys::reply({Header::make(1, 0), {}}));
    s.work(s);
}

// One that waits, and was called before.
struct Running {
    Server server;
    check::Threaded<Server, 16'384> thread;

    Running(Way way, void (*what)(Server&), u64 priority)
        : server{.way = way, .work = what}, thread{&be_known, server, priority}
    {
        check::until_others_block();
        check::equals(server.call({Header::make(1, 0), {}}).header.status(), Errc::ok);
        check::until_others_block();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { stop(); }

    void stop()
    {
        server.end = {};
        thread.join();
    }
};

// One that spins while it can.
struct Spinner {
    bool stop = false;
    std::optional<check::Threaded<bool>> thread;

    explicit Spinner(u64 priority)
    {
        thread.emplace(
            +[](bool& end) {
                while (!__atomic_load_n(&end, __ATOMIC_RELAXED))
                    asm volatile("" ::: "memory");
            },
            stop, priority);
    }
    Spinner(const Spinner&) = delete;
    Spinner& operator=(const Spinner&) = delete;
    ~Spinner() { __atomic_store_n(&stop, true, __ATOMIC_RELAXED); }
};

}  // namespace ways
