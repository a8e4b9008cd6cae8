// init/recovery.cpp - a server that ended is started again, later, or not any more; and what
// managers ask for.
#include "supervisor.hpp"

#include <sys/log.hpp>

namespace init {

using sys::Level;

namespace {

constexpr u64 look_interval_ms = 2;  // at the ring of a dead server

}  // namespace

// Its process is gone; what its device still does is waited for first.
void Supervisor::recover(u32 index, const names::Crash::Reply& crash)
{
    Recovery& recovery = recoveries_[index];
    recovery.phase = Recovery::Phase::draining;
    recovery.crash = crash;
    recovery.since = recovery.due = sys::now();
    registry_.set(index, State::restarting);
    // What its server had offered and not told it yet.
    if (!drained(index))
        (void)sys::write_register(device_of(index), mmio::queue_notify, recovery.ring.queue);
}

// When there is something to do with it without a bit.
abi::Ticks Supervisor::due(u32 index) const
{
    const State state = registry_[index].state;
    const bool waits = state == State::restarting || state == State::leaving;
    return waits ? recoveries_[index].due : abi::never;
}

// It is due.
void Supervisor::go_on(u32 index)
{
    if (registry_[index].state == State::leaving)
        return late_to_leave(index);
    Recovery& recovery = recoveries_[index];
    if (recovery.phase == Recovery::Phase::draining) {
        const abi::Ticks now = sys::now();
        const abi::Ticks drain = sys::milliseconds(program(index).restart.drain_ms);
        if (!drained(index) && now < sys::later(recovery.since, drain)) {
            recovery.due = sys::later(now, sys::milliseconds(look_interval_ms));
            return;
        }
        end_drain(index);
    }
    if (registry_[index].state == State::restarting && recovery.due <= sys::now())
        restart(index);
}

bool Supervisor::drained(u32 index) const
{
    return !recoveries_[index].memory.valid() || !works(device_of(index)) || owed(index) == 0;
}

// What its device has of it, as far as its ring tells. It said where that is.
u32 Supervisor::owed(u32 index) const
{
    const Recovery& recovery = recoveries_[index];
    const auto mapping = sys::Mapping::create(recovery.memory.borrow(), sys::read_only);
    return mapping ? at_device(recovery.ring, mapping->bytes()) : 0;
}

// What it drove must be seen to have stopped before anything else.
void Supervisor::end_drain(u32 index)
{
    Recovery& recovery = recoveries_[index];
    recovery.phase = Recovery::Phase::waiting;
    recovery.memory = {};
    recovery.leaving = {};
    const bool quiet = quiesce_device(index).has_value();
    names::Crash::Reply& crash = recovery.crash;
    recovery.asked = recovery.asked && quiet;
    const auto cause = static_cast<abi::ExitCause>(crash.cause);
    const bool ordered =
        recovery.asked && (cause == abi::ExitCause::killed || cause == abi::ExitCause::exited);
    crash.next = quiet ? plan_restart(index, crash.wait_ms) : State::failed;
    crash.drain_ms = static_cast<u32>(
        sys::nanoseconds(abi::Ticks{sys::now().raw() - recovery.since.raw()}) / 1'000'000);
    if (!ordered)
        crashes_.add(crash);
    registry_.set(index, crash.next);
    if (crash.next == State::failed || crash.next == State::gave_up) {
        sys::log(Level::error, "server given up", {{"program", text::of(program(index).name)}});
        if (quiet && drives_console(index))
            last_words(device_of(index), "\r\n-- the server of this console is given up\r\n");
        release(index);
    }
}

State Supervisor::plan_restart(u32 index, u32& wait_ms)
{
    Recovery& recovery = recoveries_[index];
    const abi::Ticks now = sys::now();
    recovery.due = now;
    if (std::exchange(recovery.asked, false))
        return State::restarting;
    if (recovery.held)
        return State::held;
    const auto wait = recovery.restarts.ended(program(index).restart, now);
    if (!wait)
        return State::gave_up;
    wait_ms = *wait;
    recovery.due = sys::later(now, sys::milliseconds(*wait));
    return State::restarting;
}

void Supervisor::restart(u32 index)
{
    const table::Program& p = program(index);
    registry_.next_epoch(index);
    const u32 epoch = registry_[index].epoch;
    if (const auto launched = launch(index); launched) {
        sys::log(Level::warn, "restarted", {{"program", text::of(p.name)}, {"epoch", epoch}});
        return;
    } else {
        sys::log(Level::error, "not restarted",
                 {{"program", text::of(p.name)}, {"epoch", epoch}, {"error", launched.error()}});
        choose_image(index, false);
    }
    recover(index, {.name = p.name,
                    .at_ms = sys::nanoseconds(sys::now()) / 1'000'000,
                    .epoch = epoch,
                    .cause = static_cast<u32>(abi::ExitCause::none),
                    .code = 0,
                    .pc = 0,
                    .esr = 0,
                    .far = 0,
                    .next = State::restarting,
                    .wait_ms = 0,
                    .drain_ms = 0,
                    .hung = 0});
}

abi::Ticks Supervisor::next_deadline() const
{
    abi::Ticks first = abi::never;
    for (u32 i = 0; i < count(); ++i)
        first = std::min(first, due(i));
    return first;
}

// It is looked at from now on, as what its state says. Not one that somebody debugs.
void Supervisor::watch(u32 index)
{
    const table::Program& p = program(index);
    if (p.role != table::Role::server || p.restart.hang == 0 || recoveries_[index].held)
        return;
    if (const auto about = sys::info(processes_[index].borrow()))
        lookers_.watch(index, registry_[index].epoch, about->cpu,
                       registry_[index].state == State::starting);
}

// A client whose requests end the server again and again is shut out; the others go on.
void Supervisor::blame(u32 index)
{
    constexpr u32 most_blames = 3;
    Recovery& recovery = recoveries_[index];
    const auto page = progress_[index].mapping.at<abi::Progress>();
    if (!page)
        return;
    const u64 badge = std::exchange((*page)->badge, 0);
    recovery.blames = badge == recovery.blamed ? recovery.blames + 1 : 1;
    recovery.blamed = badge;
    if (badge == 0 || recovery.blames < most_blames)
        return;
    recovery.blames = 0;
    recovery.restarts.forgive();
    auto& list = (*page)->shut_out;
    list[recovery.shut_out++ % list.size()] = badge;
    const auto client = names::ConnectBadge::Program::get(badge);
    if (client < count())
        recovery.outsiders |= u64{1} << client;
    sys::log(Level::error, "client shut out",
             {{"program", text::of(program(index).name)},
              {"client", client < count() ? text::of(program(static_cast<u32>(client)).name) : ""},
              {"badge", text::Hex{badge}}});
}

void Supervisor::end_hung()
{
    for (u32 i = 0; i < count(); ++i) {
        if (!roll().take_guilty(i))
            continue;
        if (registry_[i].state == State::starting)
            sys::log(Level::warn, "is not ready in time", {{"program", text::of(program(i).name)}});
        recoveries_[i].hung = true;
        (void)sys::kill(processes_[i].borrow());
    }
}

Result<> Supervisor::manages(const sys::Caller& caller) const
{
    const auto who = registry_.program(caller.badge());
    if (!who || (program(*who).flags & table::ProgramFlags::manage) == 0)
        return fail(Errc::denied);
    return {};
}

Result<u32> Supervisor::managed(const abi::Name& server, const sys::Caller& caller) const
{
    if (const auto may = manages(caller); !may)
        return fail(may.error());
    const auto target = given_.plan.server(text::of(server));
    return target ? Result<u32>{*target} : fail(Errc::not_found);
}

Result<names::Kill::Reply> Supervisor::on(const names::Kill::Request& request, sys::Caller& caller)
{
    if (const auto may = manages(caller); !may)
        return fail(may.error());
    const auto target = given_.plan.program(text::of(request.program));
    if (!target || !processes_[*target].valid())
        return fail(Errc::not_found);
    if (const auto killed = sys::kill(processes_[*target].borrow()); !killed)
        return fail(killed.error());
    return names::Kill::Reply{};
}

Result<names::Restart::Reply> Supervisor::on(const names::Restart::Request& request,
                                             sys::Caller& caller)
{
    const auto target = managed(request.server, caller);
    if (!target)
        return fail(target.error());
    Recovery& recovery = recoveries_[*target];
    recovery.held = false;
    recovery.outsiders = 0;
    recovery.restarts.forgive();
    if (processes_[*target].valid()) {
        recovery.asked = true;
        if (const auto killed = sys::kill(processes_[*target].borrow()); !killed)
            return fail(killed.error());
        return names::Restart::Reply{};
    }
    if (registry_[*target].state == State::restarting) {
        if (recovery.phase == Recovery::Phase::draining)
            recovery.asked = true;
        else
            recovery.due = abi::now;
        return names::Restart::Reply{};
    }
    if (!device_fits(*target))
        return fail(Errc::no_device);
    if (const auto quiet = quiesce_device(*target); !quiet)
        return fail(quiet.error());
    recovery.phase = Recovery::Phase::waiting;
    recovery.due = abi::now;
    registry_.set(*target, State::restarting);
    return names::Restart::Reply{};
}

Result<names::Hold::Reply> Supervisor::on(const names::Hold::Request& request, sys::Caller& caller)
{
    const auto target = managed(request.server, caller);
    if (!target)
        return fail(target.error());
    Recovery& recovery = recoveries_[*target];
    recovery.held = true;
    roll().forget(*target);
    if (registry_[*target].state == State::restarting && recovery.phase == Recovery::Phase::waiting)
        registry_.set(*target, State::held);
    return names::Hold::Reply{};
}

Result<names::Crash::Reply> Supervisor::on(const names::Crash::Request& request, sys::Caller&)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    return crashes_.last(request.index);
}

}  // namespace init
