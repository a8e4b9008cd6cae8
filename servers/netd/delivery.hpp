// netd/delivery.hpp - frames on their way into the spaces of one client.
#pragma once

#include "admit.hpp"
#include "match.hpp"

#include <optional>
#include <span>

namespace netd {

// A frame that came whole, in one buffer of the server, and of which the device says nothing.
struct Plain {
    KeyBytes head;  // a copy, as far as the frame goes
    Keys keys;      // of it
    const std::byte* bytes;
    u32 length;
};

// Of one session.
struct Counts {
    u64 received_frames = 0;
    u64 received_bytes = 0;
    u64 no_space = 0;
    u64 too_long = 0;
    u64 sent_frames = 0;
    u64 sent_bytes = 0;
    u64 refused_frames = 0;
};

// The head was copied before; the rest is read once, and nothing is decided by it. The client can
// write there meanwhile; it is its own frame. A space has room for a head, of however short a
// frame.
[[gnu::always_inline]] inline void copy_plain(std::byte* into, const Plain& frame)
{
    constexpr usize head_bytes = sizeof(KeyBytes);
    constexpr usize chunk = 32;
    static_assert(head_bytes <= net::least_wire_bytes);
    const usize length = frame.length;
    std::memcpy(into, frame.head.data(), head_bytes);
    if (length >= head_bytes + chunk && length <= head_bytes + 2 * chunk) [[likely]] {
        std::memcpy(into + head_bytes, frame.bytes + head_bytes, chunk);
        std::memcpy(into + length - chunk, frame.bytes + length - chunk, chunk);
    } else if (length > head_bytes) {
        std::memcpy(into + head_bytes, frame.bytes + head_bytes, length - head_bytes);
    }
}

// A session's half of what comes: it is given frames, one after the other.
class Delivery {
public:
    // `bytes`: the client's buffer, as long as its limits say: it has room for a space.
    Delivery(const Consumer<net::Space>& spaces,
             const Producer<net::Received>& received,
             const Limits& limits,
             std::span<std::byte> bytes)
        : spaces_{spaces},
          received_{received},
          limits_{limits},
          last_space_{last_space(limits)},
          bytes_{bytes}
    {
    }

    const Limits& limits() const { return limits_; }
    std::span<std::byte> bytes() const { return bytes_; }
    const Match& match() const { return match_; }
    void set_match(const Match& match) { match_ = match; }
    const Counts& counts() const { return counts_; }
    Counts& counts() { return counts_; }

    bool broken() const { return spaces_.broken() || received_.broken(); }
    // The client's index is looked at, though there may be room: a lie is found at once.
    void look() { (void)received_.room(); }

    // Frames that were wanted so far.
    u64 wanted() const { return counts_.received_frames + counts_.no_space + counts_.too_long; }
    // True: the filter wants it. It is copied into the oldest space then, or counted as lost.
    [[gnu::always_inline]] bool offer(const Plain& frame)
    {
        if (!match_.wants(frame.keys))
            return false;
        if (const auto offset = space(frame.length, 0)) [[likely]]
            copy_plain(bytes_.data() + *offset, frame);  // a whole space lies where one is
        return true;
    }

    // Takes the oldest space, says that a frame is in it, and where it is in the buffer; nothing
    // if there is none for it. `flags`: net::ReceivedFlags.
    [[gnu::always_inline]] std::optional<u32> space(u32 bytes, u32 flags)
    {
        if (bytes > limits_.space_bytes) [[unlikely]]
            return lose(counts_.too_long);
        const auto space = spaces_.pop();
        if (!space) [[unlikely]]
            return lose(counts_.no_space);
        const auto offset = static_cast<u32>(space->offset);
        if (!admit(*space, last_space_)) [[unlikely]] {
            (void)received_.push({offset, 0, net::ReceivedFlags::malformed, 0});
            return lose(counts_.no_space);
        }
        // A client with more spaces than it may have finds no room here.
        if (!received_.push({offset, bytes, flags, missed_})) [[unlikely]]
            return lose(counts_.no_space);
        missed_ = 0;
        ++counts_.received_frames;
        counts_.received_bytes += bytes;
        return offset;
    }

    // Shows the client what it was given. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish()
    {
        spaces_.release();
        return received_.publish();
    }

private:
    std::optional<u32> lose(u64& count)
    {
        ++count;
        ++missed_;
        return std::nullopt;
    }

    Consumer<net::Space> spaces_;
    Producer<net::Received> received_;
    Match match_;
    Limits limits_;
    u32 last_space_;
    std::span<std::byte> bytes_;
    u32 missed_ = 0;
    Counts counts_;
};

}  // namespace netd
