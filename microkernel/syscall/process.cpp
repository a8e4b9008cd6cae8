// syscall/process.cpp - processes and threads are made, given things, watched and ended.

#include "syscall/calls.hpp"

namespace kernel {

namespace {

abi::ExitRecord ended(abi::ExitCause cause, u64 code, const Thread& by)
{
    abi::ExitRecord record{};
    record.cause = cause;
    record.thread = by.index();
    record.code = code;
    return record;
}

}  // namespace

Result<> sys_process_create(Thread& caller)
{
    const auto payer = handles(caller).get<Process>(caller.call_slot(), abi::right::manage);
    if (!payer)
        return fail(payer.error());
    if ((*payer)->dead())
        return fail(Errc::peer_gone);
    const auto quota = from_message<abi::ProcessQuota>(caller);
    const auto made = Process::create(*payer, quota);
    if (!made)
        return fail(made.error());
    using namespace abi::right;
    return install(caller, **made, duplicate | transfer | manage | read)
        .transform([&](abi::Slot slot) { caller.finish(slot.raw()); });
}

Result<> sys_process_grant(Thread& caller)
{
    const auto child = handles(caller).get<Process>(caller.call_slot(), abi::right::manage);
    if (!child)
        return fail(child.error());
    if ((*child)->dead())
        return fail(Errc::peer_gone);
    const auto entry = handles(caller).find(abi::Slot{caller.argument(0)});
    if (!entry)
        return fail(entry.error());
    if (caller.argument(1) > abi::right::all.raw)
        return fail(Errc::bad_argument);
    const abi::Rights rights{static_cast<u16>(caller.argument(1))};
    if (!(*entry)->rights.has(rights | abi::right::duplicate | abi::right::transfer))
        return fail(Errc::denied);
    if (const auto reserved = (*child)->handles().reserve(1); !reserved)
        return reserved;
    const HandleEntry source = **entry;
    source.object->ref();
    const abi::Slot slot = (*child)->handles().add(*source.object, rights, source.data);
    caller.finish(slot.raw());
    handle_added(**(*child)->handles().find(slot));
    return {};
}

Result<> sys_process_kill(Thread& caller)
{
    const auto victim = handles(caller).get<Process>(caller.call_slot(), abi::right::manage);
    if (!victim)
        return fail(victim.error());
    caller.finish();
    (*victim)->kill(ended(abi::ExitCause::killed, 0, caller), caller);
    return {};
}

Result<> sys_process_watch(Thread& caller)
{
    const auto process = handles(caller).get<Process>(caller.call_slot(), abi::right::read);
    if (!process)
        return fail(process.error());
    const auto target = handles(caller).find(abi::Slot{caller.argument(0)}, abi::Kind::notification,
                                             abi::right::signal);
    if (!target)
        return fail(target.error());
    const abi::Bits bits{caller.argument(1) & (*target)->data};
    caller.finish();
    (*process)->watch(static_cast<Notification&>(*(*target)->object), bits);
    return {};
}

Result<> sys_process_info(Thread& caller)
{
    const auto process = handles(caller).get<Process>(caller.call_slot(), abi::right::read);
    if (!process)
        return fail(process.error());
    abi::ProcessInfo info{};
    (*process)->describe(info);
    to_message(caller, info);
    caller.finish(static_cast<u64>(info.state));
    return {};
}

Result<> sys_thread_create(Thread& caller)
{
    const auto process = handles(caller).get<Process>(caller.call_slot(), abi::right::manage);
    if (!process)
        return fail(process.error());
    if (!aligned(caller.argument(1), 16) || !aligned(caller.argument(0), 4))
        return fail(Errc::bad_argument);
    if (const auto reserved = handles(caller).reserve(1); !reserved)
        return reserved;
    const auto made =
        (*process)->create_thread(caller.argument(0), caller.argument(1), caller.argument(2),
                                  caller.argument(3), caller.argument(4));
    if (!made) {
        handles(caller).unreserve(1);
        return fail(made.error());
    }
    using namespace abi::right;
    caller.finish(handles(caller).add(**made, duplicate | transfer | manage).raw());
    return {};
}

Result<> sys_thread_exit(Thread& caller)
{
    Process& process = caller.process();
    if (process.last_thread()) {
        process.kill(ended(abi::ExitCause::exited, 0, caller), caller);
    } else {
        process.stop(caller, Errc::peer_gone);
        process.remove(caller);
    }
    return {};
}

// x0 CPU, from 1 on
Result<> sys_thread_move(Thread& caller)
{
    const auto thread = handles(caller).get<Thread>(caller.call_slot(), abi::right::manage);
    if (!thread)
        return fail(thread.error());
    if (caller.argument(0) == 0 || caller.argument(0) > cpus_online)
        return fail(Errc::out_of_range);
    if ((*thread)->state == Thread::State::dead)
        return fail(Errc::peer_gone);
    Cpu& to = cpus[caller.argument(0) - 1];
    caller.finish();
    move(**thread, to);
    return {};
}

Result<> sys_exit(Thread& caller)
{
    caller.process().kill(ended(abi::ExitCause::exited, caller.argument(0), caller), caller);
    return {};
}

}  // namespace kernel
