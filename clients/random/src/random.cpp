// random/src/random.cpp - one message a piece; sleeping only when the server has no seed.
#include <algorithm>
#include <cstring>

#include <proto/names.hpp>
#include <random/random.hpp>

namespace random_bytes {

Result<Source> Source::open(const sys::Startup& given, std::string_view service)
{
    auto session = sys::connect<proto::names::Connect>(given, service);
    if (!session)
        return fail(session.error());
    return Source{std::move(*session)};
}

template <Method M>
Result<usize> Source::get_by(std::span<u8> out, abi::Ticks deadline)
{
    const usize bytes = std::min<usize>(out.size(), M::max_bytes);
    const auto reply = session_.ask<M>({static_cast<u32>(bytes), 0}, deadline);
    if (!reply)
        return fail(reply.error());
    std::copy_n(reply->data.begin(), bytes, out.begin());
    return bytes;
}

Result<usize> Source::get(std::span<u8> out, abi::Ticks deadline)
{
    if (out.empty())
        return usize{0};
    if (out.size() <= proto::random::Get::max_bytes)
        return get_by<proto::random::Get>(out, deadline);
    return get_by<proto::random::GetMany>(out, deadline);
}

Result<> Source::make_notification()
{
    if (notification_.valid())
        return {};
    auto made = sys::create_notification();
    if (!made)
        return fail(made.error());
    if (const auto watched = sys::watch(session_.endpoint(), made->borrow(), server_bit); !watched)
        return watched;
    notification_ = std::move(*made);
    return {};
}

Result<> Source::subscribe(abi::Ticks deadline)
{
    for (u32 again = 0;; ++again) {
        auto bell = sys::doorbell(notification_.borrow(), ready_bit);
        if (!bell)
            return fail(bell.error());
        const auto done = session_.call<proto::random::Subscribe>(
            {}, sys::HandleSet::of(std::move(*bell)), 0, deadline);
        if (done)
            return {};
        if (done.error() != Errc::peer_restarted || again == most_repeats)
            return fail(done.error());
    }
}

// The next server knows nothing of a subscription with the last one.
Result<> Source::wait(abi::Ticks deadline)
{
    if (const auto made = make_notification(); !made)
        return made;
    for (;;) {
        if (const auto subscribed = subscribe(deadline); !subscribed)
            return subscribed;
        const auto woken = sys::wait(notification_.borrow(), deadline);
        if (!woken)
            return fail(woken.error());
        if (woken->any(server_bit))
            attached_ = raw_pending_ = false;  // nobody will hear of that bit again
        if (woken->any(ready_bit))
            return {};
    }
}

Result<> Source::make_memory()
{
    if (mapping_.valid())
        return {};
    auto memory = sys::create_memory(Bytes{2 * page_bytes});
    if (!memory)
        return fail(memory.error());
    auto mapping = sys::Mapping::create(memory->borrow(), sys::read_write);
    if (!mapping)
        return fail(mapping.error());
    memory_ = std::move(*memory);
    mapping_ = std::move(*mapping);
    return {};
}

// The next server knows nothing of the memory that the last one had. Busy: it is attached, and the
// device has it. After any other error nobody knows, so it is attached again.
Result<> Source::attach(bool raw, abi::Ticks deadline)
{
    const auto done = bring_memory(raw, deadline);
    raw_pending_ = !done && done.error() == Errc::busy;
    attached_ = done || raw_pending_;
    if (attached_)
        attached_raw_ = raw || raw_pending_;
    if (done) {
        board().begun.store(0, std::memory_order_relaxed);
        board().ended.store(0, std::memory_order_relaxed);
    }
    return done;
}

Result<> Source::bring_memory(bool raw, abi::Ticks deadline)
{
    if (const auto made = make_memory(); !made)
        return made;
    if (const auto made = make_notification(); !made)
        return made;
    auto memory = sys::duplicate(memory_.borrow(), sys::read_write | abi::right::transfer);
    auto bell = sys::doorbell(notification_.borrow(), raw_bit);
    if (!memory || !bell)
        return fail(memory ? bell.error() : memory.error());
    return session_
        .call<proto::random::Attach>({raw ? proto::random::AttachFlags::raw : 0, 0},
                                     sys::HandleSet::of(std::move(*memory), std::move(*bell)), 0,
                                     deadline)
        .transform([](auto&&) {});
}

// `ask` asks a server that has our memory; one that has not gets it first.
template <class F>
Result<> Source::with_memory(bool raw, abi::Ticks deadline, F ask)
{
    Result<> done;
    for (u32 again = 0; again < most_repeats; ++again) {
        done = {};
        if (!attached_ || (raw && !attached_raw_))
            done = attach(raw || attached_raw_, deadline);
        if (done)
            done = ask();
        if (done || (done.error() != Errc::not_found && done.error() != Errc::peer_restarted))
            return done;
        attached_ = false;
    }
    return done;
}

Result<> Source::fill_page(std::span<u8> out, abi::Ticks deadline)
{
    const auto bytes = static_cast<u32>(out.size());
    const auto filled = with_memory(false, deadline, [&] {
        return session_.ask<proto::random::Fill>({0, bytes}, deadline).transform([](auto) {});
    });
    if (!filled)
        return filled;
    std::memcpy(out.data(), page().data(), bytes);
    std::memset(page().data(), 0, bytes);
    asm volatile("" : : "r"(page().data()) : "memory");  // no copy stays behind
    return {};
}

// As get(), and more of it if there is memory for that.
Result<usize> Source::get_some(std::span<u8> out, abi::Ticks deadline)
{
    if (out.size() <= proto::random::GetMany::max_bytes || no_memory_ || raw_pending_)
        return get(out, deadline);
    const auto part = out.first(std::min<usize>(out.size(), proto::random::most_bytes));
    const auto filled = fill_page(part, deadline);
    if (filled)
        return part.size();
    switch (filled.error()) {
    case Errc::busy:  // a raw request that ended with its deadline is with the device
        raw_pending_ = true;
        return get(out, deadline);
    case Errc::over_quota:
    case Errc::no_memory:
    case Errc::not_supported:
        no_memory_ = true;
        return get(out, deadline);
    default:
        return fail(filled.error());
    }
}

Result<> Source::fill(std::span<u8> out, abi::Ticks deadline)
{
    while (!out.empty()) {
        const auto got = get_some(out, deadline);
        if (got)
            out = out.subspan(*got);
        else if (got.error() != Errc::would_block)
            return fail(got.error());
        else if (const auto ready = wait(deadline); !ready)
            return ready;
    }
    return {};
}

// Busy: an earlier one ended with its deadline when the server had it already. Then that one is
// waited for.
Result<> Source::ask_raw(u32 bytes, abi::Ticks deadline)
{
    for (;;) {
        const auto asked = with_memory(true, deadline, [&] {
            return session_.call<proto::random::Raw>({0, bytes}, deadline).transform([](auto) {});
        });
        raw_pending_ = asked || asked.error() == Errc::busy;
        if (raw_pending_)
            return {};
        if (asked.error() != Errc::would_block)
            return asked;
        const auto woken = sys::wait(notification_.borrow(), deadline);  // for a place
        if (!woken)
            return fail(woken.error());
    }
}

// Errors: timed_out; peer_restarted (the next server has to be asked); those of attach.
Result<> Source::await_raw(abi::Ticks deadline)
{
    const u32 begun = board().begun.load(std::memory_order_acquire);
    while (board().ended.load(std::memory_order_acquire) != begun) {
        const auto woken = sys::wait(notification_.borrow(), deadline);
        if (!woken)
            return fail(woken.error());
        if (!woken->any(server_bit))
            continue;
        // It came or went, now or long ago. One that has the request does not take the memory
        // again; of one that is gone the first call after its end may be told.
        const auto again = attach(true, deadline);
        if (raw_pending_)
            continue;
        if (!again && again.error() != Errc::peer_restarted)
            return again;
        return fail(Errc::peer_restarted);
    }
    return {};
}

Result<std::span<const u8>> Source::raw(usize bytes, abi::Ticks deadline)
{
    if (bytes == 0)
        return std::span<const u8>{};
    const auto wanted = static_cast<u32>(std::min(bytes, most_raw));
    Result<> ended;
    for (u32 again = 0; again < most_repeats; ++again) {
        if (!raw_pending_)
            if (const auto asked = ask_raw(wanted, deadline); !asked)
                return fail(asked.error());
        ended = await_raw(deadline);
        if (ended || ended.error() != Errc::peer_restarted)
            break;
    }
    if (!ended)
        return fail(ended.error());
    raw_pending_ = false;
    const u32 count = board().bytes;
    if (board().status != 0 || count == 0)
        return fail(Errc::device_fault);
    return count <= most_raw ? Result<std::span<const u8>>{page().first(count)}
                             : fail(Errc::malformed);
}

}  // namespace random_bytes
