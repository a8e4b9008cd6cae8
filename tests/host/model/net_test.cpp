// tests/host/model/net_test.cpp - the network device, driven by hand.
#include "hand.hpp"

#include <model/net.hpp>
#include <model/payload.hpp>

namespace {

using model::Frame;
using model::Lie;
using model::Mac;
using model::NetHeader;

constexpr u64 bit(unsigned n) { return u64{1} << n; }
constexpr u64 mrg_rxbuf = bit(15);
constexpr u64 link_status = bit(16);
constexpr u64 ctrl_vq = bit(17);
constexpr u64 ctrl_rx = bit(18);
constexpr u64 ctrl_vlan = bit(19);

struct NetHand {
    explicit NetHand(u64 features, bool packed = false, model::NetOptions options = {})
        : net{world, options}, hand{world, net, {.packed = packed}}
    {
        hand.start(features | (packed ? ring_packed : 0),
                   std::vector<HandQueue::Options>(net.queues()));
    }

    void send(const NetHeader& header, const std::vector<u8>& bytes)
    {
        Fields all;
        all.put(header);
        for (const u8 byte : bytes)
            all.put(byte);
        (void)hand.send(1, {hand.reads(all)});
    }
    // The ack of a control command.
    u8 command(const std::vector<u8>& bytes, u16 queue = 2)
    {
        const auto ack = hand.writes(1);
        (void)hand.send(queue, {hand.reads(bytes), ack});
        REQUIRE(hand.take(queue).has_value());
        return hand.value<u8>(ack);
    }
    bool arrives(std::vector<u8> frame) { return net.receive({std::move(frame)}); }

    model::World world;
    model::Net net;
    Hand hand;
};

std::vector<u8> frame_to(const Mac& to, usize bytes = 60)
{
    std::vector<u8> frame(bytes, 0x5a);
    std::ranges::copy(to, frame.begin());
    return frame;
}

constexpr Mac everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr Mac a_group{0x33, 0x33, 0, 0, 0, 1};
constexpr Mac somebody{0x02, 0, 0, 0, 0, 9};

}  // namespace

