// deadlines.cpp - every call that blocks ends at its deadline, never before, and soon after.
#include "cases.hpp"
#include "served.hpp"

#include <check/raw.hpp>

namespace {

using check::Ask;
using check::equals;
using check::need;
using check::that;
using served::letter;
using served::Service;

// The same function waits in each way that there is; its result is the error.
struct Waits {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> unserved = need(sys::mint(endpoint.borrow(), 1));
    sys::Handle<sys::Notification> silent = need(sys::create_notification());
    Service slow;

    Errc receive(abi::Ticks d) const
    {
        return sys::receive(endpoint.borrow(), 1, d).header.status();
    }
    Errc reply_receive(abi::Ticks d) const
    {
        return sys::reply_receive(endpoint.borrow(), {abi::Header::make(1, 0, 0, 2), {}}, d)
            .header.status();
    }
    Errc call_unserved(abi::Ticks d) const
    {
        return sys::call(unserved.borrow(), letter(Ask::echo, 0), d).header.status();
    }
    Errc wait(abi::Ticks d) const
    {
        const auto bits = sys::wait(silent.borrow(), d);
        return bits ? Errc::ok : bits.error();
    }
};

using Way = Errc (Waits::*)(abi::Ticks) const;
constexpr std::array<Way, 4> ways{&Waits::receive, &Waits::reply_receive, &Waits::call_unserved,
                                  &Waits::wait};

void polls()
{
    const Waits waits;
    for (const Way way : ways)
        for (int i = 0; i < 50; ++i)
            equals((waits.*way)(abi::now), Errc::timed_out);
}

void past_deadlines()
{
    const Waits waits;
    for (const Way way : ways)
        for (const abi::Ticks when : {abi::Ticks{1}, sys::now(), abi::Ticks{sys::now().raw() - 1}})
            equals((waits.*way)(when), Errc::timed_out);
}

// How late a wait of so long ended, in ticks.
u64 lateness(const Waits& waits, Way way, u64 micro)
{
    const abi::Ticks deadline = sys::after(sys::microseconds(micro));
    equals((waits.*way)(deadline), Errc::timed_out);
    that(sys::now() >= deadline, "returned before its deadline");
    return sys::now().raw() - deadline.raw();
}

// Never so late again and again. A busy host stops the machine whenever it likes, so once in time
// is enough.
bool in_time(const Waits& waits, Way way, u64 micro)
{
    for (int n = 0; n < check::tries(200); ++n)
        if (lateness(waits, way, micro) < sys::milliseconds(5).raw())
            return true;
    return false;
}

void never_early_never_late()
{
    const Waits waits;
    for (const Way way : ways)
        for (const u64 micro : {u64{20}, u64{100}, u64{1'000}, u64{5'000}})
            for (int i = 0; i < 3; ++i)
                that(in_time(waits, way, micro), "returned 5 ms late each time");
}

// A deadline far away is not one near by: the comparator's arithmetic does not wrap.
void far_deadlines()
{
    const Waits waits;
    struct Far {
        const Waits& waits;
        abi::Ticks deadline;
        Errc result = Errc::ok;
    };
    for (const u64 far :
         {abi::never.raw(), abi::never.raw() - 1, u64{1} << 62, (u64{1} << 63) - 1}) {
        Far context{waits, abi::Ticks{far}};
        check::Threaded<Far> thread{+[](Far& c) { c.result = c.waits.wait(c.deadline); }, context};
        check::until_others_block();
        check::sleep_ms(3);
        equals(context.result, Errc::ok);
        need(sys::signal(waits.silent.borrow(), abi::Bits::at(0)));
        thread.join();
        equals(context.result, Errc::ok);
    }
}

void while_the_server_works()
{
    const Waits waits;
    equals(served::ask(waits.slow, letter(Ask::echo, 0)).header.status(), Errc::ok);
    const abi::Ticks deadline = sys::after_ms(3);
    const auto in = sys::call(waits.slow.client.borrow(), letter(Ask::hold, 8, {15}), deadline);
    equals(in.header.status(), Errc::timed_out);
    that(sys::now() >= deadline, "returned before its deadline");
    // Its late answer does not meet the next call.
    const auto next = served::ask(waits.slow, letter(Ask::echo, 8, {1234}));
    equals(next.header.status(), Errc::ok);
    equals(next.words[0], 1234);
}

void many_deadlines_in_any_order()
{
    struct Sleeper {
        abi::Ticks deadline;
        abi::Ticks woke;
    };
    std::array<Sleeper, 12> sleepers{};
    std::array<std::optional<check::Threaded<Sleeper>>, 12> threads;
    constexpr std::array<u64, 12> order{7, 2, 11, 5, 9, 1, 12, 3, 8, 6, 10, 4};
    const abi::Ticks start = sys::now();
    for (usize i = 0; i < sleepers.size(); ++i) {
        sleepers[i].deadline = abi::Ticks{start.raw() + sys::milliseconds(order[i]).raw()};
        threads[i].emplace(
            +[](Sleeper& s) {
                const auto nobody = need(sys::create_notification());
                (void)sys::wait(nobody.borrow(), s.deadline);
                s.woke = sys::now();
            },
            sleepers[i]);
    }
    for (auto& thread : threads)
        thread->join();
    for (const Sleeper& s : sleepers)
        that(s.woke >= s.deadline, "woke before its deadline");
}

constexpr std::array cases{
    check::Case{"a deadline of now only looks", polls},
    check::Case{"a deadline that has passed ends the call at once", past_deadlines},
    check::Case{"no call that blocks ends before its deadline, nor long after",
                never_early_never_late},
    check::Case{"a deadline in the far future does not come early", far_deadlines},
    check::Case{"a deadline passes while the server works, and its late answer meets nobody",
                while_the_server_works},
    check::Case{"twelve sleepers wake in their order", many_deadlines_in_any_order},
};

}  // namespace

const check::Cases deadline_cases{cases};
