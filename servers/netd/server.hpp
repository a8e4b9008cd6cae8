// netd/server.hpp - the network protocol: who may attach what. Frames go past it, through the
// engine.
#pragma once

#include "engine.hpp"
#include "nic.hpp"

#include <common/attachments.hpp>
#include <sys/statistics.hpp>
#include <sys/time.hpp>

namespace netd {

// Errors: out_of_range.
inline Result<Rings> rings_of(const common::Attachment& attachment,
                              const net::Attach::Request& asked)
{
    const u32 in = asked.receive_entries;
    const u32 out = asked.send_entries;
    const auto client = attachment.client().at<const net::ClientPage>();
    const auto spaces = attachment.client().array<const net::Space>(page_bytes, in);
    const auto sends = attachment.client().array<const net::Send>(net::sends_at(in), out);
    const auto server = attachment.server().at<net::ServerPage>();
    const auto received = attachment.server().array<net::Received>(page_bytes, in);
    const auto sent = attachment.server().array<net::Sent>(net::sent_at(in), out);
    if (!client || !spaces || !sends || !server || !received || !sent)
        return fail(Errc::out_of_range);
    return Rings{**client, *spaces, *sends, **server, *received, *sent};
}

template <class N>
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
        bool promiscuous;  // sessions may see what is not for them
        u32 virtio;        // version of the registers
        virtio::Features offered;
    };

    Server(N& nic, const Means& means)
        : nic_{&nic},
          means_{means},
          engine_{nic, *this,
                  sys::Statistics{sys::statistics()}.begin<Totals>(sys::now().raw(), total_names)}
    {
    }

    Result<> step(abi::Bits woken) { return engine_.step(woken); }
    abi::Ticks next_deadline() const { return engine_.hungry() ? abi::now : abi::never; }

    void leave() { engine_.leave(); }
    bool idle() const { return engine_.idle(); }
    static void left() {}

    // The last handle of a badge is gone.
    void forget(u64 badge)
    {
        for (u32 place = 0; place < max_sessions; ++place)
            if (owns(place, badge))
                engine_.end(place);
    }

    Result<net::Info::Reply> on(const net::Info::Request& request, sys::Caller& caller);
    Result<net::Attach::Reply> on(const net::Attach::Request& request, sys::Caller& caller);
    Result<net::Detach::Reply> on(const net::Detach::Request& request, sys::Caller& caller);
    Result<net::SetFilter::Reply> on(const net::SetFilter::Request& request, sys::Caller& caller);
    Result<net::Stats::Reply> on(const net::Stats::Request& request, sys::Caller& caller);
    Result<net::SessionStats::Reply> on(const net::SessionStats::Request& request,
                                        sys::Caller& caller);

    // For the engine.
    void ring(u32 place) const { means_.inbox->ring(attachments_[place].doorbell()); }
    void release(u32 place)
    {
        means_.inbox->ring_now();  // perhaps a doorbell of this session
        attachments_.remove(place);
    }

private:
    static bool good(const net::Attach::Request& asked)
    {
        return net::good_entries(asked.receive_entries) && net::good_entries(asked.send_entries)
               && asked.space_bytes >= net::least_wire_bytes && asked.reserved == 0;
    }
    bool owns(u32 place, u64 badge) const
    {
        return engine_.is_open(place) && attachments_.belongs(place, badge);
    }
    Result<net::Attach::Reply>
    open(u32 place, const net::Attach::Request& asked, sys::Caller& caller);

    N* nic_;
    Means means_;
    Engine<N, Server> engine_;
    common::Attachments attachments_;
};

template <class N>
Result<net::Info::Reply> Server<N>::on(const net::Info::Request&, sys::Caller&)
{
    using Flags = net::InfoFlags;
    const auto& info = nic_->info();
    const auto when = [](bool holds, u32 flag) { return holds ? flag : 0; };
    return net::Info::Reply{
        .mac = nic_->mac(),
        .mtu = info.mtu,
        .speed = info.speed,
        .max_frame = nic_->max_frame(),
        .max_entries = net::max_entries,
        .flags = when(info.link_up, Flags::link_up)
                 | when(info.duplex == virtio::net::Duplex::half, Flags::half_duplex)
                 | when(info.duplex == virtio::net::Duplex::full, Flags::full_duplex)
                 | when(nic_->accepted().has(virtio::net::NetFeature::csum), Flags::send_checksum)
                 | when(nic_->accepted().has(virtio::net::NetFeature::guest_csum),
                        Flags::receive_checksum)
                 | when(means_.promiscuous, Flags::promiscuous)
                 | when(nic_->modes().settled(), Flags::settled)
                 | when(nic_->mac_made_up(), Flags::mac_made_up),
        .virtio = means_.virtio,
        .epoch = means_.epoch,
        .offered = means_.offered.mask(),
        .accepted = nic_->accepted().mask(),
    };
}

