// tests/host/libvirtio/net_lies_test.cpp - network devices that lie: dropped and counted, or reset.
#include "net_rig.hpp"

using namespace virtio;
using namespace virtio::net;
using model::Lie;

namespace {

constexpr u64 merging = bits({NetFeature::mrg_rxbuf});
constexpr u64 offloading =
    bits({NetFeature::mrg_rxbuf, NetFeature::guest_csum, NetFeature::guest_tso4, NetFeature::csum,
          NetFeature::host_tso4, NetFeature::host_ecn});

Frame next(NetRig& rig) { return got(rig.driver.receive().take()).value(); }

}  // namespace

TEST_CASE("a frame that is too short is dropped, and its buffer comes back",
          "[libvirtio][net][hostile][LD25][LD4]")
{
    NetRig rig{{.features = GENERATE(u64{0}, merging)}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 4);
    const u32 header = rig.header_bytes();
    u64 tag = 100;
    for (const u32 written : {0u, 1u, header - 1, header, header + 13}) {
        rig.give(NetRig::rx, rig.wire({.num_buffers = 1}, 60), written);
        const Frame frame = next(rig);
        CHECK(frame.drop == Drop::too_short);
        CHECK((frame.pieces.size() == 1 && frame.pieces[0].tag == tag));
        REQUIRE(rig.driver.receive().post(tag, rig.part(0)).has_value());
        (void)rig.driver.kick();
        tag = tag == 103 ? 100 : tag + 1;
    }
    rig.give(NetRig::rx, rig.wire({.num_buffers = 1}, 14));
    CHECK(next(rig).drop == Drop::none);
    CHECK_FALSE(rig.driver.broken());
}

TEST_CASE("num_buffers means nothing when buffers are not merged",
          "[libvirtio][net][hostile][LD25]")
{
    NetRig rig{{.features = 0}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 4);
    const u16 rubbish = GENERATE(as<u16>{}, 0, 2, 0xffff);
    rig.give(NetRig::rx, rig.wire({.num_buffers = rubbish}, 60));
    const Frame frame = next(rig);
    CHECK((frame.drop == Drop::none && frame.pieces.size() == 1));
}

