// check/servers.hpp - what init says of programs and devices, and does to servers: for a test whose
// table says `manage`.
#pragma once

#include <string_view>

#include <check/threads.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace check {

namespace names = proto::names;
using names::State;

inline sys::Borrowed<sys::Endpoint> init() { return need(given().grant<sys::Endpoint>("names")); }

// The entry of this name of one of init's lists; there is one.
template <Method M>
M::Reply listed(std::string_view name)
{
    for (u32 i = 0;; ++i) {
        const auto reply = need(sys::call<M>(init(), {i, 0})).reply;
        if (text::of(reply.name) == name)
            return reply;
    }
}

inline names::Process::Reply about(std::string_view program)
{
    return listed<names::Process>(program);
}
inline names::Device::Reply device(std::string_view name) { return listed<names::Device>(name); }
inline names::Crash::Reply last_crash(std::string_view server)
{
    return listed<names::Crash>(server);
}

template <Method M>
Result<> order(std::string_view program)
{
    return sys::call<M>(init(), {text::padded<16>(program)}).transform([](const auto&) {});
}

inline void wait_for(std::string_view program, State state, u32 epoch)
{
    const auto there = [&] {
        const auto now = about(program);
        return now.state == state && now.epoch == epoch;
    };
    that(eventually(there), "a server is not in the state that it should come to");
}

// Kills it, and waits for the next instance.
inline void kill(std::string_view server)
{
    const u32 epoch = about(server).epoch;
    works(order<names::Kill>(server));
    wait_for(server, State::ready, epoch + 1);
}

}  // namespace check
