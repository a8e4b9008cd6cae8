// tests/host/libvirtio/net_checksum_test.cpp - the checksum in software gives the bytes that
// hardware would.
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <virtio/net_checksum.hpp>

using namespace virtio::net;

namespace {

using Octets = std::vector<u8>;

std::span<const std::byte> bytes(const Octets& octets) { return std::as_bytes(std::span{octets}); }

// As RFC 1071 says it, one 16-bit number after the other.
u16 slowly(const Octets& octets)
{
    u32 sum = 0;
    for (usize i = 0; i < octets.size(); i += 2) {
        sum += octets[i] * 256u + (i + 1 < octets.size() ? octets[i + 1] : 0u);
        sum = sum % 65536 + sum / 65536;
    }
    return static_cast<u16>(~sum);
}

Octets rubbish(usize count, u32 seed)
{
    Octets octets;
    for (usize i = 0; i < count; ++i)
        octets.push_back(static_cast<u8>((seed = seed * 1664525 + 1013904223) >> 24));
    return octets;
}

}  // namespace

TEST_CASE("checksums are those of known packets", "[libvirtio][net][N16]")
{
    // RFC 1071, 3: the sum of these is 0xddf2.
    CHECK(checksum(bytes({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7})) == 0x220d);
    // An IPv4 header whose checksum field is zero; the right one is 0xb861.
    CHECK(checksum(bytes({0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                          0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7}))
          == 0xb861);
    // The same with its checksum in place.
    CHECK(checksum(bytes({0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                          0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7}))
          == 0);
    CHECK(checksum({}) == 0xffff);
    CHECK(checksum(bytes({0xab})) == 0x54ff);  // one byte counts as the upper one
    CHECK(checksum(bytes({0xff, 0xff})) == 0);
    CHECK(checksum(bytes(Octets(65535, 0xff))) == 0x00ff);
}

TEST_CASE("checksums of all lengths and cuts are the same", "[libvirtio][net][N14]")
{
    u32 wrong = 0;
    for (u32 length = 0; length < 200; ++length) {
        const Octets octets = rubbish(length, length);
        wrong += checksum(bytes(octets)) == slowly(octets) ? 0 : 1;
        for (u32 first = 0; first <= length; ++first) {
            ChecksumSum sum;
            const u32 second = (length - first) / 3;
            sum.add(bytes(octets).first(first));
            sum.add(bytes(octets).subspan(first, second));
            sum.add(bytes(octets).subspan(first + second));
            wrong += sum.finish() == slowly(octets) ? 0 : 1;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("a frame is completed at its place, whatever its length", "[libvirtio][net][N14][N16]")
{
    // UDP from 192.168.0.1:4660 to 192.168.0.199:22136. The field holds the sum of the pseudo
    // header, as it does for a device; the results are of another program.
    struct Golden {
        Octets payload;
        u8 length;
        u8 pseudo;
        u16 sum;
    };
    const auto golden = GENERATE(Golden{{'a', 'b', 'c'}, 11, 0x35, 0x50b0},
                                 Golden{{'a', 'b', 'c', 'd'}, 12, 0x36, 0x504a});
    Octets frame(34, 0xee);
    const Octets udp{0x12, 0x34, 0x56, 0x78, 0x00, golden.length, 0x82, golden.pseudo};
    frame.insert(frame.end(), udp.begin(), udp.end());
    frame.insert(frame.end(), golden.payload.begin(), golden.payload.end());
    Octets expected = frame;
    expected[40] = static_cast<u8>(golden.sum >> 8);
    expected[41] = static_cast<u8>(golden.sum);
    REQUIRE(complete(std::as_writable_bytes(std::span{frame}), {34, 6}).has_value());
    CHECK(frame == expected);
}

TEST_CASE("a sum of zero is stored as its other zero", "[libvirtio][net][N14]")
{
    Octets frame(16, 0xff);
    REQUIRE(complete(std::as_writable_bytes(std::span{frame}), {14, 0}).has_value());
    CHECK((frame[14] == 0xff && frame[15] == 0xff));
}

TEST_CASE("a checksum outside the frame is not written", "[libvirtio][net][hostile][LD26]")
{
    Octets frame(64, 0);
    const auto place =
        GENERATE(ChecksumPlace{62, 1}, ChecksumPlace{63, 0}, ChecksumPlace{64, 0},
                 ChecksumPlace{0xffff, 0xffff}, ChecksumPlace{0, 63}, ChecksumPlace{1, 0xffff});
    CHECK(complete(std::as_writable_bytes(std::span{frame}), place).error() == Errc::out_of_range);
    CHECK(frame == Octets(64, 0));
    CHECK(complete(std::as_writable_bytes(std::span{frame}), {62, 0}).has_value());
}