TEST_CASE("the configuration of a network device says MAC, link, pairs and MTU", "[model][N2]")
{
    NetHand rig{link_status, false, {.features = 0xbf'8024 | 8, .max_pairs = 3, .mtu = 9000}};
    auto& mmio = rig.hand.mmio;
    for (u32 i = 0; i < 6; ++i)
        CHECK(mmio.read8(0x100 + i) == rig.net.mac()[i]);
    CHECK(mmio.read16(0x106) == 1);
    CHECK(mmio.read16(0x108) == 3);
    CHECK(mmio.read16(0x10a) == 9000);
    CHECK(kept_the_rules(rig.world));
    rig.net.set_link(false);
    CHECK(mmio.read32(0x060) == 2);
    CHECK(mmio.read32(0x0fc) == 1);
    CHECK(mmio.read16(0x106) == 0);
    CHECK(kept_the_rules(rig.world));
    (void)mmio.read32(0x106);
    CHECK(complained(rig.world, "another width"));
    mmio.write16(0x106, 1);
    CHECK(complained(rig.world, "read-only"));
}

TEST_CASE("a frame for transmission comes out without its header", "[model][N5]")
{
    NetHand rig{0, GENERATE(false, true)};
    const auto bytes = frame_to(everybody);
    rig.send({}, bytes);
    CHECK(rig.hand.take(1).value().len == 0);
    REQUIRE(rig.net.sent.size() == 1);
    CHECK(rig.net.sent[0].bytes == bytes);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("frames may be kept, and end in any order", "[model][N5]")
{
    NetHand rig{0, GENERATE(false, true)};
    rig.net.hold = true;
    for (int i = 0; i < 3; ++i)
        rig.send({}, frame_to(everybody));
    CHECK(rig.net.held() == 3);
    CHECK_FALSE(rig.hand.take(1).has_value());
    rig.hand.mmio.act([&](auto& queue) { rig.net.finish(queue, 2); }, 1);
    CHECK(rig.hand.take(1).value().id == 2);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a frame arrives in one buffer, and its header counts one", "[model][N4]")
{
    NetHand rig{0, GENERATE(false, true)};
    const auto buffer = rig.hand.writes(1526);
    const u16 id = rig.hand.send(0, {buffer});
    REQUIRE(rig.arrives(frame_to(somebody)));
    rig.hand.mmio.poll();
    CHECK(rig.hand.take(0) == Used{id, 72});
    CHECK(rig.hand.value<NetHeader>(buffer) == NetHeader{.num_buffers = 1});
    CHECK(rig.hand.value<Mac>(buffer, 12) == somebody);
    CHECK(rig.hand.mmio.interrupt());
    REQUIRE(rig.arrives(frame_to(somebody)));
    rig.hand.mmio.poll();
    CHECK(rig.net.waiting() == 1);
    (void)rig.hand.send(0, {rig.hand.writes(64)});
    CHECK(rig.net.dropped == 1);  // 72 bytes don't fit, and the buffer waits for a shorter one
    REQUIRE(rig.arrives(frame_to(somebody, 40)));
    rig.hand.mmio.poll();
    CHECK(rig.hand.take(0).value().len == 52);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a long frame takes as many mergeable buffers as it needs", "[model][N23]")
{
    NetHand rig{mrg_rxbuf, GENERATE(false, true)};
    REQUIRE(rig.arrives(frame_to(somebody, 3000)));
    const auto first = rig.hand.writes(1024);
    (void)rig.hand.send(0, {first});
    (void)rig.hand.send(0, {rig.hand.writes(1024)});
    CHECK_FALSE(rig.hand.take(0).has_value());
    (void)rig.hand.send(0, {rig.hand.writes(1024)});
    CHECK(rig.hand.take(0).value().len == 1024);
    CHECK(rig.hand.take(0).value().len == 1024);
    CHECK(rig.hand.take(0).value().len == 3012 - 2048);
    CHECK(rig.hand.value<u16>(first, 10) == 3);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("version 1 has headers of 10 bytes until buffers are mergeable", "[model][N8]")
{
    model::World world;
    model::Net net{world};
    const bool merge = GENERATE(true, false);
    net.accepted(merge ? mrg_rxbuf : 0);
    model::SplitQueue queue{world};
    HandQueue driver{world, {}};
    queue.start(driver.setup());
    const auto buffer = driver.memory(100);
    (void)driver.offer({{buffer.address, 100, true}});
    REQUIRE(net.receive({frame_to(somebody)}));
    net.work(0, queue);
    CHECK(driver.take().value().len == (merge ? 72 : 70));
}

TEST_CASE("headers for transmission are checked", "[model][N17]")
{
    const bool offers = GENERATE(false, true);
    NetHand rig{offers ? bit(0) | bit(11) | bit(3) : 0,
                false,
                {.features = 0xbf'8024 | bit(0) | bit(11) | bit(3)}};
    const auto frame = frame_to(everybody);
    rig.send({.flags = 1, .csum_start = 34, .csum_offset = 6}, frame);
    CHECK((offers ? kept_the_rules(rig.world) : complained(rig.world, "not negotiated")));
    rig.send({.num_buffers = 1}, frame);
    CHECK(complained(rig.world, "num_buffers"));
    (void)rig.hand.take(1);
    (void)rig.hand.take(1);
    if (!offers)
        return;
    rig.send({.flags = 1, .csum_start = 34, .csum_offset = 25}, frame);
    CHECK(complained(rig.world, "beyond the frame"));
    rig.send({.flags = 1, .gso_type = 1, .gso_size = 1000, .csum_start = 34, .csum_offset = 16},
             frame_to(everybody, 4000));
    CHECK(kept_the_rules(rig.world));
    rig.send({.flags = 1, .gso_type = 4, .gso_size = 1000, .csum_start = 34, .csum_offset = 16},
             frame);
    CHECK(complained(rig.world, "segmentation that was not negotiated"));
    rig.send({}, frame_to(everybody, 1519));
    CHECK(complained(rig.world, "longer than the MTU"));
    (void)rig.hand.send(1, {rig.hand.reads({1, 2, 3})});
    CHECK(complained(rig.world, "without room"));
}

TEST_CASE("each kind of segmentation needs its own feature", "[model][N17]")
{
    struct Kind {
        u8 type;
        u64 features;
    };
    const auto [type, features] = GENERATE(Kind{1, bit(11)}, Kind{4, bit(12)}, Kind{3, bit(14)},
                                           Kind{0x81, bit(11) | bit(13)});
    const u64 missing = GENERATE(bit(11), bit(12), bit(13), bit(14));
    const u64 all = bit(0) | bit(11) | bit(12) | bit(13) | bit(14);
    NetHand rig{all & ~missing, false, {.features = 0xbf'8024 | all}};
    rig.send({.flags = 1, .gso_type = type, .gso_size = 1000, .csum_start = 34, .csum_offset = 16},
             frame_to(everybody, 4000));
    CHECK(((features & missing) != 0 ? complained(rig.world, "segmentation that was not negotiated")
                                     : kept_the_rules(rig.world)));
}

TEST_CASE("the checksum that a header asks for is on the wire", "[model][N14]")
{
    // RFC 1071, 3: the sum of these words is ddf2.
    Frame frame{{0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7, 0, 0}};
    frame.header = {.flags = 1, .csum_start = 0, .csum_offset = 8};
    CHECK(frame.on_wire()[8] == 0x22);
    CHECK(frame.on_wire()[9] == 0x0d);
}

TEST_CASE("control commands set filters, and nothing else arrives", "[model][N21]")
{
    NetHand rig{ctrl_vq | ctrl_rx | bit(20) | bit(23), GENERATE(false, true)};
    CHECK(rig.arrives(frame_to(somebody)));
    CHECK(rig.command({0, 0, 0}) == 0);  // not promiscuous
    CHECK_FALSE(rig.arrives(frame_to(somebody)));
    CHECK_FALSE(rig.arrives(frame_to(a_group)));
    CHECK(rig.arrives(frame_to(everybody)));
    CHECK(rig.arrives(frame_to(rig.net.mac())));
    CHECK(rig.command({1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 9, 1, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1})
          == 0);
    CHECK(rig.arrives(frame_to(somebody)));
    CHECK(rig.arrives(frame_to(a_group)));
    CHECK(rig.command({1, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == 0);
    CHECK_FALSE(rig.arrives(frame_to(a_group)));
    CHECK(rig.command({0, 1, 1}) == 0);  // all groups
    CHECK(rig.arrives(frame_to(a_group)));
    CHECK(rig.command({0, 5, 1}) == 0);  // no broadcast
    CHECK_FALSE(rig.arrives(frame_to(everybody)));
    CHECK(rig.command({1, 1, 2, 0, 0, 0, 0, 9}) == 0);
    CHECK(rig.net.mac() == somebody);
    CHECK(rig.arrives(frame_to(somebody)));
    CHECK(rig.command({0, 0}) == 1);
    CHECK(rig.command({0, 0, 2}) == 1);
    CHECK(rig.command({1, 0, 9, 0, 0, 0}) == 1);
    CHECK(kept_the_rules(rig.world));
    CHECK(rig.command({2, 0, 7, 0}) == 1);
    CHECK(complained(rig.world, "not negotiated"));
}

TEST_CASE("tagged frames pass if the driver added their VLAN", "[model][N22]")
{
    NetHand rig{ctrl_vq | ctrl_vlan};
    auto frame = frame_to(everybody);
    frame[12] = 0x81;
    frame[13] = 0;
    frame[14] = 0x20;
    frame[15] = 7;
    CHECK_FALSE(rig.arrives(frame));
    CHECK(rig.command({2, 0, 7, 0}) == 0);
    CHECK(rig.arrives(frame));
    CHECK(rig.command({2, 1, 7, 0}) == 0);
    CHECK_FALSE(rig.arrives(frame));
    CHECK(rig.command({2, 0, 0, 0x10}) == 1);
}

TEST_CASE("pairs of queues are used once the driver says so", "[model][N20]")
{
    NetHand rig{ctrl_vq | bit(22),
                GENERATE(false, true),
                {.features = 0xbf'8024 | bit(22), .max_pairs = 2}};
    (void)rig.hand.send(2, {rig.hand.writes(1526)});
    REQUIRE(rig.net.receive({frame_to(everybody)}, 1));
    CHECK(rig.net.waiting(0) == 1);
    CHECK(rig.command({4, 0, 3, 0}, 4) == 1);
    CHECK(rig.command({4, 0, 2, 0}, 4) == 0);
    REQUIRE(rig.net.receive({frame_to(everybody)}, 1));
    rig.hand.mmio.poll();
    CHECK(rig.hand.take(2).has_value());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("an announcement is asked for until it is acknowledged", "[model][N21]")
{
    NetHand rig{ctrl_vq | bit(21) | link_status};
    rig.net.announce();
    CHECK(rig.hand.mmio.read16(0x106) == 3);
    CHECK(rig.command({3, 0}) == 0);
    CHECK(rig.hand.mmio.read16(0x106) == 1);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("features that need another one are not accepted alone", "[model][N3]")
{
    const u64 alone = GENERATE(u64{ctrl_rx}, bit(14));
    NetHand rig{alone, false, {.features = 0xbf'8024 | alone}};
    CHECK(complained(rig.world, "without the one that it needs"));
}

TEST_CASE("a network device lies about what it received", "[model][LD25][LD26][X9]")
{
    NetHand rig{mrg_rxbuf, GENERATE(false, true)};
    const auto buffer = rig.hand.writes(1526);
    (void)rig.hand.send(0, {buffer});
    REQUIRE(rig.arrives(frame_to(somebody)));
    auto& lies = rig.world.lies;
    u32 length = 72;
    NetHeader header{.num_buffers = 1};
    SECTION("a frame shorter than its addresses")
    {
        lies.arm(Lie::frame_short, 13);
        length = 25;
    }
    SECTION("a frame longer than the buffer")
    {
        lies.arm(Lie::frame_long, 1);
        length = 1527;
    }
    SECTION("a number of buffers")
    {
        lies.arm(Lie::num_buffers, 0xffff);
        header.num_buffers = 0xffff;
    }
    SECTION("flags and segmentation")
    {
        lies.arm(Lie::header_bits, 0x0301);
        header.flags = 1;
        header.gso_type = 3;
    }
    rig.hand.mmio.poll();
    CHECK(rig.hand.take(0).value().len == length);
    CHECK(rig.hand.value<NetHeader>(buffer) == header);
}

TEST_CASE("a link flaps as often as one likes", "[model][LD27][X9]")
{
    NetHand rig{link_status};
    rig.world.lies.arm(Lie::link_flaps, 0, 3);
    for (const u32 up : {0u, 1u, 0u, 0u}) {
        (void)rig.hand.send(1, {rig.hand.reads(std::vector<u8>(100))});
        CHECK(rig.hand.mmio.read16(0x106) == up);
    }
}
