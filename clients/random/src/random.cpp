// random/src/random.cpp - one message a piece; sleeping only when the server has no seed.
#include <algorithm>

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
    constexpr u32 most_repeats = 32;
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
        if (woken->any(ready_bit))
            return {};
    }
}

Result<> Source::fill(std::span<u8> out, abi::Ticks deadline)
{
    while (!out.empty()) {
        const auto got = get(out, deadline);
        if (got)
            out = out.subspan(*got);
        else if (got.error() != Errc::would_block)
            return fail(got.error());
        else if (const auto ready = wait(deadline); !ready)
            return ready;
    }
    return {};
}

}  // namespace random_bytes
