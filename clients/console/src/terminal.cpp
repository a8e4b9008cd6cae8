// console/src/terminal.cpp - a session with a console, and the next one when its server died.
#include <algorithm>

#include <console/terminal.hpp>
#include <proto/names.hpp>

namespace console {

namespace protocol = proto::console;

Result<> Terminal::open(const sys::Startup& given,
                        std::string_view service,
                        sys::Borrowed<sys::Notification> told,
                        const Bits& bits)
{
    auto session = sys::connect<proto::names::Connect>(given, service);
    if (!session)
        return fail(session.error());
    told_ = told;
    bits_ = bits;
    session_.emplace(std::move(*session));
    if (const auto watched = sys::watch(session_->endpoint(), told, bits.server); !watched)
        return watched;
    const auto listening = listen();
    if (!listening)
        session_.reset();
    return listening;
}

Result<sys::HandleSet> Terminal::doorbells(std::initializer_list<abi::Bits> all) const
{
    sys::HandleSet set;
    for (const abi::Bits bits : all) {
        auto bell = sys::doorbell(told_, bits);
        if (!bell)
            return fail(bell.error());
        if (const auto added = set.add(std::move(*bell)); !added)
            return fail(added.error());
    }
    return set;
}

// A server that died meanwhile is not the caller's business: the next one is asked.
Result<> Terminal::listen()
{
    constexpr int most_restarts = 32;
    for (int restarts = 0;; ++restarts) {
        const auto seen = sys::info(session_->endpoint());
        if (!seen)
            return fail(seen.error());
        epoch_ = seen->epoch;
        auto bells = doorbells({bits_.input, bits_.interrupt, bits_.changed});
        if (!bells)
            return fail(bells.error());
        const auto said = session_->call<protocol::Listen>({protocol::ListenFlags::interrupts, 0},
                                                           std::move(*bells), 0);
        if (said)
            return {};
        if (said.error() != Errc::peer_restarted || restarts == most_restarts)
            return fail(said.error());
    }
}

// The next server does not know this session.
template <Method M>
Result<typename M::Reply> Terminal::ask(const typename M::Request& request)
{
    for (;;) {
        const auto reply = session_->call<M>(request);
        if (reply || reply.error() != Errc::peer_restarted)
            return reply;
        if (const auto again = listen(); !again)
            return fail(again.error());
    }
}

Result<usize> Terminal::try_write(std::string_view text)
{
    if (text.empty())
        return usize{0};
    protocol::Write::Request request{};
    request.size = static_cast<u32>(std::min<usize>(text.size(), protocol::max_bytes));
    std::ranges::copy(text.substr(0, request.size), request.data.begin());
    for (;;) {
        const auto written = ask<protocol::Write>(request);
        if (written && (written->taken == 0 || written->taken > request.size))
            return fail(Errc::malformed);
        if (written)
            return written->taken;
        if (written.error() != Errc::would_block || bits_.room.empty())
            return fail(written.error());
        if (const auto told = await_room(); !told)
            return fail(told.error());
        else if (*told)
            return fail(Errc::would_block);
    }
}

// False: the server that found no room is dead, and the next one may have some.
Result<bool> Terminal::await_room()
{
    auto bell = doorbells({bits_.room});
    if (!bell)
        return fail(bell.error());
    const auto said = session_->call<protocol::AwaitRoom>({}, std::move(*bell), 0);
    if (said)
        return true;
    if (said.error() != Errc::peer_restarted)
        return fail(said.error());
    return listen().transform([] { return false; });
}

Result<> Terminal::write(std::string_view text)
{
    abi::Bits others{};
    Result<> done;
    while (done && !text.empty()) {
        const auto written = try_write(text);
        if (written) {
            text.remove_prefix(*written);
        } else if (written.error() != Errc::would_block || bits_.room.empty()) {
            done = fail(written.error());
        } else {
            const auto bits = sys::wait(told_);
            others.raw |= bits.value_or(abi::Bits{}).raw & ~bits_.room.raw;
            if (!bits || others.any(bits_.interrupt))
                done = fail(bits ? Errc::cancelled : bits.error());
        }
    }
    if (!others.empty())
        (void)sys::signal(told_, others);
    return done;
}

Result<protocol::Info::Reply> Terminal::info() { return ask<protocol::Info>({}); }

Result<protocol::Port::Reply> Terminal::port(u32 index) { return ask<protocol::Port>({index, 0}); }

Result<usize> Terminal::read(std::span<char> into)
{
    auto reply = ask<protocol::Read>({});
    // A call that stood in line when the server died is the next one's first of this session.
    if (!reply && reply.error() == Errc::denied) {
        if (const auto again = listen(); !again)
            return fail(again.error());
        reply = ask<protocol::Read>({});
    }
    if (!reply)
        return fail(reply.error());
    if (reply->size > into.size() || reply->size > reply->data.size())
        return fail(Errc::malformed);
    std::ranges::copy(std::span{reply->data}.first(reply->size), into.begin());
    return reply->size;
}

Result<bool> Terminal::renew()
{
    const auto seen = sys::info(session_->endpoint());
    if (!seen)
        return fail(seen.error());
    if (seen->given_up)
        return fail(Errc::gave_up);
    if (seen->epoch == epoch_ || !seen->served)
        return false;
    if (const auto again = listen(); !again)
        return fail(again.error());
    return true;
}

}  // namespace console
