// tests/host/libvirtio/net_control_test.cpp - commands go over the control queue as the
// specification says, and are as true as the device's answer.
#include "net_rig.hpp"

using namespace virtio;
using namespace virtio::net;

namespace {

constexpr u64 everything =
    bits({NetFeature::mac, NetFeature::status, NetFeature::ctrl_vq, NetFeature::ctrl_rx,
          NetFeature::ctrl_rx_extra, NetFeature::ctrl_vlan, NetFeature::ctrl_mac_addr,
          NetFeature::guest_announce, NetFeature::mq, NetFeature::ctrl_guest_offloads,
          NetFeature::guest_csum});
constexpr u16 control_queue = 4;  // behind two pairs

struct ControlRig : NetRig {
    explicit ControlRig(model::MmioOptions options = {})
        : NetRig{{.features = everything, .max_pairs = 2}, options}
    {
        REQUIRE(start({.pairs = 2}).has_value());
    }
    Control& control() { return driver.control(); }
    // What the device got of the command; it answers with the byte.
    Octets got_command(u8 ack = 0)
    {
        (void)driver.kick();
        return got(take(control_queue, {ack}));
    }
    bool succeeded(u8 ack = 0)
    {
        (void)got_command(ack);
        return got(control().take()).value().ok;
    }
};

const Mac one{{2, 0, 0, 0, 0, 1}};
const Mac two{{2, 0, 0, 0, 0, 2}};
const Mac group{{0x33, 0x33, 0, 0, 0, 1}};

}  // namespace

