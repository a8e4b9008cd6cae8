// flooder.cpp - connects to a server that does not hear of it, and closes, again and again. It runs
// out of handles itself, nobody else does, and all of it comes back with the end of that server.
#include "flood.hpp"

#include <check/child.hpp>
#include <check/counters.hpp>
#include <check/threads.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace {

using check::Counters;
using check::equals;
using check::need;
using check::that;
using check::works;

using proto::names::Connect;

constexpr int connects = 10'000;
constexpr int rest = 1'000;  // connects between two looks at the neighbour

u32 own() { return need(sys::info(check::self())).handles_used; }

Errc connect_and_close(std::string_view service)
{
    const auto session = sys::connect<Connect>(check::given(), service);
    return session ? Errc::ok : session.error();
}

// The server of this name hangs until `end` is signalled, and then ends.
void hang(std::string_view service, const sys::Handle<sys::Notification>& end)
{
    auto session = need(sys::connect<Connect>(check::given(), service));
    auto theirs = need(sys::duplicate(end.borrow(), abi::right::wait | abi::right::transfer));
    need(session.call<flood::Hang>({}, sys::HandleSet::of(std::move(theirs)), 0));
}

void end(const sys::Handle<sys::Notification>& bell)
{
    works(sys::signal(bell.borrow(), abi::Bits::at(0)));
    check::sleep_ms(5);
}

Counters since(const Counters& before)
{
    Counters difference = check::settled();
    for (usize i = 0; i < difference.values.size(); ++i)
        difference.values[i] -= before.values[i];
    return difference;
}

// Both hung servers hang, nothing else happens.
struct Stage {
    sys::Handle<sys::Notification> quiet_end = need(sys::create_notification());
    sys::Handle<sys::Notification> hung_end = need(sys::create_notification());
    sys::Session neighbour = need(sys::connect<Connect>(check::given(), "neighbour"));

    Stage()
    {
        hang("quiet", quiet_end);
        hang("hung", hung_end);
    }
};

// Ten thousand times; how many connects were given.
int flood(Stage& stage)
{
    int given = 0;
    for (int i = 0; i < connects; ++i) {
        const Errc result = connect_and_close("hung");
        given += result == Errc::ok ? 1 : 0;
        if (result != Errc::ok)
            equals(result, Errc::over_quota);
        if (i % rest == 0)
            works(stage.neighbour.call<flood::Work>());
    }
    return given;
}

void only_the_flooder_runs_out()
{
    Stage stage;
    const u32 used = own();
    const u32 limit = need(sys::info(check::self())).handles_limit;
    const Counters first = check::settled();
    end(stage.quiet_end);
    const Counters quiet = since(first);

    const Counters second = check::settled();
    const int given = flood(stage);
    that(given > 100 && given < static_cast<int>(limit), "the flood was not stopped by its quota");
    equals(own(), limit - 1);  // too few for a handle and a badge
    works(stage.neighbour.call<flood::Work>());
    end(stage.hung_end);
    that(since(second) == quiet, "a flooded server gives back other things than a quiet one");
    equals(own(), used - 2);  // the badges of the sessions that told the servers to hang
}

constexpr std::array cases{
    check::Case{"who floods a hung server with connects runs out of handles alone",
                only_the_flooder_runs_out, check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