template <class N>
Result<net::Attach::Reply> Server<N>::on(const net::Attach::Request& request, sys::Caller& caller)
{
    if (!good(request) || caller.received() != handles_taken || !caller.accepts(1))
        return fail(Errc::bad_argument);
    if (const Errc verdict = admit(request.filter, means_.promiscuous); verdict != Errc::ok)
        return fail(verdict);
    const auto place = engine_.vacant();
    if (!place || attachments_.over_quota(caller.badge()))
        return fail(Errc::over_quota);
    auto handles = common::AttachHandles::take(caller);
    if (!handles)
        return fail(handles.error());
    auto attachment = common::Attachment::create(
        caller.badge(), means_.device, std::move(*handles),
        {.client_bytes = net::client_bytes(request.receive_entries, request.send_entries),
         .server_bytes = net::server_bytes(request.receive_entries, request.send_entries),
         .device = sys::read_only,
         .map_buffer = true});
    if (!attachment)
        return fail(attachment.error());
    attachments_.put(*place, std::move(*attachment));
    auto opened = open(*place, request, caller);
    if (!opened)
        attachments_.remove(*place);
    return opened;
}

template <class N>
Result<net::Attach::Reply>
Server<N>::open(u32 place, const net::Attach::Request& asked, sys::Caller& caller)
{
    const common::Attachment& attachment = attachments_[place];
    const auto bytes = static_cast<u32>(attachment.buffer().bytes());
    if (asked.space_bytes > bytes)
        return fail(Errc::out_of_range);
    const auto rings = rings_of(attachment, asked);
    if (!rings)
        return fail(rings.error());
    auto session = Session::over(
        *rings,
        {.buffer_bytes = bytes, .space_bytes = asked.space_bytes, .max_frame = nic_->max_frame()},
        attachment.buffer(), attachment.bytes());
    if (!session)
        return fail(session.error());
    session->set_filter(asked.filter, nic_->mac());
    auto doorbell = sys::doorbell(means_.notification, doorbell_of(place));
    if (!doorbell)
        return fail(doorbell.error());
    if (const auto given = caller.give(std::move(*doorbell)); !given)
        return fail(given.error());
    engine_.open(place, *session, common::Attachments::program_of(caller.badge()));
    return net::Attach::Reply{place, nic_->max_frame()};
}

template <class N>
Result<net::Detach::Reply> Server<N>::on(const net::Detach::Request& request, sys::Caller& caller)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!owns(request.session, caller.badge()))
        return fail(Errc::not_found);
    if (engine_.busy(request.session))
        return fail(Errc::busy);
    engine_.end(request.session);
    return net::Detach::Reply{};
}

template <class N>
Result<net::SetFilter::Reply> Server<N>::on(const net::SetFilter::Request& request,
                                            sys::Caller& caller)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!owns(request.session, caller.badge()))
        return fail(Errc::not_found);
    if (const Errc verdict = admit(request.filter, means_.promiscuous); verdict != Errc::ok)
        return fail(verdict);
    engine_.set_filter(request.session, request.filter);
    return net::SetFilter::Reply{};
}

template <class N>
Result<net::Stats::Reply> Server<N>::on(const net::Stats::Request&, sys::Caller&)
{
    const Totals& all = engine_.totals();
    return net::Stats::Reply{
        .received_frames = all.received_frames,
        .received_bytes = all.received_bytes,
        .unwanted = all.unwanted,
        .malformed = all.malformed,
        .sent_frames = all.sent_frames,
        .sent_bytes = all.sent_bytes,
        .lost_frames = all.lost_frames,
        .refused_frames = all.refused_frames,
        .notifies = nic_->notifies(),
        .interrupts = nic_->interrupts(),
        .accesses = *means_.register_accesses,
        .resets = engine_.resets(),
    };
}

template <class N>
Result<net::SessionStats::Reply> Server<N>::on(const net::SessionStats::Request& request,
                                               sys::Caller& caller)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!owns(request.session, caller.badge()))
        return fail(Errc::not_found);
    const Counts& counts = engine_.session(request.session).counts();
    return net::SessionStats::Reply{
        .received_frames = counts.received_frames,
        .received_bytes = counts.received_bytes,
        .no_space = counts.no_space,
        .too_long = counts.too_long,
        .sent_frames = counts.sent_frames,
        .sent_bytes = counts.sent_bytes,
        .refused_frames = counts.refused_frames,
    };
}

}  // namespace netd
