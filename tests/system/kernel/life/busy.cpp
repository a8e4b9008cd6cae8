// life/busy.cpp - ends in the middle of work: mapping, making things, faulting, sleeping, spinning.
#include "state.hpp"

namespace {

using check::equals;

check::Child start(Around& around, std::string_view what, std::string_view image)
{
    auto made = around.starter(what, {.arguments = {"0"}, .image = image});
    made.grant_self();
    return made.run();
}

// Killed at some moment of what it does again and again.
void in_the_middle(std::string_view what, std::string_view image)
{
    Around around;
    const auto child = start(around, what, image);
    around.wait_until_ready();
    pause_by_lot();
    child.kill();
}

void mapping() { in_the_middle("map", "test_mortal"); }
void creating() { in_the_middle("create", "test_mortal"); }
void sleeping() { in_the_middle("sleep", "test_actor"); }
void spinning() { in_the_middle("spin", "test_actor"); }

// At any moment from before its first instruction.
void starting()
{
    Around around;
    const auto child = start(around, "create", "test_mortal");
    pause_by_lot();
    child.kill();
}

// By its own mistake, and with it threads that sleep.
void faulting()
{
    Around around;
    const auto child = start(around, "fault", "test_mortal");
    equals(child.wait().exit.cause, abi::ExitCause::fault);
}

void leaving()
{
    Around around;
    equals(start(around, "orphan", "test_actor").wait().exit.code, 0);
}

constexpr std::array<Way, 7> ways{mapping,  creating, sleeping, spinning,
                                  starting, faulting, leaving};

}  // namespace

const std::span<const Way> busy_ways{ways};
