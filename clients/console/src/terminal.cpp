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

// A server that died meanwhile is not the caller's business: the next one is asked.
Result<> Terminal::listen()
{
    constexpr int most_restarts = 32;
    for (int restarts = 0;; ++restarts) {
        const auto seen = sys::info(session_->endpoint());
        if (!seen)
            return fail(seen.error());
        epoch_ = seen->epoch;
        auto input = sys::doorbell(told_, bits_.input);
        auto interrupt = sys::doorbell(told_, bits_.interrupt);
        if (!input || !interrupt)
            return fail(!input ? input.error() : interrupt.error());
        const auto said = session_->call<protocol::Listen>(
            {protocol::ListenFlags::interrupts, 0},
            sys::HandleSet::of(std::move(*input), std::move(*interrupt)), 0);
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

Result<> Terminal::write(std::string_view text)
{
    while (!text.empty()) {
        protocol::Write::Request request{};
        request.size = static_cast<u32>(std::min<usize>(text.size(), protocol::max_bytes));
        std::ranges::copy(text.substr(0, request.size), request.data.begin());
        const auto written = ask<protocol::Write>(request);
        if (!written)
            return fail(written.error());
        if (written->taken == 0 || written->taken > request.size)
            return fail(Errc::malformed);
        text.remove_prefix(written->taken);
    }
    return {};
}

Result<usize> Terminal::read(std::span<char> into)
{
    const auto reply = ask<protocol::Read>({});
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
