// random/random.hpp - random bytes of a random service.
//
//     auto random = random_bytes::Source::open(given, "rng0");
//     random->fill(key);   // all of it, waiting for the first seed if there was none yet
#pragma once

#include <span>
#include <string_view>

#include <proto/random.hpp>
#include <sys/memory.hpp>
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

    // Waits until get() is worth another try. Errors: timed_out, over_quota (too many wait, of the
    // program or of all), those of a call.
    Result<> wait(abi::Ticks deadline = abi::never);

    // All of `out`. Much of it comes through two pages of memory that are made then and kept.
    // Errors: timed_out (then a part may be filled), device_fault, over_quota (as wait()), those of
    // a call.
    Result<> fill(std::span<u8> out, abi::Ticks deadline = abi::never);

    // What the device says to one request for at most most_raw bytes, as it says it: no health test
    // saw them. They lie in memory that the server sees too, until the next call; at least one,
    // often fewer than asked for. While too many others ask it waits, too. Errors: denied (the
    // table does not say "NAME:raw"), timed_out (a request that the device has got stays with it,
    // the next call waits for it and gives its bytes), device_fault (the device was reset, or
    // answered nothing; ask again), those of making memory and of a call.
    Result<std::span<const u8>> raw(usize bytes, abi::Ticks deadline = abi::never);
    static constexpr usize most_raw = proto::random::most_bytes;

private:
    explicit Source(sys::Session session) : session_{std::move(session)} {}

    static constexpr u32 most_repeats = 32;
    static constexpr auto ready_bit = abi::Bits::at(0);
    static constexpr auto server_bit = abi::Bits::at(1);  // it came or went
    static constexpr auto raw_bit = abi::Bits::at(2);

    template <Method M>
    Result<usize> get_by(std::span<u8> out, abi::Ticks deadline);
    Result<> make_notification();
    Result<> subscribe(abi::Ticks deadline);
    Result<> make_memory();  // none if there is one
    Result<> attach(bool raw, abi::Ticks deadline);
    Result<> bring_memory(bool raw, abi::Ticks deadline);
    Result<> fill_page(std::span<u8> out, abi::Ticks deadline);
    Result<usize> get_some(std::span<u8> out, abi::Ticks deadline);
    template <class F>
    Result<> with_memory(bool raw, abi::Ticks deadline, F ask);
    Result<> ask_raw(u32 bytes, abi::Ticks deadline);
    Result<> await_raw(abi::Ticks deadline);
    std::span<u8> page() const
    {
        return {reinterpret_cast<u8*>(mapping_.bytes().data()) + page_bytes, page_bytes};
    }
    proto::random::Board& board() const { return **mapping_.at<proto::random::Board>(); }

    sys::Session session_;
    sys::Handle<sys::Notification> notification_;  // made when it is first waited for
    sys::Handle<sys::Memory> memory_;              // Board and a page of data, made when first used
    sys::Mapping mapping_;
    bool attached_ = false;  // to the server that answered last
    bool attached_raw_ = false;
    bool no_memory_ = false;    // the server or the quota refused: messages do as well
    bool raw_pending_ = false;  // the device was asked
};

}  // namespace random_bytes
