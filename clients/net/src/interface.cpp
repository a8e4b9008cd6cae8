// net/src/interface.cpp - a session with a network device: made, slept on, made again, ended.
#include <net/interface.hpp>
#include <proto/names.hpp>
#include <sys/time.hpp>

namespace net {

namespace wire = proto::net;

namespace {

bool sane(const Options& options)
{
    return wire::good_entries(options.receive_frames) && wire::good_entries(options.send_frames)
           && options.frame_bytes >= 64 && options.frame_bytes % 64 == 0
           && options.frame_bytes <= (1U << 30) / max_frames;
}

bool sane(const Info& info)
{
    return info.mtu >= 68 && info.max_frame >= u32{info.mtu} + wire::frame_header_bytes
           && wire::good_entries(info.max_entries);
}

// Contiguous if the machine has that much in one piece: every frame is one run for the device then.
Result<sys::SharedMemory> make_frame_memory(Bytes size)
{
    auto contiguous = sys::SharedMemory::create(size, abi::MemoryFlags::contiguous);
    if (contiguous || contiguous.error() != Errc::no_memory)
        return contiguous;
    return sys::SharedMemory::create(size);
}

Result<sys::Handle<sys::Memory>> lendable(sys::Borrowed<sys::Memory> memory, abi::Rights rights)
{
    return sys::duplicate(memory, rights | abi::right::transfer);
}

}  // namespace

Result<>
Interface::open(const sys::Startup& given, std::string_view service, const Options& options)
{
    if (session_)
        return fail(Errc::busy);
    if (!sane(options))
        return fail(Errc::bad_argument);
    auto session = sys::connect<proto::names::Connect>(given, service);
    if (!session)
        return fail(session.error());
    session_.emplace(std::move(*session));
    options_ = options;
    const auto started = start();
    if (!started)
        close();
    return started;
}

Result<> Interface::start()
{
    const auto info = ask();
    if (!info)
        return fail(info.error());
    if (!sane(*info))
        return fail(Errc::malformed);
    info_ = *info;
    options_.receive_frames = std::min(options_.receive_frames, info_.max_entries);
    options_.send_frames = std::min(options_.send_frames, info_.max_entries);
    if (const auto made = make_memory(); !made)
        return made;
    const auto watched = sys::watch(session_->endpoint(), notification_.borrow(), server_bit);
    return watched ? attach() : watched;
}

Result<> Interface::make_memory()
{
    const u32 in = options_.receive_frames;
    const u32 out = options_.send_frames;
    auto notification = sys::create_notification();
    auto client = sys::SharedMemory::create(Bytes{wire::client_bytes(in, out)});
    auto server = sys::create_memory(Bytes{wire::server_bytes(in, out)});
    auto memory =
        make_frame_memory(Bytes{align_up(u64{in + out} * options_.frame_bytes, page_bytes)});
    if (!notification || !client || !server || !memory)
        return fail(Errc::no_memory);
    auto mapping = sys::Mapping::create(server->borrow(), sys::read_only);
    if (!mapping)
        return fail(mapping.error());
    notification_ = std::move(*notification);
    client_memory_ = std::move(*client);
    server_memory_ = std::move(*server);
    server_mapping_ = std::move(*mapping);
    memory_ = std::move(*memory);
    pool_.fill(memory_.mapping.bytes(), options_.frame_bytes, in + out);
    return {};
}

Result<Rings> Interface::rings() const
{
    const u32 in = options_.receive_frames;
    const u32 out = options_.send_frames;
    const auto& ours = client_memory_.mapping;
    const auto client = ours.at<wire::ClientPage>();
    const auto spaces = ours.array<wire::Space>(page_bytes, in);
    const auto sends = ours.array<wire::Send>(wire::sends_at(in), out);
    const auto server = server_mapping_.at<const wire::ServerPage>();
    const auto received = server_mapping_.array<const wire::Received>(page_bytes, in);
    const auto sent = server_mapping_.array<const wire::Sent>(wire::sent_at(in), out);
    if (!client || !spaces || !sends || !server || !received || !sent)
        return fail(Errc::out_of_range);
    return Rings{**client, *spaces, *sends, **server, *received, *sent};
}

// A server that dies with it is followed by the next.
Result<> Interface::attach()
{
    for (u32 deaths = 0;; ++deaths) {
        const auto attached = try_to_attach();
        if (attached || attached.error() != Errc::peer_restarted || deaths == most_deaths)
            return attached;
    }
}

// The rings begin at zero on this side before the server sees them, and on its side by Attach.
// Errors: peer_restarted (nobody has them).
Result<> Interface::try_to_attach()
{
    const auto state = sys::info(session_->endpoint());
    const auto view = rings();
    if (!state || !view)
        return fail(state ? view.error() : state.error());
    endpoint_epoch_ = state->epoch;
    if (const auto opened = channel_.open(*view, pool_); !opened)
        return opened;
    auto client = lendable(client_memory_.handle.borrow(), sys::read_only);
    auto server = lendable(server_memory_.borrow(), sys::read_write);
    auto memory = lendable(memory_.handle.borrow(), sys::read_write);
    auto bell = sys::doorbell(notification_.borrow(), work_bit);
    if (!client || !server || !memory || !bell)
        return fail(Errc::no_memory);
    auto response =
        session_->call<wire::Attach>({.receive_entries = options_.receive_frames,
                                      .send_entries = options_.send_frames,
                                      .space_bytes = options_.frame_bytes,
                                      .reserved = 0,
                                      .filter = options_.filter},
                                     sys::HandleSet::of(std::move(*client), std::move(*server),
                                                        std::move(*memory), std::move(*bell)),
                                     1);
    if (!response)
        return fail(response.error());
    session_number_ = response->reply.session;
    auto doorbell = response->handles.take<sys::Notification>(0);
    if (!doorbell)
        return fail(Errc::malformed);
    doorbell_ = std::move(*doorbell);
    // Who answered may be gone, or have come after we looked; two sessions on the same rings would
    // break both.
    if (const auto now = sys::info(session_->endpoint()); !now || now->epoch != state->epoch) {
        (void)session_->call<wire::Detach>({session_number_, 0});
        return fail(Errc::peer_restarted);
    }
    link_seen_ = channel_.link();
    channel_.offer_spaces();
    return {};
}

void Interface::close()
{
    session_.reset();  // the last handle of this badge: the server ends what is left
    doorbell_ = {};
    notification_ = {};
    memory_ = {};
    client_memory_ = {};
    server_mapping_ = {};
    server_memory_ = {};
    channel_.close();
}

Result<> Interface::set_filter(const Filter& filter)
{
    const auto done = session_->call<wire::SetFilter>({session_number_, 0, filter});
    if (!done)
        return fail(done.error());
    options_.filter = filter;
    return {};
}

void Interface::kick()
{
    channel_.offer_spaces();
    if (channel_.publish())
        ring();
}

void Interface::refill()
{
    if (channel_.spaces() >= options_.receive_frames / 2)
        return;
    channel_.reclaim();
    channel_.offer_spaces();
}

std::optional<Arrival> Interface::receive()
{
    refill();
    return channel_.receive();
}

// Who waits for something to be sent rings after it announced that, asked or not: the device is to
// interrupt then.
Result<> Interface::sleep_until(bool sent, abi::Ticks deadline)
{
    const u32 sending = channel_.sending();
    bool owed = channel_.publish();
    for (;;) {
        channel_.reclaim();
        channel_.offer_spaces();
        if (const Errc why = channel_.lost_for(); why != Errc::ok)
            return fail(why);
        const u32 link = channel_.link();
        const bool done =
            std::exchange(link_seen_, link) != link || (sent && channel_.sending() < sending);
        if (done || !channel_.arm(sent)) {
            if (owed)
                ring();
            if (done || !sent)
                return {};
            continue;
        }
        const auto woken = sleep(std::exchange(owed, false) || sent, deadline);
        if (!woken)
            return fail(woken.error());
        if (woken->any(server_bit)) [[unlikely]]
            look_at_server();
        else if (!sent && channel_.came())
            return {};
    }
}

Result<abi::Bits> Interface::sleep(bool ring_first, abi::Ticks deadline)
{
    return ring_first
               ? sys::signal_wait(doorbell_.borrow(), all_bits, notification_.borrow(), deadline)
               : sys::wait(notification_.borrow(), deadline);
}

// Its endpoint lost the server, got a new one, or was given up. A new one knows nothing of this
// session: it gets the same memory, with rings that begin anew.
void Interface::look_at_server()
{
    const auto state = sys::info(session_->endpoint());
    if (!state || state->given_up)
        return channel_.lose(Errc::gave_up);
    if (state->epoch == endpoint_epoch_)
        return;
    doorbell_ = {};
    (void)ask();  // the first call to a new server only tells that it is one
    if (const auto attached = attach(); !attached)
        return channel_.lose(attached.error());
    ++restarts_;
}

}  // namespace net
