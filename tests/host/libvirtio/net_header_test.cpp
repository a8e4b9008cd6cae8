// tests/host/libvirtio/net_header_test.cpp - headers of frames: made as the specification says, and
// refused when they say what was not negotiated.
#include <cstring>

#include <catch2/catch.hpp>
#include <virtio/net_config.hpp>

using namespace virtio;
using namespace virtio::net;

namespace {

constexpr Features tso = Features{NetFeature::csum, NetFeature::host_tso4, NetFeature::guest_csum,
                                  NetFeature::guest_tso6, NetFeature::guest_ecn};
constexpr Offload segmented{.needs_csum = true,
                            .gso_type = GsoType::tcpv4,
                            .gso_size = 1448,
                            .header_bytes = 54,
                            .csum = {34, 16}};

}  // namespace

TEST_CASE("a header has 12 bytes unless version 1 has no merged buffers", "[libvirtio][net][N8]")
{
    CHECK(header_bytes({}) == 10);
    CHECK(header_bytes(NetFeature::mrg_rxbuf) == 12);
    CHECK(header_bytes(Feature::version_1) == 12);
    CHECK(header_bytes({Feature::version_1, NetFeature::mrg_rxbuf}) == 12);
}

TEST_CASE("a header's fields are where the specification has them", "[libvirtio][net][N17]")
{
    const Header header = encode(segmented);
    std::array<u8, 12> wire{};
    std::memcpy(wire.data(), &header, sizeof header);
    CHECK(wire == std::array<u8, 12>{1, 1, 54, 0, 0xa8, 0x05, 34, 0, 16, 0, 0, 0});
    CHECK(encode({}).flags == 0);
    const Offload again = decode(header, 9000);
    CHECK((again.needs_csum && again.gso_type == GsoType::tcpv4 && again.gso_size == 1448));
    CHECK((again.header_bytes == 54 && again.csum.start == 34 && again.csum.offset == 16));
}

TEST_CASE("what a header says without saying so is not read", "[libvirtio][net][hostile][LD26]")
{
    const Offload offload = decode({.flags = 0x80,
                                    .gso_type = 0,
                                    .hdr_len = 9999,
                                    .gso_size = 9999,
                                    .csum_start = 9999,
                                    .csum_offset = 9999,
                                    .num_buffers = 9999},
                                   100);
    CHECK_FALSE((offload.needs_csum || offload.data_valid));
    CHECK((offload.csum.start == 0 && offload.csum.offset == 0));
    CHECK((offload.gso_size == 0 && offload.header_bytes == 0));
    CHECK(check(offload, 100, {}, true) == HeaderFault::none);
    Header huge = encode(segmented);
    huge.hdr_len = 0xffff;  // a hint, cut to the frame
    CHECK(decode(huge, 100).header_bytes == 100);
}

TEST_CASE("fields that were not negotiated are faults", "[libvirtio][net][hostile][LD26]")
{
    using enum HeaderFault;
    CHECK(check({.needs_csum = true, .csum = {14, 0}}, 60, {}, true) == checksum_not_negotiated);
    CHECK(check({.data_valid = true}, 60, {}, true) == checksum_not_negotiated);
    CHECK(check({.data_valid = true}, 60, tso, true) == none);
    CHECK(check({.gso_type = GsoType::tcpv6}, 60, {}, true) == gso_not_negotiated);
    CHECK(check(segmented, 9000, tso, false) == none);
    CHECK(check(segmented, 9000, tso, true) == gso_not_negotiated);  // guest has tso6 only
    for (const u8 type : {u8{2}, GsoType::udp, GsoType::tcpv6, GsoType::udp_l4, u8{0x40}, u8{0x80},
                          u8{0x83}, u8{0x81}, u8{0xff}}) {
        Offload other = segmented;
        other.gso_type = type;
        CHECK(check(other, 9000, tso, false) == gso_not_negotiated);
    }
    Offload congested = segmented;
    congested.gso_type = GsoType::tcpv6 | GsoType::ecn;
    CHECK(check(congested, 9000, tso, true) == none);
    const Offload coalesced = decode({.flags = HeaderFlags::rsc_info | HeaderFlags::needs_csum,
                                      .gso_type = 0,
                                      .hdr_len = 0,
                                      .gso_size = 0,
                                      .csum_start = 34,
                                      .csum_offset = 16,
                                      .num_buffers = 1},
                                     100);
    CHECK(check(coalesced, 100, tso, true) == checksum_outside);
}

