// tests/host/netd/frames_test.cpp - frames between honest clients and an honest device: what goes
// out and what comes in is what was given, counted, and shared.
#include "nic_rig.hpp"

#include <catch2/catch.hpp>

namespace {

std::vector<std::vector<u8>> all_of(net::Interface& nic)
{
    std::vector<std::vector<u8>> got;
    while (auto arrival = nic.receive())
        got.push_back(bytes_of(arrival->frame));
    return got;
}

}  // namespace

TEST_CASE("a frame that is sent is on the wire, byte for byte, padded to what Ethernet asks",
          "[netd][N5][N8][N18]")
{
    const u32 version = GENERATE(1u, 2u);
    NicRig rig{{}, {.version = version}};
    {
        net::Interface nic;
        REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
        net::Blocking blocking{nic};
        for (const usize bytes : {14u, 15u, 59u, 60u, 61u, 64u, 1500u, 1513u, 1514u, 1518u}) {
            const auto frame = frame_to(everybody, bytes, static_cast<u32>(bytes));
            const auto wanted =
                std::vector<u8>{frame.begin(), frame.begin() + static_cast<i64>(bytes)};
            REQUIRE(blocking.send(view(wanted)).has_value());
            REQUIRE(blocking.flush().has_value());
            REQUIRE(rig.device_model.sent.size() == 1);
            auto out = rig.device_model.sent.front().bytes;
            rig.device_model.sent.pop_front();
            CHECK(out.size() == std::max<usize>(bytes, 60));
            out.resize(bytes);
            CHECK(out == wanted);
        }
        CHECK(blocking.send(view(frame_to(everybody, 1519))).error() == Errc::too_big);
        CHECK(nic.stats()->sent_frames == 10);
        CHECK(nic.session_stats()->sent_frames == 10);
    }
    CHECK(rig.at_rest());
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a frame that comes is received, byte for byte", "[netd][N6][N12][N23]")
{
    const bool packed = GENERATE(false, true);
    NicRig rig{{}, {.packed = packed}};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    net::Blocking blocking{nic};
    for (u32 n = 0; n < 400; ++n) {
        const auto frame = frame_to(rig_mac, 14 + n * 4 % 1505, n);
        rig.arrive({frame});
        auto got = blocking.receive();
        REQUIRE(got.has_value());
        CHECK(bytes_of(got->frame) == frame);
        CHECK(got->missed == 0);
    }
    CHECK(nic.stats()->received_frames == 400);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("many frames at a time go out and come in as one by one, as far as there are places",
          "[netd][N5][N6]")
{
    const bool packed = GENERATE(false, true);
    NicRig rig{{}, {.packed = packed}};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0", {.receive_frames = 16, .send_frames = 16})
                .has_value());
    rig.settle();
    std::vector<std::vector<u8>> sent;
    const auto write = [&](std::span<std::byte> place) {
        const auto frame = frame_to(everybody, 60 + sent.size(), static_cast<u32>(sent.size()));
        std::memcpy(place.data(), frame.data(), frame.size());
        sent.push_back(frame);
        return frame.size();
    };
    for (u32 round = 0; round < 40; ++round) {
        sent.clear();
        CHECK(nic.send_each(20, write) == 16);
        CHECK(nic.send_each(1, write) == 0);
        nic.kick();
        rig.settle();
        REQUIRE(rig.device_model.sent.size() == 16);
        for (u32 n = 0; n < 16; ++n)
            CHECK(rig.device_model.sent[n].bytes == sent[n]);
        rig.device_model.sent.clear();

        rig.arrive(sent);
        std::vector<std::vector<u8>> got;
        const auto look = [&](const net::Glimpse& frame) {
            const auto* at = reinterpret_cast<const u8*>(frame.bytes.data());
            got.emplace_back(at, at + frame.bytes.size());
        };
        CHECK(nic.receive_each(5, look) == 5);
        CHECK(nic.receive_each(100, look) == 11);
        CHECK(nic.receive_each(100, look) == 0);
        CHECK(got == sent);
        nic.kick();
        rig.settle();
    }
    CHECK(nic.send_each(3, [](std::span<std::byte>) { return 13u; }) == 0);
    CHECK(nic.send_each(3, [](std::span<std::byte> place) { return place.size() + 1; }) == 0);
    CHECK(nic.sending() == 0);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("frames that are out come back together without an interrupt, or when somebody waits",
          "[netd][N5][N7]")
{
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0", {.receive_frames = 16, .send_frames = 16})
                .has_value());
    const auto send = [&] {
        CHECK(nic.send_each(1, [](std::span<std::byte>) { return 64u; }) == 1);
        nic.kick();
        rig.settle();
    };
    const auto look = [&] {
        CHECK(nic.wait(abi::Ticks{1}).error() == Errc::timed_out);
        return nic.sending();
    };
    send();
    REQUIRE(net::Blocking{nic}.flush().has_value());
    const u64 interrupts = nic.stats()->interrupts;
    for (u32 n = 1; n < 8; ++n) {
        send();
        CHECK(look() == n);
    }
    send();
    CHECK(look() <= 1);
    send();
    CHECK(nic.stats()->interrupts == interrupts);
    REQUIRE(nic.wait_sent().has_value());
    CHECK(nic.sending() == 0);
    CHECK(rig.device_model.sent.size() == 10);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("every client gets the frames that its filter wants, and no other", "[netd][N24][N22]")
{
    NicRig rig{{}, {}, true};
    const net::Mac group{0x33, 0x33, 0, 0, 0, 1};
    const auto open = [&](net::Interface& nic, net::Filter filter) {
        REQUIRE(nic.open(rig.bench.startup(), "nic0", {.filter = filter}).has_value());
    };
    using Flags = net::FilterFlags;
    net::Interface usual;
    open(usual, net::own_and_broadcast);
    net::Interface arp;
    open(
        arp,
        {.address = {}, .ether_type = 0x0806, .vlan = 0, .flags = Flags::broadcast, .reserved = 0});
    net::Interface listener;
    open(listener, {.address = group, .ether_type = 0, .vlan = 0, .flags = 0, .reserved = 0});
    net::Interface groups;
    open(groups,
         {.address = {}, .ether_type = 0, .vlan = 0, .flags = Flags::multicast, .reserved = 0});
    net::Interface tagged;
    open(tagged, {.address = {}, .ether_type = 0, .vlan = 7, .flags = Flags::own, .reserved = 0});
    net::Interface sniffer;
    open(sniffer,
         {.address = {}, .ether_type = 0, .vlan = 0, .flags = Flags::promiscuous, .reserved = 0});
    rig.settle();
    CHECK(rig.device_model.filters.modes[0]);

    const net::Mac stranger{2, 0, 0, 0, 0, 1};
    const auto own = frame_to(rig_mac, 64, 1);
    const auto broadcast = frame_to(everybody, 64, 2);
    const auto arp_request = frame_to(everybody, 64, 3, 0x0806);
    const auto to_group = frame_to(group, 64, 4);
    const auto to_other_group = frame_to({0x33, 0x33, 0, 0, 0, 2}, 64, 5);
    const auto of_vlan = frame_to(rig_mac, 64, 6, 0x88b5, 7);
    const auto of_other_vlan = frame_to(rig_mac, 64, 7, 0x88b5, 8);
    const auto not_for_us = frame_to(stranger, 64, 8);
    rig.arrive({own, broadcast, arp_request, to_group, to_other_group, of_vlan, of_other_vlan,
                not_for_us});
    using Frames = std::vector<std::vector<u8>>;
    CHECK(all_of(usual) == Frames{own, broadcast, arp_request});
    CHECK(all_of(arp) == Frames{arp_request});
    CHECK(all_of(listener) == Frames{to_group});
    CHECK(all_of(groups) == Frames{to_group, to_other_group});
    CHECK(all_of(tagged) == Frames{of_vlan});
    CHECK(all_of(sniffer)
          == Frames{own, broadcast, arp_request, to_group, to_other_group, of_vlan, of_other_vlan,
                    not_for_us});
    CHECK(usual.stats()->unwanted == 0);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("the device is told what all filters want, and forgets what nobody wants any more",
          "[netd][N21][N22]")
{
    NicRig rig;
    auto& told = rig.device_model.filters;
    const net::Mac group{0x33, 0x33, 0, 0, 0, 1};
    const net::Mac second{2, 0, 0, 0, 0, 2};
    {
        net::Interface nic;
        REQUIRE(nic.open(rig.bench.startup(), "nic0",
                         {.filter = {.address = group,
                                     .ether_type = 0,
                                     .vlan = 5,
                                     .flags = 1,
                                     .reserved = 0}})
                    .has_value());
        net::Interface other;
        REQUIRE(other
                    .open(rig.bench.startup(), "nic0",
                          {.filter = {.address = second,
                                      .ether_type = 0,
                                      .vlan = 6,
                                      .flags = 4,
                                      .reserved = 0}})
                    .has_value());
        rig.settle();
        CHECK(told.modes == std::array{false, true, false, false, false, false});
        CHECK(told.multicast == std::set<model::Mac>{group});
        CHECK(told.unicast == std::set<model::Mac>{second});
        CHECK(told.vlans == std::set<u16>{5, 6});
        CHECK((nic.ask()->flags & proto::net::InfoFlags::settled) != 0);
        REQUIRE(nic.set_filter(net::own_and_broadcast).has_value());
        rig.settle();
        CHECK(told.vlans == std::set<u16>{0, 6});
        CHECK(told.multicast.empty());
    }
    rig.settle();
    CHECK(told.vlans.empty());
    CHECK(told.unicast.empty());
    CHECK(told.modes == std::array{false, false, false, false, false, false});
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a client without spaces loses its own frames only, and is told how many", "[netd][N6]")
{
    NicRig rig;
    net::Interface slow;
    REQUIRE(slow.open(rig.bench.startup(), "nic0", {.receive_frames = 4, .send_frames = 4})
                .has_value());
    net::Interface quick;
    REQUIRE(quick.open(rig.bench.startup(), "nic0").has_value());
    rig.settle();
    u32 got = 0;
    for (u32 n = 0; n < 100; ++n) {
        rig.arrive({frame_to(everybody, 64, n)});
        got += static_cast<u32>(all_of(quick).size());
    }
    CHECK(got == 100);
    CHECK(slow.session_stats()->no_space == 96);
    CHECK(quick.session_stats()->no_space == 0);
    for (u32 n = 0; n < 4; ++n)
        CHECK(slow.receive()->missed == 0);
    slow.kick();
    rig.arrive({frame_to(everybody, 64, 100)});
    const auto late = slow.receive();
    REQUIRE(late);
    CHECK(late->missed == 96);
    CHECK(bytes_of(late->frame) == frame_to(everybody, 64, 100));
    rig.arrive({frame_to(everybody, 64, 101)});
    CHECK(slow.receive()->missed == 0);
}

TEST_CASE("a frame longer than a client's spaces is lost for it, and counted", "[netd]")
{
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0", {.frame_bytes = 512}).has_value());
    rig.settle();
    rig.arrive({frame_to(rig_mac, 513), frame_to(rig_mac, 512)});
    CHECK(all_of(nic).size() == 1);
    CHECK(nic.session_stats()->too_long == 1);
}

TEST_CASE("checksums are made by the device if it can, and else by the server, to the same bytes",
          "[netd][N14][N15][N16]")
{
    const bool device_makes_them = GENERATE(false, true);
    NicRig rig{{.features = 0xbf'8024 | (device_makes_them ? model::Net::csum : 0)}};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    CHECK(((nic.info().flags & proto::net::InfoFlags::send_checksum) != 0) == device_makes_them);
    for (const usize bytes : {60u, 61u, 1514u}) {
        auto bytes_in = frame_to(everybody, bytes, 7);
        auto frame = nic.frame();
        REQUIRE(frame);
        frame->resize(bytes);
        std::memcpy(frame->bytes().data(), bytes_in.data(), bytes);
        REQUIRE(nic.send(std::move(*frame), 34, 16).has_value());
        REQUIRE(net::Blocking{nic}.flush().has_value());
        const auto on_wire = rig.device_model.sent.back().on_wire();
        CHECK(rig.device_model.sent.back().header.flags == (device_makes_them ? 1 : 0));
        REQUIRE(virtio::net::complete(std::as_writable_bytes(std::span{bytes_in}), {34, 16})
                    .has_value());
        CHECK(on_wire == bytes_in);
    }
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a checksum that the device left open is made before a client sees the frame",
          "[netd][N17]")
{
    NicRig rig{{.features = 0xbf'8024 | model::Net::guest_csum}};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    rig.settle();
    auto bytes = frame_to(rig_mac, 201);
    REQUIRE(rig.device_model.receive({bytes, {.flags = 1, .csum_start = 34, .csum_offset = 6}}));
    REQUIRE(rig.device_model.receive({bytes, {.flags = 2}}));
    rig.mmio.poll();
    rig.settle();
    const auto completed = nic.receive();
    const auto checked = nic.receive();
    REQUIRE(completed);
    REQUIRE(checked);
    CHECK(checked->checksum_good);
    CHECK(bytes_of(checked->frame) == bytes);
    REQUIRE(virtio::net::complete(std::as_writable_bytes(std::span{bytes}), {34, 6}).has_value());
    CHECK(bytes_of(completed->frame) == bytes);
}

TEST_CASE("clients hear of the link, and nothing is sent while it is down", "[netd][N10]")
{
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    CHECK(nic.link_up());
    rig.device_model.set_link(false);
    rig.mmio.change_config();
    REQUIRE(nic.wait().has_value());
    CHECK_FALSE(nic.link_up());
    net::Blocking blocking{nic};
    REQUIRE(blocking.send(view(frame_to(everybody))).has_value());
    REQUIRE(blocking.flush().has_value());
    CHECK(nic.refused() == 1);
    CHECK(rig.device_model.sent.empty());
    rig.device_model.set_link(true);
    rig.mmio.change_config();
    REQUIRE(nic.wait().has_value());
    CHECK(nic.link_up());
    REQUIRE(blocking.send(view(frame_to(everybody))).has_value());
    REQUIRE(blocking.flush().has_value());
    CHECK(rig.device_model.sent.size() == 1);
}

TEST_CASE("a program that sends without end leaves the other its share of the device", "[netd]")
{
    const bool packed = GENERATE(false, true);
    NicRig rig{{}, {.packed = packed}};
    rig.device_model.hold = true;
    net::Interface greedy;
    REQUIRE(greedy.open(rig.bench.startup(), "nic0", {.send_frames = 256}).has_value());
    net::Interface modest;
    REQUIRE(modest.open(rig.bench.startup(), "nic0").has_value());
    const auto send = [](net::Interface& nic, u32 count) {
        for (u32 n = 0; n < count; ++n) {
            auto frame = nic.frame();
            REQUIRE(frame);
            frame->resize(64);
            REQUIRE(nic.send(std::move(*frame)).has_value());
        }
        nic.kick();
    };
    send(greedy, 200);
    rig.settle();
    CHECK(rig.device_model.held() == NicRig::Nic::most_sends / 2);
    send(modest, 3);
    rig.settle();
    CHECK(rig.device_model.held() == NicRig::Nic::most_sends / 2 + 3);
    while (rig.device_model.held() != 0) {
        rig.mmio.act([&](model::Queue& queue) { rig.device_model.finish(queue, 0); }, 1);
        rig.settle();
    }
    CHECK(greedy.session_stats()->sent_frames == 200);
    REQUIRE(net::Blocking{greedy}.flush().has_value());
    CHECK(greedy.sending() == 0);
}

TEST_CASE("a device that takes few frames is never full of ones that are out", "[netd][N5]")
{
    NicRig rig{{}, {.queue_max = 16}};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0", {.send_frames = 64}).has_value());
    for (u32 n = 0; n < 40; ++n) {
        CHECK(nic.send_each(1, [](std::span<std::byte>) { return 64u; }) == 1);
        nic.kick();
        rig.settle();
        CHECK(rig.device_model.sent.size() == n + 1);
    }
}

TEST_CASE("a frame that found the device full goes once it is seen that others are out",
          "[netd][N5]")
{
    NicRig rig{{}, {.queue_max = 16}};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0", {.send_frames = 64}).has_value());
    const auto send = [&](u32 count) {
        CHECK(nic.send_each(count, [](std::span<std::byte>) { return 64u; }) == count);
        nic.kick();
        rig.settle();
    };
    send(1);
    REQUIRE(net::Blocking{nic}.flush().has_value());
    send(7);
    REQUIRE(rig.device_model.sent.size() == 8);
    rig.device_model.hold = true;
    send(10);
    CHECK(rig.device_model.held() == 10);
}

TEST_CASE("a buffer in single pages sends the same bytes as one in one piece", "[netd]")
{
    NicRig rig;
    rig.bench.scattered = true;
    rig.bench.no_contiguous = true;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0",
                     {.receive_frames = 8, .send_frames = 8, .frame_bytes = 1536})
                .has_value());
    net::Blocking blocking{nic};
    for (u32 n = 0; n < 20; ++n) {
        const auto frame = frame_to(everybody, 1500, n);
        REQUIRE(blocking.send(view(frame)).has_value());
        REQUIRE(blocking.flush().has_value());
        CHECK(rig.device_model.sent.back().bytes == frame);
    }
    CHECK(rig.world.complaints.empty());
}
