// life/state.hpp - each way to die is a function: it makes a process, brings it to a state, ends it
// there, and looks at what others see of that.
#pragma once

#include <check/child.hpp>
#include <check/first.hpp>
#include <check/threads.hpp>

using Way = void (*)();

extern const std::span<const Way> call_ways;
extern const std::span<const Way> busy_ways;
extern const std::span<const Way> interrupt_ways;
extern const check::Cases peer_cases;

// An endpoint, a badge of it, and what a process says when it is there.
struct Around {
    sys::Handle<sys::Endpoint> endpoint = check::need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = check::need(sys::mint(endpoint.borrow(), 1));
    sys::Handle<sys::Notification> ready = check::need(sys::create_notification());

    check::Starter starter(std::string_view behaviour, const check::Options& options = {})
    {
        check::Options used = options;
        used.threads = 8;
        used.priority = 20;
        used.cpu = check::by_turns;
        check::Starter made{behaviour, used};
        made.grant("ready", ready.slot(), abi::Kind::notification, abi::right::signal);
        return made;
    }
    // Calls, with no end.
    check::Child caller()
    {
        auto made = starter("call");
        made.grant("target", client.slot(), abi::Kind::endpoint, abi::right::call);
        return made.run();
    }
    // A server of the endpoint.
    check::Child server(std::string_view behaviour)
    {
        auto made = starter(behaviour);
        made.grant("serve", endpoint.slot(), abi::Kind::endpoint, abi::right::receive);
        return made.run();
    }
    void wait_until_ready(const check::Where& where = check::Where::current()) const
    {
        check::works(sys::wait(ready.borrow(), check::patience()), where);
    }
    // Somebody stands in line.
    void wait_for_a_caller() const
    {
        check::that(check::eventually(
                        [&] { return check::need(sys::info(endpoint.borrow())).queued == 1; }),
                    "nobody calls");
    }
};

// Some microseconds, by lot: whoever is busy is somewhere in the middle then.
inline void pause_by_lot()
{
    static constinit check::Random random{4711};
    const auto nobody = check::need(sys::create_notification());
    (void)sys::wait(nobody.borrow(), sys::after(sys::microseconds(random.below(300))));
}
