// init/names.cpp - what init answers. Every caller is some program of the plan; what it sends is
// checked here.
#include "supervisor.hpp"

namespace init {

Result<names::Connect::Reply> Supervisor::on(const names::Connect::Request& request,
                                             sys::Caller& caller)
{
    const auto asker = registry_.program(caller.badge());
    if (!asker)
        return fail(asker.error());
    if (!caller.accepts(1))
        return fail(Errc::bad_argument);
    const auto use = registry_.connect(*asker, text::of(request.service));
    if (!use)
        return fail(use.error());
    if ((recoveries_[use->server].outsiders >> *asker & 1) != 0)
        return fail(Errc::denied);
    const u64 badge = names::ConnectBadge::make(*asker, next_badge_++, use->access);
    // The asker pays: one that connects and closes faster than the server hears of it, or while the
    // server hangs, uses up its own quota and nobody else's.
    auto endpoint = sys::mint(endpoints_[use->server].borrow(), badge, processes_[*asker].borrow());
    if (!endpoint)
        return fail(endpoint.error());
    if (const auto given = caller.give(std::move(*endpoint)); !given)
        return fail(given.error());
    return names::Connect::Reply{badge};
}

Result<names::Ready::Reply> Supervisor::on(const names::Ready::Request& request,
                                           sys::Caller& caller)
{
    const auto who = registry_.program(caller.badge());
    if (!who)
        return fail(who.error());
    if (request.leaves > 1 || request.reserved != 0)
        return fail(Errc::bad_argument);
    sys::Handle<sys::Memory> memory;
    if (request.ring.entries != 0) {
        if (program(*who).device == table::no_device)
            return fail(Errc::bad_argument);
        auto shared = caller.take<sys::Memory>(0);
        if (!shared)
            return fail(shared.error());
        memory = std::move(*shared);
        const auto about = sys::info(memory.borrow());
        if (!about || !sound(request.ring, about->size.raw()))
            return fail(Errc::bad_argument);
    }
    sys::Handle<sys::Notification> leaving;
    if (request.leaves != 0) {
        auto bell = caller.take<sys::Notification>(memory.valid() ? 1 : 0);
        if (!bell)
            return fail(bell.error());
        leaving = std::move(*bell);
    }
    if (const auto ready = registry_.ready(*who); !ready)
        return fail(ready.error());
    Recovery& recovery = recoveries_[*who];
    recovery.ring = request.ring;
    recovery.memory = std::move(memory);
    recovery.leaving = std::move(leaving);
    recovery.proven = recovery.running;
    watch(*who);
    follow_up();
    return names::Ready::Reply{};
}

Result<names::Statistics::Reply> Supervisor::on(const names::Statistics::Request& request,
                                                sys::Caller& caller)
{
    const auto target = managed(request.server, caller);
    if (!target)
        return fail(target.error());
    if (!caller.accepts(1))
        return fail(Errc::bad_argument);
    auto page =
        sys::duplicate(progress_[*target].handle.borrow(), abi::right::read | abi::right::transfer);
    if (!page)
        return fail(page.error());
    if (const auto given = caller.give(std::move(*page)); !given)
        return fail(given.error());
    return names::Statistics::Reply{};
}

Result<names::Process::Reply> Supervisor::on(const names::Process::Request& request, sys::Caller&)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (request.index >= count())
        return fail(Errc::out_of_range);
    const table::Program& p = program(request.index);
    const Status& status = registry_[request.index];
    names::Process::Reply reply{};
    reply.name = p.name;
    reply.binary = recoveries_[request.index].running;
    reply.state = status.state;
    reply.epoch = status.epoch;
    reply.priority = p.priority;
    reply.frames_limit = p.frames;
    reply.exit_cause = static_cast<u32>(status.cause);
    reply.exit_code = status.code;
    if (!processes_[request.index].valid())
        return reply;
    if (const auto info = sys::info(processes_[request.index].borrow())) {
        reply.frames_used = info->frames_used;
        reply.handles_used = info->handles_used;
        reply.threads_used = info->threads_used;
    }
    return reply;
}

Result<names::Device::Reply> Supervisor::on(const names::Device::Request& request, sys::Caller&)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (request.index >= given_.plan.devices().size())
        return fail(Errc::out_of_range);
    const table::Device& d = given_.plan.devices()[request.index];
    const Found found = given_.slots.found(d.slot);
    names::Device::Reply reply{};
    reply.name = d.name;
    if (const auto owner = given_.plan.owner(request.index))
        reply.owner = program(*owner).name;
    reply.slot = d.slot;
    reply.virtio_id = found.virtio_id;
    reply.version = found.version;
    reply.vendor = found.vendor;
    reply.present = found.virtio_id != 0 && found.virtio_id == d.virtio_id ? 1 : 0;
    reply.exclusive = given_.slots.exclusive(d.slot) ? 1 : 0;
    if (found.virtio_id == 0)
        return reply;
    if (const auto info = sys::info(given_.slots.device(d.slot))) {
        reply.pinned_pages = static_cast<u32>(info->pinned_pages);
        reply.quarantined_pages = static_cast<u32>(info->quarantined_pages);
    }
    return reply;
}

}  // namespace init
