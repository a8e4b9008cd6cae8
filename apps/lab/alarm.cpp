// lab/alarm.cpp - two threads, so that while one is between two calls the other one is in one.
#include "alarm.hpp"

#include <proto/names.hpp>

namespace lab {

namespace {

struct Caller {
    std::optional<sys::Session> mute;
    u64 ms;
    alignas(16) std::array<std::byte, 8192> stack;
};
[[clang::no_destroy]] constinit std::array<Caller, 2> callers{};
constexpr std::array<u64, 2> waits_ms{40, 57};

void call_always(void* argument)
{
    auto& caller = *static_cast<Caller*>(argument);
    for (;;)
        (void)caller.mute->call<proto::names::Ready>({}, sys::after_ms(caller.ms));
}

}  // namespace

Result<> Alarm::start(const sys::Startup& given, u64 priority)
{
    const auto self = given.grant<sys::Process>("self");
    if (!self)
        return fail(self.error());
    for (usize i = 0; i < callers.size(); ++i) {
        auto session = sys::connect<proto::names::Connect>(given, "mute");
        if (!session)
            return fail(session.error());
        callers[i].mute.emplace(std::move(*session));
        callers[i].ms = waits_ms[i];
        const auto thread =
            sys::spawn(*self, callers[i].stack, &call_always, &callers[i], priority);
        if (!thread)
            return fail(thread.error());
    }
    return {};
}

}  // namespace lab
