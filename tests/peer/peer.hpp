// peer/peer.hpp - the other end of a guest's network: what it does with the frames that come. Knows
// no sockets.
#pragma once

#include "control.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peer {

using Bytes = std::vector<u8>;

class Peer {
public:
    explicit Peer(std::function<void(std::span<const u8>)> send) : send_{std::move(send)} {}

    void receive(std::span<const u8> frame);

private:
    void look_at_number(std::span<const u8> frame);
    void obey(std::span<const u8> frame);
    void flood(std::span<const u8> to, const Command& command);
    void misbehave(std::span<const u8> to, u32 times);
    void send(std::span<const u8> frame);

    std::function<void(std::span<const u8>)> send_;
    bool echoes_ = true;
    u32 next_number_ = 0;
    Report counted_{magic, Op::report, 0, 0, 0, 0, 0};
};

// QEMU's stream: each frame behind its length, four bytes, most significant first.
class Unpacker {
public:
    void add(std::span<const u8> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    // The next whole frame.
    std::optional<Bytes> next();

private:
    Bytes bytes_;
    usize at_ = 0;
};
void pack(std::span<const u8> frame, Bytes& into);

}  // namespace peer
