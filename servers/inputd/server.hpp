// inputd/server.hpp - the input protocol: who may attach, and who gets what. Events themselves go
// past it, through the engine.
#pragma once

#include "device.hpp"
#include "engine.hpp"

#include <common/attachments.hpp>
#include <sys/statistics.hpp>
#include <sys/time.hpp>

namespace inputd {

template <class D>
class Server {
public:
    static constexpr unsigned handles_taken = common::AttachHandles::count_without_buffer;

    // What this server was given, and its own notification.
    struct Means {
        sys::Borrowed<sys::Notification> notification;
        u32 epoch;
        sys::Inbox* inbox;
        const u64* register_accesses;
    };

    Server(D& device, const Means& means)
        : device_{&device},
          means_{means},
          engine_{device, *this, device.can(),
                  sys::Statistics{sys::statistics()}.begin<Counts>(sys::now().raw(), count_names)}
    {
    }

    Result<> step(abi::Bits woken) { return engine_.step(woken, sys::now()); }
    abi::Ticks next_deadline() const { return engine_.next_deadline(); }

    // Whatever a session was given lies in its rings already.
    static void leave() {}
    static bool idle() { return true; }
    static void left() {}

    // The last handle of a badge is gone.
    void forget(u64 badge)
    {
        if (const auto place = place_of(badge))
            engine_.end(*place);
    }

    Result<input::Info::Reply> on(const input::Info::Request& request, sys::Caller& caller);
    Result<input::Codes::Reply> on(const input::Codes::Request& request, sys::Caller& caller);
    Result<input::Axis::Reply> on(const input::Axis::Request& request, sys::Caller& caller);
    Result<input::State::Reply> on(const input::State::Request& request, sys::Caller& caller);
    Result<input::Attach::Reply> on(const input::Attach::Request& request, sys::Caller& caller);
    Result<input::Subscribe::Reply> on(const input::Subscribe::Request& request,
                                       sys::Caller& caller);
    Result<input::Grab::Reply> on(const input::Grab::Request& request, sys::Caller& caller);
    Result<input::SetLeds::Reply> on(const input::SetLeds::Request& request, sys::Caller& caller);
    Result<input::SetRepeat::Reply> on(const input::SetRepeat::Request& request,
                                       sys::Caller& caller);
    Result<input::Detach::Reply> on(const input::Detach::Request& request, sys::Caller& caller);
    Result<input::Stats::Reply> on(const input::Stats::Request& request, sys::Caller& caller);

    // For the engine.
    void ring(u32 place) const { means_.inbox->ring(attachments_[place].doorbell()); }
    void release(u32 place)
    {
        means_.inbox->ring_now();  // perhaps a doorbell of this session
        attachments_.remove(place);
    }

private:
    std::optional<u32> place_of(u64 badge) const
    {
        for (u32 place = 0; place < common::max_sessions; ++place)
            if (engine_.is_open(place) && attachments_.belongs(place, badge))
                return place;
        return std::nullopt;
    }
    Result<input::Attach::Reply>
    open(u32 place, const input::Attach::Request& request, sys::Caller& caller);

    D* device_;
    Means means_;
    common::Attachments attachments_;
    Engine<D, Server> engine_;
};

template <class D>
Result<input::Info::Reply> Server<D>::on(const input::Info::Request&, sys::Caller&)
{
    const Capabilities& can = device_->can();
    return input::Info::Reply{
        .device_class = can.device_class,
        .types = can.types,
        .ids = {can.ids.bustype, can.ids.vendor, can.ids.product, can.ids.version},
        .epoch = means_.epoch,
        .max_entries = input::max_entries,
        .name = can.name.bytes,
        .serial = can.serial.bytes,
    };
}

template <class D>
Result<input::Codes::Reply> Server<D>::on(const input::Codes::Request& request, sys::Caller&)
{
    const Capabilities& can = device_->can();
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!can.has_type(request.type))
        return fail(Errc::not_found);
    input::Codes::Reply reply{};
    for (u32 code = 0; code < 8 * reply.bits.size(); ++code)
        if (can.has(request.type, code))
            reply.bits[code / 8] = static_cast<u8>(reply.bits[code / 8] | 1 << code % 8);
    return reply;
}

template <class D>
Result<input::Axis::Reply> Server<D>::on(const input::Axis::Request& request, sys::Caller&)
{
    const Capabilities& can = device_->can();
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (!can.has(EventType::abs, request.code))
        return fail(Errc::not_found);
    const auto& axis = can.axes[request.code];
    return input::Axis::Reply{axis.min, axis.max, axis.fuzz, axis.flat, axis.resolution};
}

template <class D>
Result<input::State::Reply> Server<D>::on(const input::State::Request&, sys::Caller& caller)
{
    const auto place = place_of(caller.badge());
    if (engine_.grabbed_from(place))
        return fail(Errc::busy);
    return engine_.snapshot(place);
}

