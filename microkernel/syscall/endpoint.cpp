// syscall/endpoint.cpp - endpoints are made, badged, watched and given up.

#include "syscall/calls.hpp"

#include <abi/syscall.hpp>

namespace kernel {

namespace {

// Who pays for a badge: the caller, or a process that it manages. peer_gone: a dead one.
Result<Process*> payer_of(Thread& caller, abi::Slot slot)
{
    if (slot == abi::no_slot)
        return &caller.process();
    const auto named = handles(caller).get<Process>(slot, abi::right::manage);
    if (named && (*named)->dead())
        return fail(Errc::peer_gone);
    return named;
}

}  // namespace

Result<> sys_endpoint_create(Thread& caller)
{
    const auto made = slabs::endpoints.make();
    if (!made)
        return fail(made.error());
    using namespace abi::right;
    return install(caller, **made, duplicate | transfer | manage | receive)
        .transform([&](abi::Slot slot) { caller.finish(slot.raw()); });
}

// x0 badge, x1 slot of the process that pays for it (0: own)
Result<> sys_endpoint_mint(Thread& caller)
{
    const auto endpoint = handles(caller).get<Endpoint>(caller.call_slot(), abi::right::manage);
    if (!endpoint)
        return fail(endpoint.error());
    if (caller.argument(0) == 0)
        return fail(Errc::bad_argument);
    const auto payer = payer_of(caller, abi::Slot{caller.argument(1)});
    if (!payer)
        return fail(payer.error());
    if (const auto reserved = handles(caller).reserve(1); !reserved)
        return reserved;
    const auto badge = (*endpoint)->mint(**payer, caller.argument(0));
    if (!badge) {
        handles(caller).unreserve(1);
        return fail(badge.error());
    }
    (*endpoint)->ref();
    using namespace abi::right;
    const abi::Slot slot =
        handles(caller).add(**endpoint, call | duplicate | transfer, reinterpret_cast<u64>(*badge));
    caller.finish(slot.raw());  // the badge's first reference is this handle's
    return {};
}

Result<> sys_endpoint_watch(Thread& caller)
{
    const auto entry = handles(caller).find(caller.call_slot());
    if (!entry)
        return fail(entry.error());
    if ((*entry)->kind != abi::Kind::endpoint)
        return fail(Errc::wrong_kind);
    const bool managed = (*entry)->rights.has(abi::right::manage);
    if (!managed && !(*entry)->rights.has(abi::right::call))
        return fail(Errc::denied);
    const auto target = handles(caller).find(abi::Slot{caller.argument(0)}, abi::Kind::notification,
                                             abi::right::signal);
    if (!target)
        return fail(target.error());
    auto& notification = static_cast<Notification&>(*(*target)->object);
    const abi::Bits bits{caller.argument(1) & (*target)->data};
    if (managed) {
        static_cast<Endpoint*>((*entry)->object)->watch(notification, bits);
    } else {
        badge_of(**entry).watch(notification, bits);
    }
    caller.finish();
    return {};
}

Result<> sys_endpoint_give_up(Thread& caller)
{
    const auto endpoint = handles(caller).get<Endpoint>(caller.call_slot(), abi::right::manage);
    if (!endpoint)
        return fail(endpoint.error());
    if (caller.argument(0) > 1)
        return fail(Errc::bad_argument);
    const bool on = caller.argument(0) == 1;
    caller.finish();
    (*endpoint)->give_up(on);
    return {};
}

Result<> sys_endpoint_info(Thread& caller)
{
    const auto endpoint = handles(caller).get<Endpoint>(caller.call_slot(), abi::right::none);
    if (!endpoint)
        return fail(endpoint.error());
    const Endpoint& what = **endpoint;
    caller.finish(what.epoch(), what.served() ? 1 : 0, what.given_up() ? 1 : 0);
    caller.x[4] = what.queued();
    caller.x[5] = what.attended() ? 1 : 0;
    return {};
}

}  // namespace kernel
