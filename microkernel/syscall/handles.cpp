// syscall/handles.cpp - what can be done with any handle.

#include "syscall/calls.hpp"

namespace kernel {

Result<abi::Slot> install(Thread& caller, Object& object, abi::Rights rights, u64 data)
{
    if (const auto reserved = handles(caller).reserve(1); !reserved) {
        release(object);
        return fail(reserved.error());
    }
    const abi::Slot slot = handles(caller).add(object, rights, data);
    handle_added(**handles(caller).find(slot));
    return slot;
}

Result<> sys_close(Thread& caller)
{
    const auto entry = handles(caller).find(caller.call_slot());
    if (!entry)
        return fail(entry.error());
    caller.finish();
    caller.process().close(**entry);
    return {};
}

Result<> sys_duplicate(Thread& caller)
{
    const auto entry = handles(caller).find(caller.call_slot());
    if (!entry)
        return fail(entry.error());
    if (!(*entry)->rights.has(abi::right::duplicate))
        return fail(Errc::denied);
    if (caller.argument(0) > abi::right::all.raw)
        return fail(Errc::bad_argument);
    const abi::Rights rights{static_cast<u16>(caller.argument(0))};
    if (!(*entry)->rights.has(rights))
        return fail(Errc::denied);
    const HandleEntry source = **entry;
    const u64 mask = source.kind == abi::Kind::notification ? caller.argument(1) : ~u64{0};
    source.object->ref();
    const auto slot = install(caller, *source.object, rights, source.data & mask);
    if (!slot)
        return fail(slot.error());
    caller.finish(slot->raw());
    return {};
}

Result<> sys_handle_info(Thread& caller)
{
    const auto entry = handles(caller).find(caller.call_slot());
    if (!entry)
        return fail(entry.error());
    const HandleEntry& what = **entry;
    const bool badged = what.kind == abi::Kind::endpoint && what.data != 0;
    caller.finish(static_cast<u64>(what.kind), what.rights.raw,
                  badged ? badge_of(what).value() : what.data);
    return {};
}

}  // namespace kernel