TEST_CASE("num_buffers of merged buffers has to be possible", "[libvirtio][net][hostile][LD25]")
{
    NetRig rig{{.features = merging}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    const u32 posted = 50;
    rig.post(0, posted);
    const u16 claimed = GENERATE(as<u16>{}, 0, max_pieces + 1, 0xffff);
    rig.give(NetRig::rx, rig.wire({.num_buffers = claimed}, 2036));
    CHECK(got(rig.driver.receive().take()).error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK_FALSE(rig.driver.receive().take().has_value());
    rig.give(NetRig::rx, rig.wire({.num_buffers = 1}, 60));
    CHECK_FALSE(rig.driver.arm());  // what came is never taken
    CHECK(rig.driver.receive().post(7, rig.part(0)).error() == Errc::device_fault);
    u32 lost = 0;
    REQUIRE(rig.driver.recover([&](Direction, u64) { ++lost; }).has_value());
    CHECK(lost == posted);
    CHECK_FALSE(rig.driver.broken());
}

TEST_CASE("more buffers than the device has can't be a frame", "[libvirtio][net][hostile][LD25]")
{
    NetRig rig{{.features = merging}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 4);
    const u16 claimed = GENERATE(as<u16>{}, 4, 5);
    rig.give(NetRig::rx, rig.wire({.num_buffers = claimed}, 2036));
    const auto taken = rig.driver.receive().take();
    CHECK(taken.has_value() == (claimed == 5));
    CHECK(rig.driver.broken() == (claimed == 5));
}

TEST_CASE("a frame with a gap is dropped as a whole", "[libvirtio][net][hostile][LD25]")
{
    NetRig rig{{.features = merging}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 8);
    const bool last_is_empty = GENERATE(true, false);
    rig.give(NetRig::rx, rig.wire({.num_buffers = 2}, last_is_empty ? 2036 : 2035));
    rig.give(NetRig::rx, Octets(last_is_empty ? 0 : 100, 1));
    const Frame frame = next(rig);
    CHECK((frame.drop == Drop::incomplete && frame.pieces.size() == 2));
    rig.give(NetRig::rx, rig.wire({.num_buffers = 1}, 100));  // in step again
    CHECK((next(rig).drop == Drop::none && rig.driver.receive().posted() == 5));
}

TEST_CASE("offloads in a header that nobody negotiated drop the frame",
          "[libvirtio][net][hostile][LD26]")
{
    NetRig rig{{.features = 0}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 4);
    const Header header = GENERATE(Header{.flags = HeaderFlags::needs_csum}, Header{.flags = 2},
                                   Header{.flags = 4}, Header{.gso_type = GsoType::tcpv4},
                                   Header{.flags = 1, .gso_type = 0x81, .gso_size = 100},
                                   Header{.gso_type = GsoType::ecn});
    rig.give(NetRig::rx, rig.wire(header, 60));
    CHECK(next(rig).drop == Drop::header);
    rig.give(NetRig::rx, rig.wire({.flags = 0x80, .csum_start = 9}, 60));  // no bit we know
    CHECK(next(rig).drop == Drop::none);
}

TEST_CASE("offloads that were negotiated reach the caller, checked", "[libvirtio][net][N17][N19]")
{
    NetRig rig{{.features = offloading}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    CHECK((rig.driver.has_tx_csum() && rig.driver.has_rx_csum()));
    rig.post(0, 4);
    const Header segments{.flags = HeaderFlags::needs_csum,
                          .gso_type = GsoType::tcpv4,
                          .hdr_len = 54,
                          .gso_size = 1448,
                          .csum_start = 34,
                          .csum_offset = 16,
                          .num_buffers = 1};
    rig.give(NetRig::rx, rig.wire(segments, 1900));
    Frame frame = next(rig);
    CHECK((frame.drop == Drop::none && frame.offload.needs_csum && frame.offload.gso_size == 1448));
    CHECK((frame.offload.csum.start == 34 && frame.offload.csum.offset == 16));
    rig.give(NetRig::rx, rig.wire({.flags = HeaderFlags::data_valid, .num_buffers = 1}, 60));
    frame = next(rig);
    CHECK((frame.drop == Drop::none && frame.offload.data_valid && !frame.offload.needs_csum));
    Header outside = segments;
    outside.csum_offset = 1866;
    rig.give(NetRig::rx, rig.wire(outside, 1900));
    frame = next(rig);
    CHECK((frame.drop == Drop::header && frame.header == HeaderFault::checksum_outside));
}

TEST_CASE("a frame longer than the MTU that was agreed on is dropped",
          "[libvirtio][net][hostile][LD25]")
{
    NetRig rig{{.features = bits({NetFeature::mtu}), .mtu = 1000}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().mtu == 1000);
    rig.post(0, 4);
    rig.give(NetRig::rx, rig.wire({}, 1018));
    CHECK(next(rig).drop == Drop::none);
    rig.give(NetRig::rx, rig.wire({}, 1019));
    CHECK(next(rig).drop == Drop::too_long);
    const std::array runs{rig.run(0, 1019)};
    CHECK(rig.driver.send(1, runs).error() == Errc::too_big);
}

TEST_CASE("a header that changes after it was taken changes nothing",
          "[libvirtio][net][hostile][LD11]")
{
    NetRig rig{{.features = 0}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 1);
    rig.give(NetRig::rx, rig.wire({}, 60));
    const Frame frame = next(rig);
    std::memset(rig.data.memory, 0xff, 64);
    CHECK((frame.drop == Drop::none && !frame.offload.needs_csum && frame.bytes == 60));
}

TEST_CASE("absurd configurations of a network device", "[libvirtio][net][hostile][LD20]")
{
    SECTION("an MTU that no frame fits in")
    {
        NetRig rig{{.features = bits({NetFeature::mtu}), .mtu = GENERATE(as<u16>{}, 0, 67)}};
        CHECK(rig.start().error() == Errc::not_supported);
        CHECK((rig.mmio.status() & 128) != 0);
    }
    SECTION("no pair, or too many")
    {
        NetRig rig{{.features = bits({NetFeature::mq, NetFeature::ctrl_vq})}};
        const u16 pairs = GENERATE(as<u16>{}, 0, 0x8000, 0x8001, 0xffff);
        rig.hand.config()[8] = static_cast<u8>(pairs);
        rig.hand.config()[9] = static_cast<u8>(pairs >> 8);
        CHECK(rig.start().error() == Errc::not_supported);
    }
    SECTION("more pairs than it has queues")
    {
        NetRig rig{{.features = bits({NetFeature::mq, NetFeature::ctrl_vq})}};
        rig.hand.config()[8] = 2;
        CHECK(rig.start({.pairs = 2}).error() == Errc::not_found);
    }
    SECTION("an address that is none")
    {
        NetRig rig;
        rig.hand.config()[0] = 0x53;
        REQUIRE(rig.start().has_value());
        CHECK_FALSE(rig.driver.info().mac.has_value());
    }
    SECTION("a configuration that never rests")
    {
        NetRig rig{{}, {.version = GENERATE(1u, 2u)}};
        rig.world.lies.arm(Lie::generation_never_rests);
        rig.world.lies.arm(Lie::config_never_rests);
        CHECK(rig.start().error() == Errc::device_fault);
    }
}

TEST_CASE("a queue that lies is reset, receiving or sending",
          "[libvirtio][net][hostile][LD1][LD2][LD3][LD5]")
{
    NetRig rig{{}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 4);
    const std::array runs{rig.run(20, 60)};
    REQUIRE(rig.driver.send(1, runs).has_value());
    (void)rig.driver.kick();
    rig.world.lies.arm(
        GENERATE(Lie::id_out_of_range, Lie::used_twice, Lie::length_over_total, Lie::index_jumps),
        300, 1);
    if (GENERATE(true, false)) {
        rig.give(NetRig::rx, rig.wire({}, 60));
        auto taken = got(rig.driver.receive().take());
        if (taken)
            taken = got(rig.driver.receive().take());
        CHECK(taken.error() == Errc::device_fault);
    } else {
        (void)rig.take(NetRig::tx);
        auto taken = rig.driver.transmit().reclaim();
        if (taken->has_value())
            taken = rig.driver.transmit().reclaim();
        CHECK(got(taken).error() == Errc::device_fault);
        CHECK(rig.driver.send(1, runs).error() == Errc::device_fault);
    }
    CHECK(rig.driver.broken());
    REQUIRE(rig.driver.recover([](auto, u64) {}).has_value());
    rig.post(0, 4);
    rig.give(NetRig::rx, rig.wire({}, 60));
    CHECK(next(rig).drop == Drop::none);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("frames that can't be sent are refused, with the reason", "[libvirtio][net][N18][N19]")
{
    NetRig rig{{.features = offloading}};
    const auto send = [&rig](std::vector<Run> runs, Offload offload = {}) {
        const auto sent = rig.driver.send(1, runs, offload);
        return sent ? Errc::ok : sent.error();
    };
    CHECK(send({rig.run(0, 60)}) == Errc::device_fault);
    REQUIRE(rig.start().has_value());
    CHECK(send({}) == Errc::bad_argument);
    CHECK(send({rig.run(0, 13)}) == Errc::bad_argument);
    CHECK(send({rig.run(0, 60), rig.run(1, 0)}) == Errc::bad_argument);
    CHECK(send({rig.run(0, 1519)}) == Errc::too_big);
    CHECK(send({rig.run(0, 0xffff'ffff), rig.run(1, 0xffff'ffff)}) == Errc::too_big);
    CHECK(send(std::vector<Run>(max_frame_runs + 1, rig.run(0, 1))) == Errc::too_big);
    CHECK(send(std::vector<Run>(max_frame_runs, rig.run(0, 1))) == Errc::ok);
    const Offload segments{.needs_csum = true,
                           .gso_type = GsoType::tcpv4,
                           .gso_size = 1448,
                           .header_bytes = 54,
                           .csum = {34, 16}};
    CHECK(send({rig.run(0, 60'000)}, segments) == Errc::ok);
    Offload other = segments;
    other.gso_type = GsoType::tcpv6;
    CHECK(send({rig.run(0, 60'000)}, other) == Errc::not_supported);
    other = segments;
    other.gso_size = 0;
    CHECK(send({rig.run(0, 60'000)}, other) == Errc::bad_argument);
    other = segments;
    other.header_bytes = 61;
    CHECK(send({rig.run(0, 60)}, other) == Errc::bad_argument);
    CHECK(send({rig.run(0, 60)}, {.needs_csum = true, .csum = {34, 25}}) == Errc::bad_argument);
    CHECK(send({rig.run(0, 60)}, {.data_valid = true}) == Errc::bad_argument);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("buffers that can't be posted are refused", "[libvirtio][net][N4]")
{
    NetRig rig{{.features = bits({NetFeature::mtu}), .mtu = 9000}};
    CHECK(rig.driver.receive().post(1, rig.part(0)).error() == Errc::device_fault);
    REQUIRE(rig.start({.receive_size = 4}).has_value());
    CHECK(rig.driver.receive().min_buffer() == 9030);
    CHECK(rig.driver.receive().post(1, rig.part(0, 9029)).error() == Errc::bad_argument);
    CHECK(rig.driver.receive().post(1, rig.part(1, 9030)).error() == Errc::bad_argument);
    for (u32 n = 0; n < 4; ++n)
        REQUIRE(rig.driver.receive().post(n, rig.part(n, 9032)).has_value());
    CHECK(rig.driver.receive().post(4, rig.part(4, 9032)).error() == Errc::would_block);
}

TEST_CASE("a network driver needs memory, a device and queues", "[libvirtio][net]")
{
    NetRig rig;
    CHECK_FALSE(rig.driver.kick());
    CHECK_FALSE(rig.driver.arm());
    SECTION("memory")
    {
        rig.memory.size = Bytes{rig.memory.size.raw() / 4};
        CHECK(rig.start({.pairs = 2}).error() == Errc::no_space);
        CHECK((rig.mmio.status() & 128) != 0);
        CHECK_FALSE(rig.driver.receive().take().has_value());
    }
    SECTION("a device")
    {
        BlkRig disk;
        CHECK(rig.driver.start(disk.device, rig.memory).error() == Errc::wrong_kind);
    }
    SECTION("queues")
    {
        NetRig small{{}, {.queue_max = 2}};
        CHECK(small.start().error() == Errc::not_supported);
    }
}
