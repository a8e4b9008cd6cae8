// tests/host/consoled/virtio_test.cpp - the console service over libvirtio's driver and the model
// of a device.
#include "program.hpp"
#include "server.hpp"
#include "virtio_line.hpp"

#include <model/console.hpp>
#include <model/mmio.hpp>

namespace {

using model::Lie;

struct Rig {
    using Line = consoled::VirtioLine<model::Mmio>;
    using Server = consoled::Server<Line>;

    explicit Rig(model::ConsoleOptions options = {}, model::MmioOptions registers = {})
        : thing{world, std::move(options)}, mmio{thing, world, registers}
    {
        start();
        bench.offer(
            "con0",
            [this](const sys::Incoming& in) {
                return sys::dispatch(protocol::Protocol{}, *server, in);
            },
            [this](u64 badge) { server->forget(badge); });
        bench.pump = [this] { return pump(); };
        bench.receives = [this] { return bench.served; };
    }

    void start()
    {
        const auto region = world.memory.allocate(Line::memory_bytes().raw());
        line.emplace();
        REQUIRE(line->start(device, virtio::DmaRegion{region.memory, DeviceAddr{region.address},
                                                      Bytes{region.bytes}})
                    .has_value());
        server.emplace(*line);
        server->begin();
    }
    // False: nobody has anything to do.
    bool pump()
    {
        if (!bench.served) {
            start();
            bench.gain_server();
            return true;
        }
        mmio.poll();
        if (takes_output)
            mmio.run(1);
        if (!mmio.interrupt() && server->next_deadline() != abi::Ticks{0})
            return false;
        const auto bit = mmio.interrupt() ? abi::Bits::at(consoled::interrupt_bit) : abi::Bits{};
        state = server->step(bit);
        return state.has_value();
    }
    void settle()
    {
        for (int i = 0; i < 1000 && pump(); ++i) {}
    }
    void type(const std::string& text)
    {
        thing.type(text);
        settle();
    }
    protocol::Info::Reply info()
    {
        sys::Caller nobody{0, {}, 0};
        return server->on(protocol::Info::Request{}, nobody).value();
    }

    model::World world;
    model::Console thing;
    model::Mmio mmio;
    virtio::Device<model::Mmio> device{virtio::Device<model::Mmio>::probe(mmio).value()};
    bench::Bench bench{world.memory};
    std::optional<Line> line;
    std::optional<Server> server;
    Result<> state;
    bool takes_output = false;  // when everybody else waits
    bool never = false;
};

bool kept_the_rules(const model::World& world)
{
    for (const auto& complaint : world.complaints.list())
        UNSCOPED_INFO(complaint);
    return world.complaints.empty();
}

model::MmioOptions each_device()
{
    return GENERATE(model::MmioOptions{.version = 1}, model::MmioOptions{.event_idx = false},
                    model::MmioOptions{}, model::MmioOptions{.packed = true});
}

}  // namespace

