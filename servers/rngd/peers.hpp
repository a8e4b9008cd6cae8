// rngd/peers.hpp - other random services, whose bytes are mixed into the seeds: when the device
// stalls, or fails its health test, the service goes on with theirs.
//
// A call to a peer waits 5 ms at most. One that has no seed yet tells when it has; one that does
// not answer is asked again, later and later; one whose device failed is put aside, and asked again
// once a minute. A signal of a peer makes the next try sooner, but never sooner than its last
// answers earned it: at worst a peer holds the service up for 10 ms a second.
#pragma once

#include "health.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <proto/names.hpp>
#include <proto/random.hpp>
#include <sys/log.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace rngd {

namespace random = proto::random;

inline constexpr u32 most_peers = 2;
inline constexpr unsigned peer_bit = 2;  // and the next ones: it came or went, or has bytes

class Peers {
public:
    using Bytes = std::array<u8, 32>;  // of a generator: 256 bits of entropy

    // The services that the arguments name. Errors: those of add.
    Result<> open(const sys::Startup& given, sys::Borrowed<sys::Notification> notification)
    {
        for (u32 i = 0; i < given.argument_count(); ++i)
            if (const auto added = add(given, given.argument(i), notification); !added)
                return added;
        return {};
    }

    // Errors: bad_argument (too many), those of connecting.
    Result<> add(const sys::Startup& given,
                 std::string_view name,
                 sys::Borrowed<sys::Notification> notification)
    {
        if (count_ == most_peers)
            return fail(Errc::bad_argument);
        auto session = sys::connect<proto::names::Connect>(given, name);
        if (!session)
            return fail(session.error());
        Peer& peer = peers_[count_];
        if (const auto watched =
                sys::watch(session->endpoint(), notification, abi::Bits::at(peer_bit + count_));
            !watched)
            return watched;
        peer.name = text::padded<sizeof(abi::Name)>(name);
        peer.session.emplace(std::move(*session));
        peer.notification = notification;
        ++count_;
        return {};
    }

    u32 count() const { return count_; }
    const abi::Name& name(u32 peer) const { return peers_[peer].name; }
    bool failed(u32 peer) const { return peers_[peer].failed; }
    u64 bytes(u32 peer) const { return peers_[peer].bytes; }
    abi::Ticks next_try(u32 peer) const { return peers_[peer].next_try; }

    void step(abi::Bits woken)
    {
        for (u32 i = 0; i < count_; ++i)
            if (woken.any(abi::Bits::at(peer_bit + i))) {
                Peer& peer = peers_[i];
                peer.next_try = std::min(peer.next_try, peer.soonest);
            }
    }

    // None: not now. Leaves the message page as it was: perhaps a request is in it.
    std::optional<Bytes> ask(u32 index)
    {
        Peer& peer = peers_[index];
        const auto kept = std::pair{sys::message_page().payload, sys::message_page().handles};
        const auto bytes = get(peer);
        if (!bytes)
            put_off(index, bytes.error());
        std::tie(sys::message_page().payload, sys::message_page().handles) = kept;
        if (!bytes)
            return std::nullopt;
        peer.wait_ms = first_wait_ms;
        peer.failed = false;
        peer.bytes += sizeof(Bytes);
        return *bytes;
    }

private:
    static constexpr u64 first_wait_ms = 10;
    static constexpr u64 longest_wait_ms = 1000;
    static constexpr u64 put_aside_ms = 60'000;

    struct Peer {
        abi::Name name{};
        std::optional<sys::Session> session;
        sys::Borrowed<sys::Notification> notification;
        bool failed = false;
        u64 bytes = 0;
        u64 wait_ms = first_wait_ms;
        abi::Ticks next_try{};
        abi::Ticks soonest{};  // of the next try, if it signals
    };

    // Errors: of the call; device_fault: bytes that repeat themselves are no generator's.
    static Result<Bytes> get(Peer& peer)
    {
        const auto answer = peer.session->call<random::Get>({sizeof(Bytes), 0}, sys::after_ms(5));
        if (!answer)
            return fail(answer.error());
        Bytes bytes;
        std::copy_n(answer->data.begin(), bytes.size(), bytes.begin());
        if (!HealthTest{}.accept(bytes))
            return fail(Errc::device_fault);
        return bytes;
    }

    void put_off(u32 index, Errc why)
    {
        Peer& peer = peers_[index];
        peer.soonest = peer.next_try = sys::after_ms(peer.wait_ms);
        peer.wait_ms = std::min(2 * peer.wait_ms, longest_wait_ms);
        if (why == Errc::would_block) {
            peer.failed = false;
            if (subscribe(index))
                peer.next_try = abi::never;
        }
        if (why == Errc::device_fault || why == Errc::gave_up)
            put_aside(peer, why);
    }

    static void put_aside(Peer& peer, Errc why)
    {
        peer.next_try = sys::after_ms(put_aside_ms);
        if (!std::exchange(peer.failed, true))
            sys::log(sys::Level::warn, "entropy source put aside",
                     {{"source", text::of(peer.name)}, {"why", why}});
    }

    bool subscribe(u32 index)
    {
        Peer& peer = peers_[index];
        auto bell = sys::doorbell(peer.notification, abi::Bits::at(peer_bit + index));
        return bell
               && peer.session
                      ->call<random::Subscribe>({}, sys::HandleSet::of(std::move(*bell)), 0,
                                                sys::after_ms(5))
                      .has_value();
    }

    u32 count_ = 0;
    std::array<Peer, most_peers> peers_;
};

}  // namespace rngd