template <class D>
Result<input::Attach::Reply> Server<D>::on(const input::Attach::Request& request,
                                           sys::Caller& caller)
{
    if (!input::good_entries(request.entries) || !caller.accepts(1))
        return fail(Errc::bad_argument);
    if (place_of(caller.badge()))
        return fail(Errc::exists);
    const auto place = engine_.vacant();
    if (!place || attachments_.over_quota(caller.badge()))
        return fail(Errc::over_quota);
    auto handles = common::AttachHandles::take(caller, handles_taken);
    if (!handles)
        return fail(handles.error());
    auto attachment = common::Attachment::create(
        caller.badge(), {}, std::move(*handles),
        {.client_bytes = sizeof(RingPage), .server_bytes = input::events_bytes(request.entries)});
    if (!attachment)
        return fail(attachment.error());
    attachments_.put(*place, std::move(*attachment));
    auto opened = open(*place, request, caller);
    if (!opened)
        attachments_.remove(*place);
    return opened;
}

template <class D>
Result<input::Attach::Reply>
Server<D>::open(u32 place, const input::Attach::Request& request, sys::Caller& caller)
{
    const auto& attachment = attachments_[place];
    const auto client = attachment.client().template at<const RingPage>();
    const auto page = attachment.server().template at<input::EventPage>();
    const auto events =
        attachment.server().template array<input::Event>(page_bytes, request.entries);
    if (!client || !page || !events)
        return fail(Errc::out_of_range);
    const auto session =
        Session::over({**client, **page, *events}, request.types, engine_.counts());
    if (!session)
        return fail(session.error());
    auto doorbell = sys::doorbell(means_.notification, common::doorbell_of(place));
    if (!doorbell)
        return fail(doorbell.error());
    if (const auto given = caller.give(std::move(*doorbell)); !given)
        return fail(given.error());
    engine_.open(place, *session, common::Attachments::program_of(caller.badge()));
    return input::Attach::Reply{};
}

template <class D>
Result<input::Subscribe::Reply> Server<D>::on(const input::Subscribe::Request& request,
                                              sys::Caller& caller)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    const auto place = place_of(caller.badge());
    if (!place)
        return fail(Errc::not_found);
    engine_.session(*place).subscribe(request.types);
    return input::Subscribe::Reply{};
}

template <class D>
Result<input::Grab::Reply> Server<D>::on(const input::Grab::Request& request, sys::Caller& caller)
{
    if (request.on > 1 || request.reserved != 0)
        return fail(Errc::bad_argument);
    const auto place = place_of(caller.badge());
    if (!place)
        return fail(Errc::not_found);
    if (engine_.grabbed_from(place))
        return fail(Errc::busy);
    if (request.on != 0)
        engine_.grab(*place);
    else
        engine_.ungrab(*place);
    return input::Grab::Reply{};
}

template <class D>
Result<input::SetLeds::Reply> Server<D>::on(const input::SetLeds::Request& request,
                                            sys::Caller& caller)
{
    if ((request.lit & ~request.mask) != 0)
        return fail(Errc::bad_argument);
    for (u32 left = request.mask; left != 0; left &= left - 1)
        if (!device_->can().has(EventType::led, static_cast<u32>(std::countr_zero(left))))
            return fail(Errc::not_found);
    if (engine_.grabbed_from(place_of(caller.badge())))
        return fail(Errc::busy);
    return engine_.set_leds(request.mask, request.lit, sys::now()).transform([] {
        return input::SetLeds::Reply{};
    });
}

template <class D>
Result<input::SetRepeat::Reply> Server<D>::on(const input::SetRepeat::Request& request,
                                              sys::Caller& caller)
{
    constexpr u32 most = input::SetRepeat::most_ms;
    if ((request.delay == 0) != (request.period == 0) || request.delay > most
        || request.period > most)
        return fail(Errc::bad_argument);
    const auto place = place_of(caller.badge());
    if (!place)
        return fail(Errc::not_found);
    if (device_->can().device_class != input::Class::keyboard)
        return fail(Errc::not_supported);
    engine_.set_repeat(*place, sys::milliseconds(request.delay), sys::milliseconds(request.period));
    return input::SetRepeat::Reply{};
}

template <class D>
Result<input::Detach::Reply> Server<D>::on(const input::Detach::Request&, sys::Caller& caller)
{
    const auto place = place_of(caller.badge());
    if (!place)
        return fail(Errc::not_found);
    engine_.end(*place);
    return input::Detach::Reply{};
}

template <class D>
Result<input::Stats::Reply> Server<D>::on(const input::Stats::Request&, sys::Caller&)
{
    const Counts& counts = engine_.counts();
    return input::Stats::Reply{.events = counts.events,
                               .frames = counts.frames,
                               .ignored = counts.ignored,
                               .losses = counts.losses,
                               .coalesced = counts.coalesced,
                               .dropped = counts.dropped,
                               .notifies = device_->notifies(),
                               .interrupts = device_->interrupts(),
                               .accesses = *means_.register_accesses,
                               .resets = counts.resets};
}

}  // namespace inputd
