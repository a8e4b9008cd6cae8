// virtio/net_checksum.hpp - the internet checksum (RFC 1071) in software, for when a device does
// not compute it. Gives the bytes that a device would.
#pragma once

#include <cstddef>
#include <span>

#include <base/types.hpp>

namespace virtio::net {

// The ones' complement sum of bytes that come in pieces of any length, odd ones too.
class ChecksumSum {
public:
    constexpr void add(std::span<const std::byte> bytes)
    {
        if (odd_ && !bytes.empty()) {
            sum_ += std::to_integer<u64>(bytes.front());
            bytes = bytes.subspan(1);
            odd_ = false;
        }
        while (bytes.size() >= 4) {
            sum_ += u64{pair(bytes, 0)} + pair(bytes, 2);
            bytes = bytes.subspan(4);
        }
        if (bytes.size() >= 2) {
            sum_ += pair(bytes, 0);
            bytes = bytes.subspan(2);
        }
        if (!bytes.empty()) {
            sum_ += std::to_integer<u64>(bytes.front()) << 8;
            odd_ = true;
        }
    }

    // The checksum as it goes into a header, most significant byte first.
    constexpr u16 finish() const
    {
        u64 sum = sum_;
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<u16>(~sum);
    }

private:
    static constexpr u32 pair(std::span<const std::byte> bytes, usize at)
    {
        return std::to_integer<u32>(bytes[at]) << 8 | std::to_integer<u32>(bytes[at + 1]);
    }

    u64 sum_ = 0;       // of 16-bit numbers; does not overflow before 2^49 bytes
    bool odd_ = false;  // the next byte is the lower half of a number
};

constexpr u16 checksum(std::span<const std::byte> bytes)
{
    ChecksumSum sum;
    sum.add(bytes);
    return sum.finish();
}

// Where a checksum covers and goes: from `start` to the end of the frame, stored `offset` bytes
// behind `start`. The field holds the sum of the pseudo header before.
struct ChecksumPlace {
    u16 start;
    u16 offset;

    constexpr bool inside(u64 frame_bytes) const { return u64{start} + offset + 2 <= frame_bytes; }
};

// Completes a frame as a device with CSUM would. Zero is stored as 0xffff, the other zero of ones'
// complement, since UDP takes zero for "none" (RFC 768) and TCP takes both. Errors: out_of_range
// (the place is not inside the frame).
constexpr Result<> complete(std::span<std::byte> frame, ChecksumPlace place)
{
    if (!place.inside(frame.size()))
        return fail(Errc::out_of_range);
    u16 sum = checksum(frame.subspan(place.start));
    sum = sum == 0 ? u16{0xffff} : sum;
    frame[usize{place.start} + place.offset] = static_cast<std::byte>(sum >> 8);
    frame[usize{place.start} + place.offset + 1] = static_cast<std::byte>(sum);
    return {};
}

}  // namespace virtio::net
