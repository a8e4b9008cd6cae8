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

    [[gnu::always_inline]] Result<> step(abi::Bits woken)
    {
        if (const auto done = engine_.step(woken); !done) [[unlikely]]
            return done;
        if (disk_->capacity() != capacity_) [[unlikely]]
            engine_.resize(capacity_ = disk_->capacity());
        return {};
    }

    abi::Ticks next_deadline() const { return engine_.hungry() ? abi::now : abi::never; }

    void leave() { engine_.leave(); }
    bool idle() const { return engine_.idle(); }
    void left() { engine_.left(); }

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
    Result<block::RangeLimits::Reply> on(const block::RangeLimits::Request&, sys::Caller&)
    {
        const auto& disk = disk_->info();
        return block::RangeLimits::Reply{disk.max_discard, disk.discard_alignment,
                                         disk.max_write_zeroes, 0};
    }
    Result<block::SetWriteCache::Reply> on(const block::SetWriteCache::Request& request,
                                           sys::Caller& caller);

    // For the engine.
    void ring(u32 place) const { means_.inbox->ring(attachments_[place].doorbell()); }
    void release(u32 place)
    {
        means_.inbox->ring_now();  // perhaps a doorbell of this session
        attachments_.remove(place);
    }

private:
    static bool reads_only(u64 badge)
    {
        return proto::names::ConnectBadge::access(badge) == proto::table::Access::read_only;
    }
    Limits limits_for(const BufferMap& buffer, const block::Attach::Request& asked, u64 badge) const
    {
        const Window window{asked.first, asked.count};
        return {
            .capacity = window.sectors(capacity_),
            .block_sectors = block_sectors(),
            .max_bytes =
                static_cast<u32>(std::min<u64>(max_bytes(), buffer.max_bytes(disk_->max_runs()))),
            .buffer_bytes = static_cast<u32>(buffer.bytes()),
            .read_only = disk_->info().read_only || reads_only(badge)
                         || asked.flags == block::AttachFlags::read_only,
            .max_discard = disk_->info().max_discard,
            .max_write_zeroes = disk_->info().max_write_zeroes,
            .window = window,
        };
    }
    // Of one request; each of its runs is one that the device takes.
    u32 max_bytes() const
    {
        const auto& disk = disk_->info();
        return std::min(u32{D::most_bytes}, disk.max_run_bytes & ~(disk.block_bytes - 1));
    }
    u32 block_sectors() const { return disk_->info().block_bytes / block::sector_bytes; }
    u32 flags(u64 badge) const;

    Result<block::Attach::Reply>
    open(u32 place, const block::Attach::Request& request, sys::Caller& caller);

    D* disk_;
    Means means_;
    block::Sector capacity_ = disk_->capacity();
    Engine<D, Server> engine_;
    common::Attachments attachments_;
};

template <class D>
u32 Server<D>::flags(u64 badge) const
{
    using block::InfoFlags;
    const auto& disk = disk_->info();
    const auto flag = [](bool holds, u32 which) { return holds ? which : 0; };
    return flag(disk.read_only || reads_only(badge), InfoFlags::read_only)
           | flag(disk.write_back, InfoFlags::write_cache)
           | flag(disk.max_discard != 0, InfoFlags::discard)
           | flag(disk.max_write_zeroes != 0, InfoFlags::write_zeroes)
           | flag(disk.write_zeroes_unmaps, InfoFlags::write_zeroes_unmaps)
           | flag(disk.write_back && disk.flush, InfoFlags::fua_emulated)
           | flag(disk.cache_settable && disk.flush, InfoFlags::cache_settable);
}

template <class D>
Result<block::SetWriteCache::Reply> Server<D>::on(const block::SetWriteCache::Request& request,
                                                  sys::Caller& caller)
{
    if (request.on > 1 || request.reserved != 0)
        return fail(Errc::bad_argument);
    if (proto::names::ConnectBadge::access(caller.badge()) != proto::table::Access::admin)
        return fail(Errc::denied);
    return disk_->set_write_back(request.on != 0).transform([this] {
        engine_.cache_switched();
        return block::SetWriteCache::Reply{};
    });
}

template <class D>
Result<block::Info::Reply> Server<D>::on(const block::Info::Request&, sys::Caller& caller)
{
    const auto& disk = disk_->info();
    block::Info::Reply reply{
        .capacity = disk_->capacity(),
        .logical_block = disk.block_bytes,
        .physical_block = disk.physical_bytes,
        .max_bytes = max_bytes(),
        .max_runs = disk_->max_runs(),
        .max_entries = block::max_entries,
        .flags = flags(caller.badge()),
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
    if (!block::good_entries(request.entries)
        || (request.flags & ~block::AttachFlags::read_only) != 0
        || !Window{request.first, request.count}.good(block_sectors())
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
    auto opened = open(*place, request, caller);
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
Result<block::Attach::Reply>
Server<D>::open(u32 place, const block::Attach::Request& request, sys::Caller& caller)
{
    const common::Attachment& attachment = attachments_[place];
    const Limits limits = limits_for(attachment.buffer(), request, caller.badge());
    if (limits.max_bytes < disk_->info().block_bytes)
        return fail(Errc::too_big);
    const auto rings = rings_of(attachment, request.entries);
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
    return block::Attach::Reply{place, limits.max_bytes, limits.capacity};
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
