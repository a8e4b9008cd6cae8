// tests/host/libvirtio/net_test.cpp - a network device comes up; frames go out and come in.
#include "net_rig.hpp"

#include <set>

using namespace virtio;
using namespace virtio::net;

TEST_CASE("a network device comes up on both versions", "[libvirtio][net][N1][N2]")
{
    const u32 version = GENERATE(1u, 2u);
    NetRig rig{{}, {.version = version}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.mmio.status() == (version == 1 ? 7u : 15u));
    const Info& info = rig.driver.info();
    CHECK(info.mac == Mac{{0x52, 0x54, 0, 0xaa, 0xbb, 0xcc}});
    CHECK((info.link_up && !info.announce && info.max_pairs == 1 && info.mtu == 1500));
    CHECK(rig.driver.pairs() == 1);
    CHECK_FALSE((rig.driver.has_tx_csum() || rig.driver.has_rx_csum()));
    CHECK(rig.driver.control().set_mac(Mac{{2, 0, 0, 0, 0, 1}}).error() == Errc::not_supported);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("the conservative profile takes address, link and MTU only", "[libvirtio][net][N27]")
{
    NetRig rig{
        {.features = ~u64{0} & ~(u64{1} << 27) & 0xffff'ffff'0fff'ffff & ~(u64{0xff} << 32)}};
    REQUIRE(rig.start({.profile = Profile::conservative}).has_value());
    const Features plain{NetFeature::mac, NetFeature::status, NetFeature::mtu};
    CHECK(rig.driver.accepted().without(ring_features) == (plain | Feature::version_1));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("the profile of whole frames takes all but what cuts and joins them",
          "[libvirtio][net][N27]")
{
    NetRig rig{{.features = 0x00bf'ffff}};
    REQUIRE(rig.start({.profile = Profile::whole_frames}).has_value());
    const Features accepted = rig.driver.accepted();
    CHECK(accepted.has({NetFeature::csum, NetFeature::guest_csum, NetFeature::mrg_rxbuf}));
    CHECK(accepted.has({NetFeature::ctrl_rx, NetFeature::ctrl_vlan, NetFeature::guest_announce}));
    for (const auto feature : {NetFeature::guest_tso4, NetFeature::guest_tso6,
                               NetFeature::guest_ufo, NetFeature::host_tso4, NetFeature::host_tso6,
                               NetFeature::host_ufo, NetFeature::guest_ecn, NetFeature::host_ecn})
        CHECK_FALSE(accepted.has(feature));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a feature without what it needs is not accepted", "[libvirtio][net][hostile][LD15]")
{
    NetRig rig{{.features = bits({NetFeature::mac, NetFeature::host_tso4, NetFeature::guest_tso4,
                                  NetFeature::mq, NetFeature::ctrl_rx})}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.accepted().without(ring_features)
          == Features{NetFeature::mac, Feature::version_1});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a link that goes down and up is seen", "[libvirtio][net][N10][LD27]")
{
    NetRig rig{{}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    for (int i = 0; i < 1000; ++i) {
        rig.hand.config()[6] ^= 1;
        rig.mmio.change_config();
    }
    rig.hand.config()[6] = 0;
    CHECK(rig.device.acknowledge().config_change);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK_FALSE(rig.driver.info().link_up);
    CHECK_FALSE(rig.device.acknowledge().config_change);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("frames come in the buffers that were posted, whole and in order",
          "[libvirtio][net][N4][N11]")
{
    const bool event_idx = GENERATE(true, false);
    NetRig rig{{}, {.version = GENERATE(1u, 2u), .event_idx = event_idx}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 64);
    u32 wrong = 0;
    const u32 rounds = event_idx ? 1100 : 10;  // past the wrap of the index
    for (u32 round = 0; round < rounds; ++round) {
        for (u32 i = 0; i < 64; ++i)
            rig.give(NetRig::rx, rig.wire({}, 60 + i % 7));
        for (u32 i = 0; i < 64; ++i) {
            const Frame frame = got(rig.driver.receive().take()).value();
            wrong += frame.drop == Drop::none && frame.pieces.size() == 1 ? 0 : 1;
            wrong += frame.pieces[0].tag == 100 + i && frame.bytes == 60 + i % 7 ? 0 : 1;
        }
        wrong += rig.driver.receive().take() ? 1 : 0;
        rig.post(0, 64);
    }
    CHECK(wrong == 0);
    rig.give(NetRig::rx, rig.wire({}, 1518));
    const Frame frame = got(rig.driver.receive().take()).value();
    CHECK(frame.pieces[0].offset == rig.header_bytes());
    const Octets wire = rig.wire({}, 1518);
    CHECK(rig.bytes_of(frame) == Octets(wire.begin() + rig.header_bytes(), wire.end()));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a frame over several buffers comes as a list of them", "[libvirtio][net][N23]")
{
    NetRig rig{{.features = bits({NetFeature::mrg_rxbuf})}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 64);
    const Octets wire = rig.wire({.num_buffers = 3}, 5000);
    for (u32 at = 0; at < wire.size(); at += 2048) {
        CHECK_FALSE(rig.driver.receive().take().has_value());  // not before it is complete
        const auto end = std::min<usize>(wire.size(), at + 2048);
        rig.give(NetRig::rx, Octets(wire.begin() + at, wire.begin() + static_cast<long>(end)));
        if (end != wire.size()) {
            CHECK_FALSE(rig.driver.receive().take().has_value());
            rig.driver.receive().repost();  // nothing: its pieces are the caller's to read
        }
    }
    const Frame frame = got(rig.driver.receive().take()).value();
    CHECK((frame.drop == Drop::none && frame.bytes == 5000 && frame.pieces.size() == 3));
    CHECK(rig.bytes_of(frame) == Octets(wire.begin() + 12, wire.end()));
    rig.give(NetRig::rx, rig.wire({.num_buffers = 1}, 60));
    CHECK(got(rig.driver.receive().take()).value().bytes == 60);
    CHECK(rig.driver.receive().posted() == 60);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("frames go out as they are, short ones padded", "[libvirtio][net][N5][N18]")
{
    NetRig rig{{}, {.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start().has_value());
    for (u32 i = 0; i < 2048; ++i)
        rig.part(0).memory[i] = rig.part(1).memory[i] = static_cast<std::byte>(i);
    const u32 length = GENERATE(14u, 59u, 60u, 1514u, 1518u);
    const std::array runs{rig.run(0, 10), rig.run(1, length - 10)};
    for (u32 i = 0; i < 300; ++i) {
        REQUIRE(rig.driver.send(i, runs).has_value());
        (void)rig.driver.kick();
        const Octets sent = got(rig.take(NetRig::tx));
        REQUIRE(sent.size() == rig.header_bytes() + std::max(length, 60u));
        CHECK(std::all_of(sent.begin(), sent.begin() + rig.header_bytes(),
                          [](u8 byte) { return byte == 0; }));
        const auto* frame = sent.data() + rig.header_bytes();
        CHECK((frame[0] == 0 && frame[9] == 9 && frame[10] == 0 && frame[13] == 3));
        CHECK((length >= 60 || sent.back() == 0));
        CHECK(got(rig.driver.transmit().reclaim()).value() == i);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a batch of frames costs one notification and no interrupt", "[libvirtio][net][V19]")
{
    NetRig rig{{}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    const std::array runs{rig.run(0, 100)};
    u64 reclaimed = 0;
    for (u32 round = 0; round < 100; ++round) {
        for (u32 i = 0; i < 32; ++i) {
            auto sent = rig.driver.send(i, runs);
            while (!sent) {  // only for want of room is anything taken back
                REQUIRE(sent.error() == Errc::would_block);
                while (const auto tag = rig.driver.transmit().reclaim())
                    reclaimed += tag->has_value() ? 1 : 0;
                sent = rig.driver.send(i, runs);
            }
        }
        CHECK(rig.driver.kick());
        while (rig.take(NetRig::tx)) {}
    }
    CHECK(rig.mmio.notifies == 100);
    CHECK(rig.mmio.interrupts <= 1);  // the first, which nobody can have asked not to come
    CHECK(reclaimed > 2900);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that is reset gives every buffer and frame back once", "[libvirtio][net][V10]")
{
    NetRig rig{{.features = bits({NetFeature::mrg_rxbuf})}, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.post(0, 8);
    const std::array runs{rig.run(20, 100)};
    REQUIRE(rig.driver.send(1, runs).has_value());
    (void)rig.driver.kick();
    REQUIRE(rig.driver.send(2, runs).has_value());  // never shown
    Octets first = rig.wire({.num_buffers = 2}, 100);
    rig.give(NetRig::rx, first);
    CHECK_FALSE(rig.driver.receive().take().has_value());  // half a frame
    std::multiset<u64> received;
    std::multiset<u64> sent;
    const auto lost = [&](Direction direction, u64 tag) {
        (direction == Direction::received ? received : sent).insert(tag);
    };
    REQUIRE(rig.driver.recover(lost).has_value());
    CHECK(received == std::multiset<u64>{100, 101, 102, 103, 104, 105, 106, 107});
    CHECK(sent == std::multiset<u64>{1, 2});
    REQUIRE(rig.driver.recover(lost).has_value());
    CHECK((received.size() == 8 && sent.size() == 2));
    rig.post(0, 8);
    rig.give(NetRig::rx, rig.wire({.num_buffers = 1}, 60));
    CHECK(got(rig.driver.receive().take()).value().pieces[0].tag == 100);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a speed or duplex that means nothing is unknown", "[libvirtio][net][LD20]")
{
    NetRig rig{{.features = bits({NetFeature::speed_duplex})}};
    REQUIRE(rig.start().has_value());
    CHECK((rig.driver.info().speed == 1000 && rig.driver.info().duplex == Duplex::full));
    rig.hand.config()[15] = GENERATE(as<u8>{}, 0x80, 0xff);
    rig.hand.config()[16] = GENERATE(as<u8>{}, 2, 0xff);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK((rig.driver.info().speed == 0 && rig.driver.info().duplex == Duplex::unknown));
    CHECK(kept_the_rules(rig.world));
}
