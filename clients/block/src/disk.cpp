// block/src/disk.cpp - a session with a disk: made, slept on, ended.
#include <block/disk.hpp>
#include <proto/names.hpp>
#include <sys/time.hpp>

namespace block {

namespace {

// A second handle with no more than `rights`, to be sent away.
Result<sys::Handle<sys::Memory>> lendable(sys::Borrowed<sys::Memory> memory, abi::Rights rights)
{
    return sys::duplicate(memory, rights | abi::right::transfer);
}

// Contiguous if the machine has that much in one piece: every request is one run for the device
// then.
Result<sys::SharedMemory> make_buffer_memory(Bytes size)
{
    auto contiguous = sys::SharedMemory::create(size, abi::MemoryFlags::contiguous);
    if (contiguous || contiguous.error() != Errc::no_memory)
        return contiguous;
    return sys::SharedMemory::create(size);
}

template <class... T>
Errc first_error(const Result<T>&... results)
{
    Errc why = Errc::ok;
    (void)((results ? false : (why = results.error(), true)) || ...);
    return why;
}

bool sane(const Options& options)
{
    return options.depth != 0 && options.depth <= Channel::max_entries && options.buffers != 0
           && options.buffers <= max_buffers && options.buffer_bytes != 0
           && options.buffer_bytes % sector_bytes == 0
           && options.buffer_bytes <= (1U << 30) / max_buffers;
}

// What a server says of its disk is looked at here and nowhere else: whatever passes, no byte of
// the disk, rounded up to a block, is beyond 64 bits, and a block is something to divide by.
constexpr u64 most_sectors = (u64{1} << 63) / sector_bytes;

bool sane(const Info& info)
{
    return info.capacity.raw() <= most_sectors && std::has_single_bit(info.logical_block)
           && info.logical_block >= sector_bytes && std::has_single_bit(info.physical_block)
           && info.physical_block >= info.logical_block && info.max_bytes >= sector_bytes
           && info.max_runs != 0 && proto::block::good_entries(info.max_entries);
}

}  // namespace

Result<> Disk::open(const sys::Startup& given, std::string_view service, const Options& options)
{
    if (session_)
        return fail(Errc::busy);
    if (!sane(options))
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

Result<> Disk::start(const Options& options)
{
    const auto info = session_->ask<proto::block::Info>();
    if (!info)
        return fail(info.error());
    if (!sane(*info))
        return fail(Errc::malformed);
    if (options.buffer_bytes < info->logical_block)
        return fail(Errc::bad_argument);
    info_ = *info;
    options_ = options;
    if (!fits(options.first.raw(), options.count, info->capacity.raw()))
        return fail(Errc::out_of_range);
    const auto limits = session_->ask<proto::block::RangeLimits>();
    if (!limits)
        return fail(limits.error());
    range_limits_ = *limits;
    depth_ = std::min(options.depth, info_.max_entries);
    // A ring that is never full costs both sides less: nobody looks for room.
    entries_ = std::min(std::bit_ceil(depth_ + 1), info_.max_entries);
    if (const auto made = make_memory(options); !made)
        return made;
    if (const auto watched = sys::watch(session_->endpoint(), notification_.borrow(), server_bit);
        !watched)
        return watched;
    return join(abi::never);
}

Sector Disk::capacity() const
{
    const auto changed = channel_.new_capacity();
    return changed ? Sector{std::min(changed->raw(), most_sectors)} : info_.capacity;
}

Result<> Disk::make_memory(const Options& options)
{
    auto notification = sys::create_notification();
    auto submissions = sys::SharedMemory::create(Bytes{proto::block::submissions_bytes(entries_)});
    auto completions = sys::create_memory(Bytes{proto::block::completions_bytes(entries_)});
    auto memory = make_buffer_memory(
        Bytes{align_up(u64{options.buffers} * options.buffer_bytes, page_bytes)});
    if (const Errc why = first_error(notification, submissions, completions, memory);
        why != Errc::ok)
        return fail(why);
    auto mapping = sys::Mapping::create(completions->borrow(), sys::read_only);
    if (!mapping)
        return fail(mapping.error());

    notification_ = std::move(*notification);
    submissions_ = std::move(*submissions);
    completions_ = std::move(*completions);
    completions_mapping_ = std::move(*mapping);
    memory_ = std::move(*memory);
    pool_.fill(memory_.mapping.bytes(), options.buffer_bytes, options.buffers);

    const auto client = submissions_.mapping.at<RingPage>();
    const auto down = submissions_.mapping.array<proto::block::Submission>(page_bytes, entries_);
    const auto server = completions_mapping_.at<const proto::block::CompletionPage>();
    const auto up =
        completions_mapping_.array<const proto::block::Completion>(page_bytes, entries_);
    if (!client || !down || !server || !up)
        return fail(Errc::out_of_range);
    return channel_.open(**client, *down, **server, *up, pool_, depth_);
}

// Gives the rings to the server that there is, or to the next one. Errors: timed_out (nothing is
// lost); what the session was lost for.
Result<> Disk::join(abi::Ticks deadline)
{
    for (u32 deaths = 0;;) {
        const auto joined = try_to_join(deadline);
        if (joined && *joined)
            return {};
        if (joined || (joined.error() == Errc::peer_restarted && ++deaths < most_deaths))
            continue;
        if (joined.error() != Errc::timed_out)
            channel_.lose(joined.error());
        return fail(joined.error());
    }
}

// False: something changed meanwhile.
Result<bool> Disk::try_to_join(abi::Ticks deadline)
{
    const auto before = sys::info(session_->endpoint());
    if (!before || before->given_up)
        return fail(Errc::gave_up);
    if (!before->served)
        return sys::wait(notification_.borrow(), deadline).transform([](abi::Bits) {
            return false;
        });
    channel_.restart();
    if (const auto attached = attach(std::max(deadline, sys::after_ms(attach_ms))); !attached)
        return fail(attached.error());
    const auto after = sys::info(session_->endpoint());
    if (!after || after->epoch != before->epoch)
        return false;  // who answered may be gone already
    restarts_ += endpoint_epoch_ != 0 ? 1 : 0;
    endpoint_epoch_ = before->epoch;
    channel_.resume();
    return true;
}

// An Attach whose answer was lost, or came from we do not know whom, would leave two sessions on
// the same rings: what the server has of us goes first.
Result<> Disk::attach(abi::Ticks deadline)
{
    if (const auto none = session_->ask<proto::block::DetachAll>({}, deadline); !none)
        return fail(none.error());
    auto submissions = lendable(submissions_.handle.borrow(), sys::read_only);
    auto completions = lendable(completions_.borrow(), sys::read_write);
    auto buffer = lendable(memory_.handle.borrow(), sys::read_write);
    auto bell = sys::doorbell(notification_.borrow(), completion_bit);
    if (const Errc why = first_error(submissions, completions, buffer, bell); why != Errc::ok)
        return fail(why);
    auto send = sys::HandleSet::of(std::move(*submissions), std::move(*completions),
                                   std::move(*buffer), std::move(*bell));
    auto response = session_->call<proto::block::Attach>(
        {entries_, options_.read_only ? proto::block::AttachFlags::read_only : 0, options_.first,
         options_.count},
        std::move(send), 1, deadline);
    if (!response)
        return fail(response.error());
    if (response->reply.capacity.raw() > most_sectors)
        return fail(Errc::malformed);
    session_number_ = response->reply.session;
    info_.capacity = response->reply.capacity;
    info_.flags |= options_.read_only ? proto::block::InfoFlags::read_only : 0;
    auto doorbell = response->handles.take<sys::Notification>(0);
    if (!doorbell)
        return fail(Errc::malformed);
    doorbell_ = std::move(*doorbell);
    if (write_cache_)
        if (const auto set = ask_write_cache(*write_cache_, deadline);
            !set && (set.error() == Errc::peer_restarted || set.error() == Errc::timed_out))
            return set;
    return pool_.bytes_each() <= response->reply.max_bytes ? Result<>{} : fail(Errc::too_big);
}

Result<> Disk::set_write_cache(bool on)
{
    if (!session_)
        return fail(Errc::bad_argument);
    auto set = ask_write_cache(on, abi::never);
    if (!set && set.error() == Errc::peer_restarted)
        set = ask_write_cache(on, abi::never);
    if (set)
        write_cache_ = on;
    return set;
}

Result<> Disk::ask_write_cache(bool on, abi::Ticks deadline)
{
    const auto set = session_->ask<proto::block::SetWriteCache>({u32{on}, 0}, deadline);
    if (!set)
        return fail(set.error());
    const auto info = session_->ask<proto::block::Info>({}, deadline);
    if (info)
        info_.flags = info->flags | (options_.read_only ? proto::block::InfoFlags::read_only : 0);
    return info ? Result<>{} : fail(info.error());
}

void Disk::close()
{
    if (session_ && doorbell_.valid() && channel_.outstanding() == 0)
        (void)session_->call<proto::block::Detach>({session_number_, 0}, sys::after_ms(detach_ms));
    session_.reset();  // the last handle of this badge: the server ends what is left
    doorbell_ = {};
    notification_ = {};
    memory_ = {};
    submissions_ = {};
    completions_mapping_ = {};
    completions_ = {};
    channel_.close();
    endpoint_epoch_ = 0;
    write_cache_.reset();
}

// The doorbell of a server that sleeps is rung when we sleep as well: then it has nothing for us
// yet, and both take one trap. This is the usual case, sleep_and_poll() has them all.
Result<Completion> Disk::wait(abi::Ticks deadline)
{
    if (channel_.next_deadline() != abi::never) [[unlikely]]
        return wait_with_deadlines(deadline);
    const bool owed = channel_.publish();
    if (!owed)
        if (auto completion = channel_.next())
            return completion;
    if (!owed || !channel_.arm()) [[unlikely]]
        return sleep_and_poll(owed, deadline);
    const auto woken = sleep(true, deadline);
    if (!woken || woken->any(server_bit)) [[unlikely]]
        if (auto ended = woken_oddly(woken, deadline, deadline))
            return std::move(*ended);
    if (auto completion = channel_.next()) [[likely]]
        return completion;
    return sleep_and_poll(false, deadline);
}

[[gnu::noinline]] Result<Completion> Disk::wait_with_deadlines(abi::Ticks deadline)
{
    if (auto late = overdue())
        return std::move(*late);
    const bool owed = channel_.publish();
    if (!owed)
        if (auto completion = channel_.next())
            return completion;
    return sleep_and_poll(owed, deadline);
}

// `ring_first`: the server sleeps, and there is nothing to poll.
Result<Completion> Disk::sleep_and_poll(bool ring_first, abi::Ticks deadline)
{
    while (outstanding() != 0) {
        const abi::Ticks until = std::min(deadline, channel_.next_deadline());
        std::optional<Result<Completion>> ended;
        if (!channel_.arm())
            ended = stay_awake(ring_first, until, deadline);
        else if (const auto woken = sleep(ring_first, until); !woken || woken->any(server_bit))
            ended = woken_oddly(woken, until, deadline);
        if (ended)
            return std::move(*ended);
        ring_first = false;
        if (auto completion = channel_.next())
            return completion;
    }
    return fail(Errc::not_found);
}

[[gnu::cold, gnu::noinline]] std::optional<Result<Completion>>
Disk::woken_oddly(Result<abi::Bits> woken, abi::Ticks until, abi::Ticks deadline)
{
    if (!woken)
        return not_woken(woken.error(), until, deadline);
    look_at_server();
    return std::nullopt;
}

// Something is to be polled, or there is no server.
[[gnu::cold, gnu::noinline]] std::optional<Result<Completion>>
Disk::stay_awake(bool ring_first, abi::Ticks until, abi::Ticks deadline)
{
    if (ring_first)
        ring();
    if (!channel_.stopped())
        return std::nullopt;
    std::optional<Result<Completion>> ended;
    if (join(until).error_or(Errc::ok) == Errc::timed_out)
        ended = late(until, deadline);
    if (!ended)
        kick();
    return ended;
}

// Completions without end keep no request from its deadline: after one more of them it has passed.
[[gnu::cold, gnu::noinline]] std::optional<Completion> Disk::overdue()
{
    const abi::Ticks now = sys::now();
    if (now < channel_.next_deadline())
        return std::nullopt;
    const abi::Ticks next = channel_.awaited_deadline();
    if (now < next || std::exchange(overdue_, next) != next)
        return std::nullopt;
    auto late = channel_.expire(now);
    kick();
    return late;
}

// A server that is rung for nothing looks at its device: an interrupt may have been lost. If it is
// on another CPU, it needs a moment.
[[gnu::cold, gnu::noinline]] std::optional<Result<Completion>>
Disk::not_woken(Errc why, abi::Ticks until, abi::Ticks deadline)
{
    if (why != Errc::timed_out)
        return fail(why);
    if (until != deadline && channel_.awaited_deadline() > until)
        return std::nullopt;  // it was that of a request that has ended
    if (until != abi::now) {
        ring();
        if (const auto woken = sleep(false, sys::after_ms(grace_ms));
            woken && woken->any(server_bit))
            look_at_server();
    }
    return late(until, deadline);
}

// `until` has passed, which is the deadline of the wait, of a request, or of one that ended before.
[[gnu::cold, gnu::noinline]] std::optional<Result<Completion>> Disk::late(abi::Ticks until,
                                                                          abi::Ticks deadline)
{
    if (auto completion = poll())
        return std::move(*completion);
    if (auto completion = channel_.expire(std::max(until, sys::now())))
        return std::move(*completion);
    return until == deadline ? std::optional<Result<Completion>>{fail(Errc::timed_out)}
                             : std::nullopt;
}

// Its endpoint lost the server, got a new one, or was given up.
[[gnu::cold, gnu::noinline]] void Disk::look_at_server()
{
    const auto state = sys::info(session_->endpoint());
    if (!state || state->given_up)
        channel_.lose(Errc::gave_up);
    else if (!state->served || state->epoch != endpoint_epoch_)
        channel_.stop();
}

}  // namespace block
