// tests/host/libvirtio/net_model_test.cpp - the network driver and its model: what goes over the
// wire.
#include "model_rigs.hpp"

using namespace virtio;
using namespace virtio::net;
using model::Lie;

namespace {

constexpr u64 offloads = model::NetOptions{}.features | model::Net::csum | model::Net::guest_csum
                         | 1u << 7 | 1u << 11;  // TSO for IPv4, both ways

// A TCP segment in IPv4 whose checksum holds the sum of the pseudo header only.
std::vector<u8> segment(u32 payload)
{
    auto frame = NetModelRig::some_frame(54 + payload, payload);
    frame[50] = 0x12;
    frame[51] = 0x34;
    return frame;
}
constexpr Offload tcp{.needs_csum = true, .csum = {34, 16}};

}  // namespace

TEST_CASE("frames of every length go both ways on every ring", "[libvirtio][net][V7][V12]")
{
    NetModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    u32 wrong = 0;
    for (u32 i = 0; i < 400; ++i)
        wrong += rig.exchange() ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("hardware and software complete a frame to the same bytes", "[libvirtio][net][N14][N16]")
{
    NetModelRig rig{each_ring(), {.features = offloads}};
    REQUIRE(rig.start().has_value());
    for (const u32 payload : {6u, 7u, 100u, 1001u, 1460u}) {
        auto frame = segment(payload);
        REQUIRE(rig.send(frame, tcp));
        (void)rig.driver.kick();
        REQUIRE(rig.thing.sent.size() == 1);
        REQUIRE(complete(std::as_writable_bytes(std::span{frame}), tcp.csum).has_value());
        CHECK(rig.thing.sent[0].on_wire() == frame);
        rig.thing.sent.clear();
        rig.reclaim();
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a whole frame goes out as it is, whatever went out in its place before",
          "[libvirtio][net][N18]")
{
    NetModelRig rig{each_ring(), {.features = offloads}};
    REQUIRE(rig.start().has_value());
    for (u32 i = 0; i < 600; ++i) {
        const bool with_checksum = i % 3 == 2;  // a whole one follows
        auto frame =
            with_checksum ? segment(i) : NetModelRig::some_frame(i % 7 == 0 ? 20 : 60 + i, i);
        REQUIRE((with_checksum ? rig.send(frame, tcp)
                 : i % 3 == 1  ? rig.send(frame)
                               : rig.send_whole(frame)));
        (void)rig.driver.kick();
        REQUIRE(rig.thing.sent.size() == 1);
        if (with_checksum)
            (void)complete(std::as_writable_bytes(std::span{frame}), tcp.csum);
        frame.resize(std::max<usize>(frame.size(), 60));
        REQUIRE(rig.thing.sent[0].on_wire() == frame);
        rig.thing.sent.clear();
        rig.reclaim();
    }
    CHECK(rig.driver.transmit().in_flight() == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a frame that came without its checksum is completed to what was sent",
          "[libvirtio][net][N17]")
{
    NetModelRig rig{each_ring(), {.features = offloads}};
    REQUIRE(rig.start().has_value());
    rig.post();
    const model::Frame sent{segment(333), {.flags = 1, .csum_start = 34, .csum_offset = 16}};
    rig.thing.receive(sent);
    rig.mmio.poll();
    auto frame = rig.take();
    REQUIRE(frame == sent.bytes);
    REQUIRE(rig.last.offload.needs_csum);
    REQUIRE(complete(std::as_writable_bytes(std::span{frame}), rig.last.offload.csum).has_value());
    CHECK(frame == sent.on_wire());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("frames of up to 64 KiB are put together from their buffers", "[libvirtio][net][N23]")
{
    NetModelRig rig{each_ring(), {.features = offloads}};
    REQUIRE(rig.start().has_value());
    for (const u32 bytes : {60u, 2036u, 2037u, 4084u, 4085u, 9014u, 60'000u, 65'000u}) {
        rig.post();
        const auto frame = NetModelRig::some_frame(bytes, bytes);
        rig.thing.receive({frame});
        rig.mmio.poll();
        CHECK(rig.take() == frame);
        CHECK(rig.last.pieces.size() == (bytes + 12 + 2047) / 2048);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("segments to be cut go out as one frame", "[libvirtio][net][N19]")
{
    NetModelRig rig{each_ring(), {.features = offloads}};
    REQUIRE(rig.start().has_value());
    Offload offload = tcp;
    offload.gso_type = GsoType::tcpv4;
    offload.gso_size = 1448;
    offload.header_bytes = 54;
    const auto frame = segment(8000);
    REQUIRE(rig.send(frame, offload));
    (void)rig.driver.kick();
    REQUIRE(rig.thing.sent.size() == 1);
    CHECK(rig.thing.sent[0].bytes == frame);
    CHECK(rig.thing.sent[0].header == model::NetHeader{1, 1, 54, 1448, 34, 16, 0});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("filters do at the device what was commanded", "[libvirtio][net][N21][N22]")
{
    NetModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    Control& control = rig.driver.control();
    const auto obeyed = [&](Result<> sent) {
        REQUIRE(sent.has_value());
        (void)rig.driver.kick();
        return got(control.take()).value().ok;
    };
    CHECK(obeyed(control.receive_mode(Command::promisc, false)));
    CHECK(obeyed(control.receive_mode(Command::nobcast, true)));
    CHECK((!rig.thing.filters.modes[0] && rig.thing.filters.modes[5]));
    const Mac other{{2, 0, 0, 0, 0, 9}};
    const Mac group{{1, 0, 0x5e, 0, 0, 1}};
    CHECK(obeyed(control.set_mac_table(std::array{other}, std::array{group})));
    CHECK(rig.thing.filters.unicast == std::set<model::Mac>{other.bytes});
    CHECK(rig.thing.filters.multicast == std::set<model::Mac>{group.bytes});
    CHECK(obeyed(control.vlan(7, true)));
    CHECK(obeyed(control.vlan(8, true)));
    CHECK(obeyed(control.vlan(7, false)));
    CHECK(rig.thing.filters.vlans == std::set<u16>{8});
    CHECK(obeyed(control.set_mac(other)));
    REQUIRE(rig.driver.refresh().has_value());
    CHECK(rig.driver.info().mac == other);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that asks for an announcement is told that it was made",
          "[libvirtio][net][N21]")
{
    NetModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    (void)rig.device.acknowledge();
    rig.thing.announce();
    CHECK(rig.device.acknowledge().config_change);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK(rig.driver.info().announce);
    REQUIRE(rig.driver.control().announced().has_value());
    (void)rig.driver.kick();
    CHECK(got(rig.driver.control().take()).value().ok);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK((!rig.driver.info().announce && rig.driver.info().link_up));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a link that flaps under load disturbs no frame", "[libvirtio][net][hostile][LD27]")
{
    NetModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::link_flaps);
    u32 wrong = 0;
    for (u32 i = 0; i < 100; ++i) {
        wrong += rig.exchange() ? 0 : 1;
        if (rig.device.acknowledge().config_change)
            wrong += rig.driver.refresh() ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("lies about frames drop them or end in a reset", "[libvirtio][net][hostile][LD25][LD26]")
{
    struct Told {
        Lie lie;
        u64 value;
        Drop drop;  // none: the queue is broken
    };
    const auto told = GENERATE(
        Told{Lie::frame_short, 0, Drop::too_short}, Told{Lie::frame_short, 13, Drop::too_short},
        Told{Lie::frame_long, 1, Drop::none}, Told{Lie::num_buffers, 0, Drop::none},
        Told{Lie::num_buffers, 0xffff, Drop::none}, Told{Lie::header_bits, 0x0001, Drop::header},
        Told{Lie::header_bits, 0x0100, Drop::header}, Told{Lie::header_bits, 0x8301, Drop::header});
    NetModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    rig.post();
    rig.world.lies.arm(told.lie, told.value, 1);
    rig.thing.receive({NetModelRig::some_frame(100, 1)});
    rig.mmio.poll();
    CHECK(rig.take().empty());
    CHECK(rig.driver.broken() == (told.drop == Drop::none));
    CHECK(rig.last.drop == told.drop);
    REQUIRE((!rig.driver.broken() || rig.recover().has_value()));
    CHECK(rig.exchange());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("two pairs of queues carry traffic once both sides agreed", "[libvirtio][net][N20]")
{
    using Driver = net::Driver<model::Mmio, 64, 2>;
    model::World world;
    model::Net card{world,
                    {.features = model::NetOptions{}.features | model::Net::mq, .max_pairs = 3}};
    model::Mmio mmio{card, world, each_ring()};
    auto device = Device<model::Mmio>::probe(mmio).value();
    const Options options{.receive_size = 64, .transmit_size = 64, .pairs = 2};
    const auto memory = dma(world.memory.allocate(Driver::memory_bytes(options).raw()));
    const auto data = dma(world.memory.allocate(4096));
    Driver driver;
    REQUIRE(driver.start(device, memory, options).has_value());
    REQUIRE(driver.control().use_pairs(2).has_value());
    (void)driver.kick();
    REQUIRE(got(driver.control().take()).value().ok);
    CHECK(card.pairs == 2);
    const Run run{data.address, 60};
    REQUIRE(driver.send(1, {&run, 1}, {}, 1).has_value());
    REQUIRE(driver.receive(1)
                .post(2, {data.memory + 2048, data.address + Bytes{2048}, Bytes{2048}})
                .has_value());
    CHECK(driver.kick());
    CHECK(mmio.notifies_of(3) == 1);
    CHECK(card.sent.size() == 1);
    CHECK(got(driver.transmit(1).reclaim()).value() == 1);
    card.receive({NetModelRig::some_frame(99, 1)}, 1);
    mmio.poll();
    CHECK(got(driver.receive(1).take()).value().bytes == 99);
    CHECK(kept_the_rules(world));
}
