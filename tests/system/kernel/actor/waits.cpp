// actor/waits.cpp - every state in which a process can be when it is killed. "ready", if granted,
// is raised just before.
#include "behaviour.hpp"

#include <sys/endpoint.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>
#include <sys/time.hpp>

namespace actor {

namespace {

void say_ready(const sys::Startup& given)
{
    if (const auto ready = given.grant<sys::Notification>("ready"))
        (void)sys::signal(*ready, abi::Bits::at(0));
}

u64 spin(const sys::Startup& given)
{
    say_ready(given);
    for (;;)
        asm volatile("" ::: "memory");
}

u64 sleep(const sys::Startup& given)
{
    const auto nobody = sys::create_notification();
    if (!nobody)
        return call_failed;
    say_ready(given);
    (void)sys::wait(nobody->borrow(),
                    number(given, 1) == 0 ? abi::never : sys::after_ms(number(given, 1)));
    return 0;
}

u64 receive(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return not_granted;
    say_ready(given);
    (void)sys::receive(*endpoint, 4);
    return went_on;
}

// Received a request, and sleeps instead of answering.
u64 owe(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return not_granted;
    if (!sys::receive(*endpoint, 4).request())
        return call_failed;
    return sleep(given);
}

u64 call(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("target");
    if (!endpoint)
        return not_granted;
    say_ready(given);
    const auto in = sys::call(*endpoint, {abi::Header::make(1, 8, 0, 4), {number(given, 1)}});
    return static_cast<u64>(in.header.status());
}

// Calls so often, each with its own number; gives the first error.
u64 call_often(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("target");
    if (!endpoint)
        return not_granted;
    for (u64 i = 0; i < number(given, 1); ++i) {
        const auto in = sys::call(*endpoint, {abi::Header::make(1, 16), {i, number(given, 2)}});
        if (in.header.status() != Errc::ok)
            return static_cast<u64>(in.header.status());
        if (in.words[0] != i || in.words[1] != number(given, 2))
            return went_on;
    }
    return 0;
}

// Raises bit 0 of "ready" and waits for bits of "go", again and again.
u64 ping(const sys::Startup& given)
{
    const auto go = given.grant<sys::Notification>("go");
    if (!go)
        return not_granted;
    for (;;) {
        say_ready(given);
        if (!sys::wait(*go))
            return call_failed;
    }
}

// Rings all the time, at ever other intervals.
u64 ring(const sys::Startup& given)
{
    const auto ready = given.grant<sys::Notification>("ready");
    if (!ready)
        return not_granted;
    for (u64 seed = 12345;; seed = seed * 6364136223846793005ULL + 1442695040888963407ULL) {
        (void)sys::signal(*ready, abi::Bits::at(0));
        for (u64 i = (seed >> 33) % 4000; i > 0; --i)
            asm volatile("" ::: "memory");
    }
}

constexpr std::array list{
    Behaviour{"ring", ring},
    Behaviour{"spin", spin},
    Behaviour{"sleep", sleep},
    Behaviour{"receive", receive},
    Behaviour{"owe", owe},
    Behaviour{"call", call},
    Behaviour{"call_often", call_often},
    Behaviour{"ping", ping},
};

}  // namespace

const std::span<const Behaviour> waits{list};

}  // namespace actor