TEST_CASE("what is written arrives at the device, what is typed at the reader",
          "[consoled][virtio][O1][O2]")
{
    Rig rig{{.multiport = GENERATE(true, false)}, each_device()};
    rig.settle();
    Program program{rig};
    const std::string text = long_text(100'000);
    REQUIRE(program.terminal.write(text).has_value());
    CHECK(rig.thing.output[0] == text);
    rig.type(text);
    std::string all;
    while (all.size() < text.size()) {
        const auto part = program.read();
        REQUIRE_FALSE(part.empty());
        all += part;
        rig.settle();
    }
    CHECK(all == text);
    const auto info = rig.info();
    CHECK((info.back_end == protocol::BackEnd::virtio && info.resets == 0));
    CHECK((info.written == text.size() && info.received == text.size()));
    CHECK(info.flags == protocol::InfoFlags::connected);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a write is one notification, however long it is", "[consoled][virtio][O3]")
{
    Rig rig{{.multiport = GENERATE(true, false)}, each_device()};
    rig.settle();
    Program program{rig};
    for (const usize size : {1u, 14u, protocol::max_bytes}) {
        const u64 before = rig.mmio.notifies;
        CHECK(program.terminal.try_write(long_text(size)).value() == size);
        CHECK(rig.mmio.notifies == before + 1);
    }
    CHECK(rig.info().notifies == 3);
}

TEST_CASE("a console's size and who is there are told, and told again when they change",
          "[consoled][virtio][O5]")
{
    const bool several = GENERATE(true, false);
    Rig rig{{.multiport = several}, each_device()};
    rig.settle();
    Program program{rig};
    CHECK((rig.info().columns == 80 && rig.info().rows == 25));
    (void)program.told_of(bits.changed);
    rig.settle();
    CHECK_FALSE(program.told_of(bits.changed));
    rig.thing.set_size(132, 50);
    rig.settle();
    CHECK(program.told_of(bits.changed));
    CHECK(program.terminal.info().value().columns == 132);
    CHECK(program.terminal.info().value().rows == 50);
    if (!several)
        return;
    rig.thing.say({0, model::Console::port_open, 0});
    rig.settle();
    CHECK(program.told_of(bits.changed));
    CHECK(rig.info().flags == 0);
}

TEST_CASE("further ports are named, and gone when they are", "[consoled][virtio][O5]")
{
    using model::Console;
    Rig rig{{.multiport = true,
             .ports = {{"console0"}, {.name = "log", .console = false}, {.name = "second"}}}};
    rig.settle();
    Program program{rig};
    CHECK(rig.info().ports == 2);
    const auto port = [&](u32 index) { return program.terminal.port(index); };
    CHECK((port(0).value().id == 1 && text::of(port(0).value().name) == "log"));
    CHECK(port(0).value().flags == protocol::PortFlags::connected);
    CHECK((port(1).value().id == 2 && text::of(port(1).value().name) == "second"));
    CHECK(port(1).value().flags == (protocol::PortFlags::console | protocol::PortFlags::connected));
    CHECK(port(2).error() == Errc::out_of_range);
    rig.thing.say({2, Console::port_open, 0});
    rig.thing.say({1, Console::device_remove, 0});
    rig.settle();
    CHECK((port(0).value().id == 2 && port(0).value().flags == protocol::PortFlags::console));
    CHECK(port(1).error() == Errc::out_of_range);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("ports without end are told of as far as there is place", "[consoled][virtio][hostile]")
{
    using virtio::console::ControlEvent;
    consoled::Ports ports;
    for (u32 round = 0; round < 2; ++round)
        for (u32 id = 1; id < 200; ++id)
            ports.note({id, ControlEvent::device_add});
    CHECK(ports.count() == protocol::max_ports);
    ports.note({150, ControlEvent::device_remove});
    ports.note({150, ControlEvent::port_open, 1});
    CHECK(ports.count() == protocol::max_ports);
    ports.note({1, ControlEvent::device_remove});
    ports.note({150, ControlEvent::device_add});
    CHECK((ports.at(0)->id == 2 && ports.at(protocol::max_ports - 1)->id == 150));
}

TEST_CASE("output that the device does not take holds up its writer and nobody else",
          "[consoled][virtio]")
{
    Rig rig{{}, {.version = GENERATE(1u, 2u), .automatic = false}};
    Program program{rig};
    std::string taken;
    const std::string text = long_text(10'000);
    while (const auto some =
               program.terminal.try_write(std::string_view{text}.substr(taken.size())))
        taken += text.substr(taken.size(), *some);
    CHECK(taken.size() >= 8 * protocol::max_bytes);
    CHECK(taken.size() < text.size());
    CHECK_FALSE(rig.server->idle());
    rig.type("still read");
    CHECK(program.read() == "still read");
    (void)program.told_of(bits.room);
    rig.mmio.run(1);
    rig.settle();
    CHECK(program.told_of(bits.room));
    CHECK(rig.server->idle());
    rig.takes_output = true;
    REQUIRE(program.terminal.write(std::string_view{text}.substr(taken.size())).has_value());
    rig.mmio.run(1);
    CHECK(rig.thing.output[0] == text);
    CHECK_FALSE(rig.bench.stuck());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a reader that sleeps holds the device back, and its messages are heard",
          "[consoled][virtio]")
{
    Rig rig{{.multiport = true}, each_device()};
    rig.settle();
    Program program{rig};
    const std::string text = long_text(20'000);
    rig.type(text);
    CHECK(rig.info().received == consoled::Input::capacity);
    for (const u16 columns : std::to_array<u16>({100, 101, 102})) {
        rig.thing.set_size(columns, 40);
        rig.settle();
        CHECK(rig.info().columns == columns);
    }
    std::string all;
    while (all.size() < text.size()) {
        const auto part = program.read();
        REQUIRE_FALSE(part.empty());
        all += part;
        rig.settle();
    }
    CHECK(all == text);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that needs a reset gets it, and the console goes on", "[consoled][virtio]")
{
    Rig rig{{.multiport = true}};
    rig.settle();
    Program program{rig};
    rig.mmio.needs_reset();
    rig.settle();
    CHECK(rig.info().resets == 1);
    REQUIRE(program.terminal.write("after").has_value());
    CHECK(rig.thing.output[0] == "after");
    rig.type("typed");
    CHECK(program.read() == "typed");
    CHECK(rig.info().flags == protocol::InfoFlags::connected);
}

TEST_CASE("a device that lies is reset, and in the end its server says so without its queues",
          "[consoled][virtio][hostile][O5]")
{
    Rig rig{{.emergency = GENERATE(true, false)}};
    Program program{rig};
    const bool writes = GENERATE(true, false);
    for (u32 lie = 1; lie <= Rig::Server::most_faults + 1; ++lie) {
        REQUIRE(rig.state.has_value());
        rig.world.lies.arm(Lie::id_out_of_range, 300, 1);
        if (writes)
            (void)program.terminal.try_write("x");
        else
            rig.thing.type("x");
        rig.settle();
        (void)program.terminal.try_write("y");  // finds what came of the last
        rig.settle();
        CHECK(rig.info().resets == lie);
    }
    CHECK(rig.state.error() == Errc::device_fault);
    CHECK(rig.thing.emergency.empty() == ((rig.thing.features() & 4) == 0));
}

TEST_CASE("a console whose reset does not end says its last words",
          "[consoled][virtio][hostile][O5]")
{
    Rig rig{{}, {.version = GENERATE(1u, 2u)}};
    rig.settle();
    Program program{rig};
    rig.world.lies.arm(Lie::reset_never_ends);
    rig.world.lies.arm(Lie::id_out_of_range, 300, 1);
    (void)program.terminal.try_write("x");
    rig.settle();
    (void)program.terminal.try_write("y");
    rig.settle();
    CHECK(rig.state.error() == Errc::timed_out);
    CHECK(rig.thing.emergency.find("its server ends") != std::string::npos);
}

TEST_CASE("a session goes on with the next server of a virtio console",
          "[consoled][virtio][restart]")
{
    Rig rig{{.multiport = true}};
    rig.settle();
    Program program{rig};
    REQUIRE(program.terminal.write("before ").has_value());
    rig.bench.lose_server();
    rig.thing.type("typed meanwhile");
    rig.settle();
    CHECK(program.told_of(bits.server));
    CHECK(program.terminal.renew().value());
    CHECK(program.told_of(bits.input));
    CHECK(program.read() == "typed meanwhile");
    REQUIRE(program.terminal.write("after").has_value());
    CHECK(rig.thing.output[0] == "before after");
}
