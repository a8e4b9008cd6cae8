// net/blocking.hpp - the blocking layer: bursts of frames, copied, with a deadline.
#pragma once

#include <net/interface.hpp>

namespace net {

using FrameBytes = std::span<const std::byte>;

class Blocking {
public:
    explicit Blocking(Interface& nic) : nic_{&nic} {}

    // Hands a frame over; waits for a place only. Errors: timed_out, bad_argument (shorter than an
    // Ethernet header), too_big (longer than a place, or than the device takes); those of a lost
    // session.
    Result<> send(FrameBytes frame, abi::Ticks deadline = abi::never);
    // As many as can be handed over by the deadline, in order, with one doorbell. Gives how many;
    // an error only if it is the first frame's.
    Result<usize> send_burst(std::span<const FrameBytes> frames, abi::Ticks deadline = abi::never);
    // Until all that was handed over is out. Errors: timed_out; those of a lost session.
    Result<> flush(abi::Ticks deadline = abi::never);

    // The next frame. Errors: timed_out; those of a lost session.
    Result<Arrival> receive(abi::Ticks deadline = abi::never);
    // Waits for the first frame, and gives all that are there then, at most as many as fit. Gives
    // how many.
    Result<usize> receive_burst(std::span<Arrival> into, abi::Ticks deadline = abi::never);

private:
    Result<> queue(FrameBytes frame, abi::Ticks deadline);

    Interface* nic_;
};

}  // namespace net