TEST_CASE("each command has the bytes of the specification", "[libvirtio][net][N21][N22]")
{
    ControlRig rig{{.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    const auto check = [&rig](Result<> sent, Octets expected, Command command) {
        REQUIRE(sent.has_value());
        CHECK(rig.got_command() == expected);
        const auto done = got(rig.control().take()).value();
        CHECK((done.command == command && done.ok));
    };
    Control& control = rig.control();
    check(control.receive_mode(Command::promisc, true), {0, 0, 1}, Command::promisc);
    check(control.receive_mode(Command::allmulti, false), {0, 1, 0}, Command::allmulti);
    check(control.receive_mode(Command::nobcast, true), {0, 5, 1}, Command::nobcast);
    check(control.set_mac(one), {1, 1, 2, 0, 0, 0, 0, 1}, Command::mac_addr_set);
    check(
        control.set_mac_table(std::array{one, two}, std::array{group}),
        {1, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1},
        Command::mac_table_set);
    check(control.set_mac_table({}, {}), {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Command::mac_table_set);
    check(control.vlan(0x123, true), {2, 0, 0x23, 1}, Command::vlan_add);
    check(control.vlan(4095, false), {2, 1, 0xff, 0x0f}, Command::vlan_del);
    check(control.announced(), {3, 0}, Command::announce_ack);
    check(control.use_pairs(2), {4, 0, 2, 0}, Command::vq_pairs_set);
    check(control.set_guest_offloads(NetFeature::guest_csum), {5, 0, 2, 0, 0, 0, 0, 0, 0, 0},
          Command::guest_offloads_set);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("what can't be commanded is refused before the device sees it", "[libvirtio][net][N21]")
{
    ControlRig rig;
    Control& control = rig.control();
    CHECK(control.receive_mode(Command::mac_table_set, true).error() == Errc::bad_argument);
    CHECK(control.set_mac(group).error() == Errc::bad_argument);
    CHECK(control.set_mac(Mac{}).error() == Errc::bad_argument);
    CHECK(control.set_mac_table(std::array{group}, {}).error() == Errc::bad_argument);
    CHECK(control.set_mac_table({}, std::array{one}).error() == Errc::bad_argument);
    const std::vector<Mac> many(max_table_macs, one);
    CHECK(control.set_mac_table(many, std::array{group}).error() == Errc::too_big);
    CHECK(control.vlan(4096, true).error() == Errc::out_of_range);
    CHECK(control.use_pairs(0).error() == Errc::out_of_range);
    CHECK(control.use_pairs(3).error() == Errc::out_of_range);
    CHECK(control.set_guest_offloads(NetFeature::guest_tso4).error() == Errc::bad_argument);
    CHECK(control.set_guest_offloads(NetFeature::mac).error() == Errc::bad_argument);
    CHECK_FALSE(rig.driver.kick());
    REQUIRE(control.set_mac_table(many, {}).has_value());
    CHECK(control.announced().error() == Errc::would_block);
    CHECK(rig.got_command().size() == 2 + 4 + 64 * 6 + 4);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("without a control queue there are no commands", "[libvirtio][net][N15]")
{
    NetRig rig;
    CHECK(rig.driver.control().announced().error() == Errc::not_supported);
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.control().receive_mode(Command::promisc, true).error() == Errc::not_supported);
    CHECK(rig.driver.control().use_pairs(1).error() == Errc::not_supported);
    CHECK_FALSE(rig.driver.control().take().has_value());
}

TEST_CASE("only an acknowledged command is true", "[libvirtio][net][hostile][LD10]")
{
    ControlRig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.control().vlan(7, true).has_value());
    CHECK(rig.succeeded(0));
    REQUIRE(rig.control().vlan(7, true).has_value());
    CHECK_FALSE(rig.succeeded(GENERATE(u8{1}, u8{2}, u8{0xff})));
    REQUIRE(rig.control().vlan(7, true).has_value());
    (void)rig.driver.kick();
    (void)rig.take(control_queue, {});  // the ack is not written
    CHECK_FALSE(got(rig.control().take()).value().ok);
}

TEST_CASE("a second pair is used once the device has said so", "[libvirtio][net][N20]")
{
    ControlRig rig{{.version = GENERATE(1u, 2u)}};
    const std::array runs{rig.run(0, 60)};
    CHECK(rig.driver.pairs() == 2);
    CHECK(rig.driver.send(1, runs, {}, 1).error() == Errc::out_of_range);
    REQUIRE(rig.control().use_pairs(2).has_value());
    CHECK(rig.driver.send(1, runs, {}, 1).error() == Errc::out_of_range);
    CHECK(rig.succeeded(0));
    REQUIRE(rig.driver.send(1, runs, {}, 1).has_value());
    REQUIRE(rig.driver.receive(1).post(100, rig.part(0)).has_value());
    CHECK(rig.driver.kick());
    CHECK(got(rig.take(3)).size() == rig.header_bytes() + 60);
    CHECK(got(rig.driver.transmit(1).reclaim()).value() == 1);
    rig.give(2, rig.wire({.num_buffers = 1}, 99));
    CHECK(got(rig.driver.receive(1).take()).value().bytes == 99);
    REQUIRE(rig.control().use_pairs(1).has_value());  // from now on, whatever the answer is
    CHECK(rig.driver.send(1, runs, {}, 1).error() == Errc::out_of_range);
    CHECK_FALSE(rig.succeeded(1));
    CHECK(rig.driver.send(1, runs, {}, 1).error() == Errc::out_of_range);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that lies about a command is reset, and has one pair again",
          "[libvirtio][net][hostile][LD1][LD2][LD3]")
{
    ControlRig rig;
    REQUIRE(rig.control().use_pairs(2).has_value());
    REQUIRE(rig.succeeded(0));
    REQUIRE(rig.control().announced().has_value());
    rig.world.lies.arm(GENERATE(model::Lie::id_out_of_range, model::Lie::id_not_given,
                                model::Lie::length_over_total),
                       9, 1);
    (void)rig.got_command();
    CHECK(got(rig.control().take()).error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK(rig.control().announced().error() != Errc::ok);
    REQUIRE(rig.driver.recover([](auto, u64) {}).has_value());
    CHECK((!rig.control().busy() && rig.control().pairs() == 1));
    REQUIRE(rig.control().announced().has_value());
    CHECK(rig.succeeded(0));
}

TEST_CASE("a command is given only with the features that allow it", "[libvirtio][net][N21]")
{
    using enum NetFeature;
    struct Case {
        NetFeature needed;
        Result<> (*give)(Control&);
    };
    const auto [needed, give] = GENERATE(
        Case{ctrl_rx, [](Control& c) { return c.receive_mode(Command::promisc, true); }},
        Case{ctrl_rx, [](Control& c) { return c.receive_mode(Command::allmulti, true); }},
        Case{ctrl_rx_extra, [](Control& c) { return c.receive_mode(Command::alluni, true); }},
        Case{ctrl_rx_extra, [](Control& c) { return c.receive_mode(Command::nobcast, true); }},
        Case{ctrl_rx, [](Control& c) { return c.set_mac(one); }},
        Case{ctrl_mac_addr, [](Control& c) { return c.set_mac(one); }},
        Case{ctrl_rx, [](Control& c) { return c.set_mac_table({}, {}); }},
        Case{ctrl_vlan, [](Control& c) { return c.vlan(1, true); }},
        Case{guest_announce, [](Control& c) { return c.announced(); }},
        Case{mq, [](Control& c) { return c.use_pairs(1); }},
        Case{ctrl_guest_offloads, [](Control& c) { return c.set_guest_offloads({}); }});
    NetRig without{{.features = everything & ~bits({needed}), .max_pairs = 2}};
    REQUIRE(without.start().has_value());
    CHECK(give(without.driver.control()).error() == Errc::not_supported);
    NetRig with{{.features = everything, .max_pairs = 2}};
    REQUIRE(with.start().has_value());
    CHECK(give(with.driver.control()).has_value());
}
