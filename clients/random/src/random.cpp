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
Result<usize> Source::get_by(std::span<u8> out)
{
    const usize bytes = std::min<usize>(out.size(), M::max_bytes);
    const auto reply = session_.call<M>({static_cast<u32>(bytes), 0});
    if (!reply)
        return fail(reply.error());
    std::copy_n(reply->data.begin(), bytes, out.begin());
    return bytes;
}

Result<usize> Source::get(std::span<u8> out)
{
    if (out.empty())
        return usize{0};
    if (out.size() <= proto::random::Get::max_bytes)
        return get_by<proto::random::Get>(out);
    return get_by<proto::random::GetMany>(out);
}

Result<> Source::wait(abi::Ticks deadline)
{
    if (!notification_.valid()) {
        auto made = sys::create_notification();
        if (!made)
            return fail(made.error());
        notification_ = std::move(*made);
    }
    auto bell = sys::doorbell(notification_.borrow(), abi::Bits::at(0));
    if (!bell)
        return fail(bell.error());
    const auto subscribed =
        session_.call<proto::random::Subscribe>({}, sys::HandleSet::of(std::move(*bell)), 0);
    if (!subscribed)
        return fail(subscribed.error());
    return sys::wait(notification_.borrow(), deadline).transform([](abi::Bits) {});
}

Result<> Source::fill(std::span<u8> out, abi::Ticks deadline)
{
    while (!out.empty()) {
        const auto got = get(out);
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
