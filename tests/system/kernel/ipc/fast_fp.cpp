// fast_fp.cpp - FP and SIMD registers over calls to a server that waits, and over signals.
#include "cases.hpp"
#include "ways.hpp"

extern "C" void check_fp_load(const u8* registers);
extern "C" void check_fp_store(u8* registers);

namespace {

using check::equals;
using check::that;
using ways::Running;
using ways::Server;
using ways::Way;

using State = std::array<u8, 528>;  // q0..q31, FPSR, FPCR

State pattern(u64 seed)
{
    State state{};
    for (usize i = 0; i < 512; ++i)
        state[i] = static_cast<u8>(seed * 37 + i);
    return state;
}

bool have(const State& expected)
{
    State now{};
    check_fp_store(now.data());
    return now == expected;
}

// As echo, with something of its own in the FP registers from the second request on.
void echo_with_registers(Server& s)
{
    const State mine = pattern(2);
    s.bind();
    auto in = s.receive();
    for (; in.request(); in = s.answer(ways::complement(in))) {
        if (s.served > 0)
            that(have(mine), "the server has other FP registers");
        check_fp_load(mine.data());
        ++s.served;
    }
}

void calls(const Server& s, bool with_registers)
{
    const State mine = pattern(with_registers ? 1 : 0);
    check_fp_load(mine.data());
    for (int i = 0; i < 20; ++i) {
        equals(s.ask(), ways::answer_status);
        if (with_registers || i % 10 == 9)
            that(have(mine), "the caller has other FP registers");
    }
}

// Used all the time, or loaded and left alone, with a server that uses them or does not.
void kept_over_calls()
{
    for (const Way way : ways::all)
        for (const auto server : {&ways::echo, &echo_with_registers})
            for (const bool with_registers : {true, false}) {
                const Running running{way, server, 20};
                calls(running.server, with_registers);
            }
}

constexpr int rounds = 20;

// Sleeps for the other, which is ready then: it goes on where it rang.
struct Sleeper {
    sys::Handle<sys::Notification> bell = check::need(sys::create_notification());
    bool kept = true;
};

void sleep_with_registers(Sleeper& s)
{
    const State mine = pattern(3);
    check_fp_load(mine.data());
    for (int i = 0; i < rounds; ++i) {
        check::works(sys::wait(s.bell.borrow()));
        s.kept = s.kept && have(mine);
    }
}

void ring_with_registers(Sleeper& s)
{
    const State mine = pattern(4);
    check_fp_load(mine.data());
    for (int i = 0; i < rounds; ++i) {
        check::works(sys::signal(s.bell.borrow(), abi::Bits::at(0)));
        that(have(mine), "who rang has other FP registers");
    }
}

void kept_over_waits()
{
    Sleeper sleeper;
    check::Threaded<Sleeper> thread{&sleep_with_registers, sleeper, 25};
    check::until_others_block();
    check::Threaded<Sleeper> other{&ring_with_registers, sleeper, 20};
    other.join();
    thread.join();
    that(sleeper.kept, "who slept has other FP registers");
}

constexpr std::array cases{
    check::Case{"FP registers are kept over calls to a server that waits", kept_over_calls},
    check::Case{"FP registers are kept over a signal and the wait that it ends", kept_over_waits},
};

}  // namespace

const check::Cases fast_fp_cases{cases};
