// blkd/server.hpp - the block protocol: who may attach what. Requests themselves go past it,
// through the engine.
#pragma once

#include "disk.hpp"

#include <common/attachments.hpp>

namespace blkd {

template <class D>
class Server {
public:
    static constexpr unsigned handles_taken = common::AttachHandles::count;

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

    void leave() { engine_.leave(); }
    bool idle() const { return engine_.idle(); }

    // The last handle of a badge is gone.
    void forget(u64 badge)
    {
        for (u32 place = 0; place < max_sessions; ++place)
            if (engine_.is_open(place) && attachments_.belongs(place, badge))
                engine_.end(place);
    }

    Result<block::Info::Reply> on(const block::Info::Request& request, sys::Caller& caller);
    Result<block::Attach::Reply> on(const block::Attach::Request& request, sys::Caller& caller);
    Result<block::Detach::Reply> on(const block::Detach::Request& request, sys::Caller& caller);
    Result<block::DetachAll::Reply> on(const block::DetachAll::Request&, sys::Caller& caller)
    {
        forget(caller.badge());
        return block::DetachAll::Reply{};
    }
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
        attachments_.remove(place);
    }

private:
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

    Result<block::Attach::Reply> open(u32 place, u32 entries, sys::Caller& caller);

    D* disk_;
    Means means_;
    block::Sector capacity_ = disk_->capacity();
    Engine<D, Server> engine_;
    common::Attachments attachments_;
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
    if (!place || attachments_.over_quota(caller.badge()))
        return fail(Errc::over_quota);
    auto handles = common::AttachHandles::take(caller);
    if (!handles)
        return fail(handles.error());
    auto attachment =
        common::Attachment::create(caller.badge(), means_.device, std::move(*handles),
                                   {.client_bytes = block::submissions_bytes(request.entries),
                                    .server_bytes = block::completions_bytes(request.entries),
                                    .device = sys::read_write,
                                    .map_buffer = false});
    if (!attachment)
        return fail(attachment.error());
    attachments_.put(*place, std::move(*attachment));
    auto opened = open(*place, request.entries, caller);
    if (!opened)
        attachments_.remove(*place);
    return opened;
}

// Errors: out_of_range.
inline Result<Rings> rings_of(const common::Attachment& attachment, u32 entries)
{
    const auto client = attachment.client().at<const RingPage>();
    const auto submissions =
        attachment.client().array<const block::Submission>(page_bytes, entries);
    const auto server = attachment.server().at<block::CompletionPage>();
    const auto completions = attachment.server().array<block::Completion>(page_bytes, entries);
    if (!client || !submissions || !server || !completions)
        return fail(Errc::out_of_range);
    return Rings{**client, *submissions, **server, *completions};
}

template <class D>
Result<block::Attach::Reply> Server<D>::open(u32 place, u32 entries, sys::Caller& caller)
{
    const common::Attachment& attachment = attachments_[place];
    const Limits limits = limits_for(attachment.buffer());
    if (limits.max_bytes < disk_->info().block_bytes)
        return fail(Errc::too_big);
    const auto rings = rings_of(attachment, entries);
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
    engine_.open(place, *session, common::Attachments::program_of(caller.badge()));
    return block::Attach::Reply{place, limits.max_bytes};
}

template <class D>
Result<block::Detach::Reply> Server<D>::on(const block::Detach::Request& request,
                                           sys::Caller& caller)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!engine_.is_open(request.session) || !attachments_.belongs(request.session, caller.badge()))
        return fail(Errc::not_found);
    if (engine_.in_flight(request.session) != 0)
        return fail(Errc::busy);
    engine_.end(request.session);
    return block::Detach::Reply{};
}

}  // namespace blkd
