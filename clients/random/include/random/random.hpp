// random/random.hpp - random bytes of a random service.
//
//     auto random = random_bytes::Source::open(given, "rng0");
//     random->fill(key);   // all of it, waiting for the first seed if there was none yet
#pragma once

#include <span>
#include <string_view>

#include <proto/random.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace random_bytes {

using Info = proto::random::Info::Reply;

class Source {
public:
    // Errors: those of connecting.
    static Result<Source> open(const sys::Startup& given, std::string_view service);

    // A server that dies is a pause for all of these: the next one is asked, for bytes of its own.
    // What the dead one may have given was never seen.

    Result<Info> info() { return session_.ask<proto::random::Info>(); }

    // Fills the front of `out`, as much as one call gives; never waits for the device. Gives the
    // bytes, at least one unless `out` is empty. Errors: would_block (no good seed now: wait()),
    // device_fault (the device failed its health test), those of a call.
    Result<usize> get(std::span<u8> out, abi::Ticks deadline = abi::never);

    // Waits until get() is worth another try. Errors: timed_out, those of a call.
    Result<> wait(abi::Ticks deadline = abi::never);

    // All of `out`. Errors: timed_out (then a part may be filled), device_fault, those of a call.
    Result<> fill(std::span<u8> out, abi::Ticks deadline = abi::never);

private:
    explicit Source(sys::Session session) : session_{std::move(session)} {}

    static constexpr auto ready_bit = abi::Bits::at(0);
    static constexpr auto server_bit = abi::Bits::at(1);  // it came or went

    template <Method M>
    Result<usize> get_by(std::span<u8> out, abi::Ticks deadline);
    Result<> make_notification();
    Result<> subscribe(abi::Ticks deadline);

    sys::Session session_;
    sys::Handle<sys::Notification> notification_;  // made when it is first waited for
};

}  // namespace random_bytes