TEST_CASE("datagrams have no ECN, segments of TCP may", "[libvirtio][net][hostile][LD26][N19]")
{
    const bool received = GENERATE(false, true);
    const Features all{NetFeature::guest_ecn, NetFeature::host_ecn,   NetFeature::guest_ufo,
                       NetFeature::host_ufo,  NetFeature::guest_tso4, NetFeature::host_tso4};
    CHECK_FALSE(gso_accepted(GsoType::udp | GsoType::ecn, all, received));
    CHECK(gso_accepted(GsoType::udp, all, received));
    CHECK(gso_accepted(GsoType::tcpv4 | GsoType::ecn, all, received));
}

TEST_CASE("a checksum has to be inside the frame, behind its link header",
          "[libvirtio][net][hostile][LD26]")
{
    using enum HeaderFault;
    const auto at = [](u16 start, u16 offset) {
        return check({.needs_csum = true, .csum = {start, offset}}, 60, tso, true);
    };
    CHECK(at(14, 44) == none);
    CHECK(at(14, 45) == checksum_outside);
    CHECK(at(58, 0) == none);
    CHECK(at(59, 0) == checksum_outside);
    CHECK(at(13, 0) == checksum_outside);
    CHECK(at(0xffff, 0xffff) == checksum_outside);
}

TEST_CASE("segments need a size and a checksum", "[libvirtio][net][hostile][LD26][N19]")
{
    Offload offload = segmented;
    offload.gso_size = 0;
    CHECK(check(offload, 9000, tso, false) == HeaderFault::gso_malformed);
    offload = segmented;
    offload.needs_csum = false;
    CHECK(check(offload, 9000, tso, false) == HeaderFault::gso_malformed);
}

TEST_CASE("features without what they need are left out", "[libvirtio][net][LD15][N3]")
{
    using enum NetFeature;
    CHECK(closed({}) == Features{});
    CHECK(closed({csum, host_tso4, host_ecn, mac}) == Features{csum, host_tso4, host_ecn, mac});
    CHECK(closed({host_tso4, host_ecn, mac}) == Features{mac});
    CHECK(closed({csum, host_ecn}) == Features{csum});
    CHECK(closed({guest_csum, guest_tso4, guest_ecn}) == Features{guest_csum});
    CHECK(closed({guest_csum, mrg_rxbuf, guest_tso4, guest_ecn})
          == Features{guest_csum, mrg_rxbuf, guest_tso4, guest_ecn});
    CHECK(closed({ctrl_rx, ctrl_vlan, mq, ctrl_mac_addr, guest_announce, status})
          == Features{status});
    CHECK(closed({ctrl_vq, guest_announce}) == Features{ctrl_vq});
    const Features everything = Features::of_mask(~u64{0});
    CHECK(closed(everything) == everything);
}

TEST_CASE("a random address is a local one of one card", "[libvirtio][net][N2]")
{
    CHECK(Mac::local({0xff, 1, 2, 3, 4, 5}) == Mac{{0xfe, 1, 2, 3, 4, 5}});
    CHECK(Mac::local({0, 0, 0, 0, 0, 0}).valid());
    CHECK_FALSE(Mac{}.valid());
    CHECK_FALSE(Mac{{1, 0, 0, 0, 0, 0}}.valid());
    CHECK(Mac{{0x52, 0x54, 0, 0xaa, 0xbb, 0xcc}}.valid());
}
