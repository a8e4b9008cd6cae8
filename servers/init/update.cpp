// init/update.cpp - another image for a server while it works.
#include "supervisor.hpp"

#include <sys/log.hpp>

namespace init {

using sys::Level;

Result<names::Update::Reply> Supervisor::on(const names::Update::Request& request,
                                            sys::Caller& caller)
{
    const auto target = managed(request.server, caller);
    if (!target)
        return fail(target.error());
    if (const auto image = given_.archive.find(text::of(request.image)); !image)
        return fail(image.error());
    if (registry_[*target].state == State::leaving)
        return fail(Errc::busy);
    Recovery& recovery = recoveries_[*target];
    recovery.image = request.image;
    if (!processes_[*target].valid())
        return names::Update::Reply{};
    recovery.asked = true;
    recovery.restarts.forgive();
    if (!leave(*target))
        if (const auto killed = sys::kill(processes_[*target].borrow()); !killed)
            return fail(killed.error());
    return names::Update::Reply{};
}

// False: it cannot, or is not ready.
bool Supervisor::leave(u32 index)
{
    Recovery& recovery = recoveries_[index];
    if (registry_[index].state != State::ready || !recovery.leaving.valid())
        return false;
    constexpr abi::Bits all{~u64{0}};
    if (!sys::signal(recovery.leaving.borrow(), all))
        return false;
    registry_.set(index, State::leaving);
    roll().forget(index);
    recovery.due = sys::later(sys::now(), sys::milliseconds(program(index).restart.drain_ms));
    return true;
}

void Supervisor::late_to_leave(u32 index)
{
    sys::log(Level::warn, "does not leave", {{"program", text::of(program(index).name)}});
    recoveries_[index].due = abi::never;
    (void)sys::kill(processes_[index].borrow());
}

// An image that ended before it was ready is not tried again.
void Supervisor::choose_image(u32 index, bool was_ready)
{
    Recovery& recovery = recoveries_[index];
    if (recovery.asked || was_ready || recovery.running == recovery.proven
        || recovery.image != recovery.running)
        return;
    sys::log(Level::error, "image taken back",
             {{"program", text::of(program(index).name)},
              {"image", text::of(recovery.image)},
              {"next", text::of(recovery.proven)}});
    recovery.image = recovery.proven;
}

}  // namespace init
