// input/src/device.cpp - a session with an input device: made, slept on, made again, ended.
#include <input/device.hpp>
#include <proto/names.hpp>
#include <sys/time.hpp>

namespace input {

namespace protocol = proto::input;

namespace {

// A second handle with no more than `rights`, to be sent away.
Result<sys::Handle<sys::Memory>> lendable(sys::Borrowed<sys::Memory> memory, abi::Rights rights)
{
    return sys::duplicate(memory, rights | abi::right::transfer);
}

}  // namespace

Result<> Device::open(const sys::Startup& given, std::string_view service, const Options& options)
{
    if (session_)
        return fail(Errc::busy);
    if (!protocol::good_entries(options.entries))
        return fail(Errc::bad_argument);
    auto session = sys::connect<proto::names::Connect>(given, service);
    if (!session)
        return fail(session.error());
    session_.emplace(std::move(*session));
    const auto started = start(options);
    if (!started)
        close();
    return started;
}

Result<> Device::start(const Options& options)
{
    const auto info = session_->call<protocol::Info>();
    if (!info)
        return fail(info.error());
    info_ = *info;
    options_ = options;
    if (const auto made = make_memory(); !made)
        return made;
    const auto seen = sys::info(session_->endpoint());
    if (!seen)
        return fail(seen.error());
    endpoint_epoch_ = seen->epoch;
    if (const auto watched = sys::watch(session_->endpoint(), notification_.borrow(), server_bit);
        !watched)
        return watched;
    if (const auto attached = attach(); !attached)
        return attached;
    const auto now = session_->call<protocol::State>();
    if (now)
        channel_.adopt(*now);
    return now || now.error() == Errc::busy ? Result<>{} : fail(now.error());
}

Result<> Device::make_memory()
{
    auto notification = sys::create_notification();
    auto client = sys::SharedMemory::create(Bytes{sizeof(RingPage)});
    auto events = sys::create_memory(Bytes{protocol::events_bytes(options_.entries)});
    if (!notification || !client || !events)
        return fail(!notification ? notification.error()
                    : !client     ? client.error()
                                  : events.error());
    auto mapping = sys::Mapping::create(events->borrow(), sys::read_only);
    if (!mapping)
        return fail(mapping.error());
    notification_ = std::move(*notification);
    client_ = std::move(*client);
    events_ = std::move(*events);
    events_mapping_ = std::move(*mapping);
    return {};
}

// The ring begins anew on both sides: on this one first, since the server looks at it.
Result<> Device::attach()
{
    const auto page = client_.mapping.at<RingPage>();
    const auto server = events_mapping_.at<const protocol::EventPage>();
    const auto events = events_mapping_.array<const Event>(page_bytes, options_.entries);
    if (!page || !server || !events)
        return fail(Errc::out_of_range);
    channel_.subscribe(options_.types);
    if (const auto opened = channel_.open(**page, **server, *events); !opened)
        return opened;
    auto client = lendable(client_.handle.borrow(), sys::read_only);
    auto shared = lendable(events_.borrow(), sys::read_write);
    auto bell = sys::doorbell(notification_.borrow(), event_bit);
    if (!client || !shared || !bell)
        return fail(!client ? client.error() : !shared ? shared.error() : bell.error());
    auto send = sys::HandleSet::of(std::move(*client), std::move(*shared), std::move(*bell));
    auto response =
        session_->call<protocol::Attach>({options_.entries, options_.types}, std::move(send), 1);
    if (!response)
        return fail(response.error());
    auto doorbell = response->handles.take<sys::Notification>(0);
    if (!doorbell)
        return fail(Errc::malformed);
    doorbell_ = std::move(*doorbell);
    return {};
}

void Device::close()
{
    session_.reset();  // the last handle of this badge: the server ends what there is
    doorbell_ = {};
    notification_ = {};
    events_mapping_ = {};
    events_ = {};
    client_ = {};
    channel_ = {};
    grabbed_ = false;
    leds_mask_ = leds_lit_ = repeat_delay_ = repeat_period_ = 0;
}

Result<> Device::subscribe(u32 types)
{
    const auto said = say<protocol::Subscribe>({types, 0});
    if (said)
        channel_.subscribe(options_.types = types);
    return said;
}

Result<> Device::grab(bool on)
{
    const auto said = say<protocol::Grab>({on ? 1U : 0U, 0});
    if (said)
        grabbed_ = on;
    return said;
}

Result<> Device::set_leds(u32 mask, u32 lit)
{
    const auto said = say<protocol::SetLeds>({mask, lit});
    if (said) {
        leds_mask_ |= mask;
        leds_lit_ = (leds_lit_ & ~mask) | lit;
    }
    return said;
}

Result<> Device::set_repeat(u32 delay, u32 period)
{
    const auto said = say<protocol::SetRepeat>({delay, period});
    if (said) {
        repeat_delay_ = delay;
        repeat_period_ = period;
    }
    return said;
}

// What a server says that knows nothing of this session yet is no answer.
void Device::refresh()
{
    const auto state = session_->call<protocol::State>();
    if (look_at_server())
        return;
    if (state)
        channel_.refresh(*state, sys::now());
    else if (state.error() == Errc::busy)
        channel_.refresh_blindly(sys::now());
    else if (state.error() != Errc::peer_restarted)  // then the next call waits for the new one
        channel_.lose(state.error());
}

// Success: there is something now, perhaps.
Result<> Device::find_more()
{
    if (!session_)
        return fail(Errc::bad_argument);
    if (channel_.lost() != Errc::ok)
        return fail(channel_.lost());
    if (!channel_.stale())
        return fail(Errc::would_block);
    refresh();
    return {};
}

Result<Event> Device::poll()
{
    for (;;) {
        if (const auto event = channel_.poll())
            return *event;
        if (const auto more = find_more(); !more)
            return fail(more.error());
    }
}

// What was taken is given back here and not event by event: a server that waits for room is rung
// once for many.
bool Device::arm()
{
    if (channel_.release())
        (void)sys::signal(doorbell_.borrow(), all_bits);
    return channel_.arm();
}

Result<Event> Device::next(abi::Ticks deadline)
{
    for (;;) {
        if (const auto event = channel_.poll())
            return *event;
        const auto more = find_more();
        if (!more && more.error() != Errc::would_block)
            return fail(more.error());
        if (more || !arm())
            continue;
        const auto bits = sys::wait(notification_.borrow(), deadline);
        if (!bits)
            return fail(bits.error());
        woken(*bits);
    }
}

// Its endpoint lost the server, got a new one, or was given up. A new one knows nothing of this
// session; while there is none, its watch tells of the next. True: the session is another one now,
// or lost.
bool Device::look_at_server()
{
    const auto seen = sys::info(session_->endpoint());
    if (!seen || seen->given_up) {
        channel_.lose(Errc::gave_up);
        return true;
    }
    if (seen->epoch == endpoint_epoch_)
        return false;
    endpoint_epoch_ = seen->epoch;
    // A server that died meanwhile is told of by the next look.
    if (const auto again = attach_again(); !again && again.error() != Errc::peer_restarted)
        channel_.lose(again.error());
    return true;
}

Result<> Device::attach_again()
{
    auto attached = attach();
    if (!attached && attached.error() == Errc::peer_restarted)  // of this handle's last call
        attached = attach();
    if (!attached && attached.error() == Errc::exists) {
        (void)session_->call<protocol::Detach>();
        attached = attach();
    }
    if (!attached)
        return attached;
    channel_.restart(sys::now());
    return repeat_states();
}

Result<> Device::repeat_states()
{
    const auto say_again = [this]<Method M>(const typename M::Request& request) {
        const auto answer = session_->call<M>(request);
        return answer ? Result<>{} : fail(answer.error());
    };
    Result<> said;
    if (leds_mask_ != 0)
        said = say_again.operator()<protocol::SetLeds>({leds_mask_, leds_lit_});
    if (said && repeat_period_ != 0)
        said = say_again.operator()<protocol::SetRepeat>({repeat_delay_, repeat_period_});
    if (said && grabbed_)
        said = say_again.operator()<protocol::Grab>({1, 0});
    return said;
}

}  // namespace input
