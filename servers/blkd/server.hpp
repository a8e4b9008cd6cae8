// blkd/server.hpp - the block protocol: who may attach what. Requests themselves go past it,
// through the engine.
#pragma once

#include "attachment.hpp"
#include "disk.hpp"

#include <proto/names.hpp>
#include <sys/log.hpp>
#include <sys/serve.hpp>

namespace blkd {

template <class D>
class Server {
public:
    static constexpr u32 sessions_per_program = 8;
    static constexpr unsigned handles_taken = 4;

    // What this server was given, and its own notification.
    struct Means {
        sys::Borrowed<sys::Device> device;
        sys::Borrowed<sys::Notification> notification;
        u32 epoch;
        sys::Inbox* inbox;
        const u64* register_accesses;
    };

    Server(D& disk, const Means& means) : disk_{&disk}, means_{means}, engine_{disk, *this} {}

    Result<> step(abi::Bits woken)
    {
        const auto done = engine_.step(woken);
        if (disk_->capacity() != capacity_) [[unlikely]]
            engine_.resize(capacity_ = disk_->capacity());
        return done;
    }

    abi::Ticks next_deadline() const { return engine_.hungry() ? abi::now : abi::never; }

    // The last handle of a badge is gone.
    void forget(u64 badge)
    {
        for (u32 place = 0; place < max_sessions; ++place)
            if (engine_.is_open(place) && attachments_[place].badge() == badge)
                engine_.end(place);
    }

    Result<block::Info::Reply> on(const block::Info::Request& request, sys::Caller& caller);
    Result<block::Attach::Reply> on(const block::Attach::Request& request, sys::Caller& caller);
    Result<block::Detach::Reply> on(const block::Detach::Request& request, sys::Caller& caller);
    Result<block::Stats::Reply> on(const block::Stats::Request&, sys::Caller&)
    {
        return block::Stats::Reply{disk_->notifies(), disk_->interrupts(),
                                   *means_.register_accesses, engine_.resets()};
    }

    // For the engine.
    void ring(u32 place) const { means_.inbox->ring(attachments_[place].doorbell()); }
    void release(u32 place)
    {
        means_.inbox->ring_now();  // perhaps a doorbell of this session
        attachments_[place] = {};
    }

private:
    static u32 program_of(u64 badge)
    {
        return static_cast<u32>(proto::names::ConnectBadge::Program::get(badge));
    }
    bool over_quota(u64 badge) const
    {
        u32 held = 0;
        for (const Attachment& each : attachments_)
            held += each.badge() != 0 && program_of(each.badge()) == program_of(badge) ? 1 : 0;
        return held >= sessions_per_program;
    }

    Limits limits_for(const BufferMap& buffer) const
    {
        return {
            .capacity = capacity_,
            .block_sectors = disk_->info().block_bytes / block::sector_bytes,
            .max_bytes =
                static_cast<u32>(std::min<u64>(D::most_bytes, buffer.max_bytes(disk_->max_runs()))),
            .buffer_bytes = static_cast<u32>(buffer.bytes()),
            .read_only = disk_->info().read_only,
        };
    }

    Result<AttachHandles> take_handles(sys::Caller& caller) const;
    Result<block::Attach::Reply> open(u32 place, u32 entries, sys::Caller& caller);

    D* disk_;
    Means means_;
    block::Sector capacity_ = disk_->capacity();
    Engine<D, Server> engine_;
    std::array<Attachment, max_sessions> attachments_;
};

template <class D>
Result<block::Info::Reply> Server<D>::on(const block::Info::Request&, sys::Caller&)
{
    const auto& disk = disk_->info();
    block::Info::Reply reply{
        .capacity = disk_->capacity(),
        .logical_block = disk.block_bytes,
        .physical_block = disk.physical_bytes,
        .max_bytes = D::most_bytes,
        .max_runs = disk_->max_runs(),
        .max_entries = block::max_entries,
        .flags = (disk.read_only ? block::InfoFlags::read_only : 0)
                 | (disk.write_back ? block::InfoFlags::write_cache : 0),
        .epoch = means_.epoch,
        .serial = {},
    };
    const auto serial = disk_->serial();
    std::memcpy(reply.serial.data(), serial.data(), serial.size());
    return reply;
}

template <class D>
Result<block::Attach::Reply> Server<D>::on(const block::Attach::Request& request,
                                           sys::Caller& caller)
{
    if (!block::good_entries(request.entries) || request.reserved != 0
        || caller.received() != handles_taken || !caller.accepts(1))
        return fail(Errc::bad_argument);
    const auto place = engine_.vacant();
    if (!place || over_quota(caller.badge()))
        return fail(Errc::over_quota);
    auto handles = take_handles(caller);
    if (!handles)
        return fail(handles.error());
    auto attachment =
        Attachment::create(caller.badge(), request.entries, means_.device, std::move(*handles));
    if (!attachment)
        return fail(attachment.error());
    attachments_[*place] = std::move(*attachment);
    auto opened = open(*place, request.entries, caller);
    if (!opened)
        attachments_[*place] = {};
    return opened;
}

template <class D>
Result<AttachHandles> Server<D>::take_handles(sys::Caller& caller) const
{
    auto submissions = caller.take<sys::Memory>(0);
    auto completions = caller.take<sys::Memory>(1);
    auto buffer = caller.take<sys::Memory>(2);
    auto doorbell = caller.take<sys::Notification>(3);
    for (const auto* memory : {&submissions, &completions, &buffer})
        if (!*memory)
            return fail(memory->error());
    if (!doorbell)
        return fail(doorbell.error());
    return AttachHandles{std::move(*submissions), std::move(*completions), std::move(*buffer),
                         std::move(*doorbell)};
}

template <class D>
Result<block::Attach::Reply> Server<D>::open(u32 place, u32 entries, sys::Caller& caller)
{
    const Attachment& attachment = attachments_[place];
    const Limits limits = limits_for(attachment.buffer());
    if (limits.max_bytes < disk_->info().block_bytes)
        return fail(Errc::too_big);
    const auto rings = attachment.rings(entries);
    if (!rings)
        return fail(rings.error());
    const auto session = Session::over(*rings, limits, attachment.buffer());
    if (!session)
        return fail(session.error());
    auto doorbell = sys::doorbell(means_.notification, doorbell_of(place));
    if (!doorbell)
        return fail(doorbell.error());
    if (const auto given = caller.give(std::move(*doorbell)); !given)
        return fail(given.error());
    engine_.open(place, *session, program_of(caller.badge()));
    return block::Attach::Reply{place, limits.max_bytes};
}

template <class D>
Result<block::Detach::Reply> Server<D>::on(const block::Detach::Request& request,
                                           sys::Caller& caller)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!engine_.is_open(request.session)
        || attachments_[request.session].badge() != caller.badge())
        return fail(Errc::not_found);
    if (engine_.in_flight(request.session) != 0)
        return fail(Errc::busy);
    engine_.end(request.session);
    return block::Detach::Reply{};
}

}  // namespace blkd
