// ends.cpp - owners of other devices that died before the first case runs: what their devices keep.
#include "cases.hpp"

#include <check/threads.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace {

using check::equals;
using check::need;

using proto::names::State;

sys::Borrowed<sys::Endpoint> names() { return need(check::given().grant<sys::Endpoint>("names")); }

proto::names::Process::Reply program(std::string_view name)
{
    for (u32 i = 0;; ++i) {
        const auto reply = need(sys::call<proto::names::Process>(names(), {i, 0})).reply;
        if (text::of(reply.name) == name)
            return reply;
    }
}

proto::names::Process::Reply ended(std::string_view name)
{
    for (int i = 0; i < 200 && program(name).exit_cause == 0; ++i)
        check::sleep_ms(5);
    return program(name);
}

// An owner died with memory pinned: the device was reset, and its memory came back.
void the_dead_leave_no_pins()
{
    equals(ended("leaver").exit_code, 0);
    const auto reply = need(sys::call<proto::names::Device>(names(), {1, 0})).reply;
    equals(text::of(reply.name), std::string_view{"rng1"});
    equals(reply.pinned_pages, 0u);
    equals(reply.quarantined_pages, 0u);
    equals(need(sys::system_info()).pinned_pages, 0u);
}

void registers_do_not_run()
{
    const auto reply = ended("runner");
    equals(reply.state, State::failed);
    equals(reply.exit_cause, static_cast<u32>(abi::ExitCause::fault));
}

constexpr std::array cases{
    check::Case{"an owner that dies leaves no pinned memory behind its device's reset",
                the_dead_leave_no_pins},
    check::Case{"registers do not run as code", registers_do_not_run},
};

}  // namespace

const check::Cases ends_cases{cases};
