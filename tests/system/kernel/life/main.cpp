// life/main.cpp - a thousand ends, or as many as the argument says, of all ways in turn; afterwards
// every counter is where it was after the first round.
#include "state.hpp"

#include <check/counters.hpp>

namespace {

constinit u64 cycles = 0;

u64 each_way()
{
    u64 count = 0;
    for (const auto ways : {call_ways, busy_ways, interrupt_ways})
        for (const Way way : ways)
            way(), ++count;
    return count;
}

void ends_leave_nothing()
{
    (void)each_way();
    const check::Counters before = check::settled();
    u64 said = 0;  // a line now and then: silence is a hang
    for (u64 done = 0; done < cycles;) {
        done += each_way();
        if (done < said + 500)
            continue;
        said = done;
        text::Buffer<40> line;
        sys::out(line.field("ended", done).view());
    }
    check::nothing_left(before);
}

constexpr std::array cases{
    check::Case{"processes that end in every state leave nothing", ends_leave_nothing,
                check::Runs::once},
};

}  // namespace

int program_main(const void* argument)
{
    const sys::Startup given = check::first::begin(argument, "life");
    cycles = check::need(text::parse_number(given.argument(0)));
    check::first::end(check::run_all(given, {cases, peer_cases}));
}
