// intruder.cpp - a hostile image in the place of a device's server: it says Ready, and attacks when
// it is asked to.
#include "attacks.hpp"
#include "protocol.hpp"

#include <proto/names.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

class Intruder {
public:
    explicit Intruder(isolation::Attacks& attacks) : attacks_{&attacks} {}

    Result<isolation::Attack::Reply> on(const isolation::Attack::Request&, sys::Caller&)
    {
        attacks_->run();
        return isolation::Attack::Reply{attacks_->mapped() ? 1U : 0U, attacks_->attempts(),
                                        attacks_->successes(), 0};
    }

    Result<isolation::Trespass::Reply> on(const isolation::Trespass::Request&, sys::Caller&)
    {
        asm volatile("str wzr, [%0]" : : "r"(attacks_->next_page()) : "memory");
        return isolation::Trespass::Reply{};
    }

private:
    isolation::Attacks* attacks_;
};

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto device = given.grant<sys::Device>("device");
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!device || !endpoint)
        return fail(Errc::not_found);
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    isolation::Attacks attacks{given, *device};
    Intruder intruder{attacks};
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next();
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(
                sys::dispatch(Methods<isolation::Attack, isolation::Trespass>{}, intruder, *event));
    }
}
