// tests/host/libvirtio/devices_model_test.cpp - input, console and graphics drivers with their
// models: what somebody at the other end sees.
#include "model_rigs.hpp"

using namespace virtio;
using model::Lie;

TEMPLATE_TEST_CASE("traffic goes on and on, on every ring",
                   "[libvirtio][V7][V12]",
                   InputModelRig,
                   ConsoleModelRig,
                   GpuModelRig)
{
    TestType rig{each_ring()};
    REQUIRE(rig.start().has_value());
    (void)rig.exchange();
    u32 wrong = 0;
    for (u32 i = 0; i < 200; ++i)
        wrong += rig.exchange() ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a keyboard, a mouse and a tablet say what they are", "[libvirtio][input][I1][I2][I3]")
{
    using namespace virtio::input;
    struct Kind {
        model::InputOptions options;
        Class expected;
        Errc leds;
    };
    const auto kind = GENERATE(Kind{model::InputOptions::keyboard(), Class::keyboard, Errc::ok},
                               Kind{model::InputOptions::mouse(), Class::mouse, Errc::not_found},
                               Kind{model::InputOptions::tablet(), Class::tablet, Errc::not_found});
    InputModelRig rig{each_ring(), kind.options};
    REQUIRE(rig.start().has_value());
    const auto codes = [&rig](u16 type) {
        return bitmap(rig.device, Select::ev_bits, type).value_or(Bitmap{});
    };
    CHECK(classify(codes(EventType::key), codes(EventType::rel), codes(EventType::abs))
          == kind.expected);
    CHECK(text(rig.device, Select::id_name).value().view() == kind.options.name);
    CHECK(text(rig.device, Select::id_serial).value().view() == kind.options.serial);
    CHECK(ids(rig.device).value().product == kind.options.ids[2]);
    const auto leds = bitmap(rig.device, Select::ev_bits, EventType::led);
    CHECK((leds ? Errc::ok : leds.error()) == kind.leds);
    const auto x = axis(rig.device, Abs::x);
    CHECK(x.has_value() == (kind.expected == Class::tablet));
    CHECK((!x || (x->min == 0 && x->max == 32767)));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("lies about an input device's configuration are refused",
          "[libvirtio][input][hostile][LD20]")
{
    using namespace virtio::input;
    InputModelRig rig{{.version = GENERATE(1u, 2u)}, model::InputOptions::tablet()};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::axis_backwards);
    CHECK(axis(rig.device, Abs::x).error() == Errc::device_fault);
    rig.world.lies.arm(Lie::config_size, GENERATE(129u, 255u));
    CHECK(text(rig.device, Select::id_name).error() == Errc::device_fault);
    CHECK(bitmap(rig.device, Select::ev_bits, EventType::key).error() == Errc::device_fault);
}

TEST_CASE("bursts of events arrive whole, or the loss is told", "[libvirtio][input][I4][LD28]")
{
    using namespace virtio::input;
    auto options = model::InputOptions::mouse();
    options.drops = true;
    InputModelRig rig{each_ring(), options};
    REQUIRE(rig.start().has_value());
    u32 wrong = 0;
    for (u32 burst = 1; burst <= 40; ++burst) {  // of two events each
        rig.thing.dropped = 0;
        for (u32 i = 0; i < burst; ++i)
            rig.thing.send({{2, 0, i}});
        rig.mmio.poll();
        const auto events = rig.take();
        wrong += events.size() == std::min(2 * burst, 64u) ? 0 : 1;
        for (u32 i = 0; i < events.size(); i += 2)
            wrong += events[i] == Event{2, 0, i / 2} && events[i + 1] == Event{0, 0, 0} ? 0 : 1;
        wrong += rig.driver.ran_dry() == (burst >= 32) ? 0 : 1;
        wrong += rig.thing.dropped == (burst > 32 ? 2 * (burst - 32) : 0) ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("events that are none are told, unknown ones given out",
          "[libvirtio][input][hostile][LD28]")
{
    using namespace virtio::input;
    InputModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::event_short, GENERATE(0u, 7u), 1);
    rig.thing.send({{1, 30, 1}});
    rig.mmio.poll();
    CHECK(got(rig.driver.take()).error() == Errc::device_fault);
    CHECK(got(rig.driver.take()).value() == Event{0, 0, 0});
    rig.world.lies.arm(Lie::event_unknown, 0xabcd'1234, 1);
    rig.world.lies.arm(Lie::event_without_syn, 0, 1);
    rig.thing.send({{1, 30, 1}});
    rig.mmio.poll();
    CHECK(got(rig.driver.take()).value() == Event{0xabcd, 0x1234, 1});
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK_FALSE(rig.driver.broken());
}

TEST_CASE("a console's ports are ready, its size follows the window",
          "[libvirtio][console][O1][O5]")
{
    const bool several = GENERATE(true, false);
    ConsoleModelRig rig{
        each_ring(),
        {.multiport = several, .ports = {{"console0"}, {.name = "log", .console = false}}}};
    REQUIRE(rig.start().has_value());
    rig.mmio.poll();
    std::string names;
    for (int i = 0; i < 3; ++i) {
        while (const auto message = rig.driver.control())
            if (message->value().event == console::ControlEvent::port_name)
                names += message->value().name();
        (void)rig.driver.kick();
        rig.mmio.poll();
    }
    CHECK(rig.thing.ready[0] == several);
    CHECK(rig.thing.ready[1] == several);
    CHECK(names == (several ? "console0log" : ""));
    CHECK(rig.driver.info().size == console::Size{80, 25});
    rig.thing.set_size(132, 50);  // tells it in a message, if there are messages
    rig.mmio.poll();
    CHECK(rig.device.acknowledge().config_change == !several);
    CHECK(rig.driver.control().has_value() == several);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK(rig.driver.info().size == console::Size{132, 50});
    CHECK(rig.driver.emergency_write("dead").has_value());
    CHECK(rig.thing.emergency == "dead");
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a port that can't be is ignored", "[libvirtio][console][hostile][LD20]")
{
    ConsoleModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(Lie::port_beyond, GENERATE(4u, 0xffff'ffffu), 1);
    rig.thing.say({0, model::Console::device_add, 0});
    rig.mmio.poll();
    while (rig.driver.control()) {}
    CHECK(rig.driver.ignored() == 1);
    CHECK_FALSE(rig.driver.broken());
    CHECK(rig.exchange());
}

TEST_CASE("pixels are seen in the colour that each format says", "[libvirtio][gpu][G4][G6]")
{
    using namespace virtio::gpu;
    struct Case {
        Format format;
        std::array<u8, 4> bytes;  // of 0x112233
    };
    const auto given = GENERATE(Case{Format::b8g8r8a8, {0x33, 0x22, 0x11, 0xff}},
                                Case{Format::b8g8r8x8, {0x33, 0x22, 0x11, 0}},
                                Case{Format::a8r8g8b8, {0xff, 0x11, 0x22, 0x33}},
                                Case{Format::x8r8g8b8, {0, 0x11, 0x22, 0x33}},
                                Case{Format::r8g8b8a8, {0x11, 0x22, 0x33, 0xff}},
                                Case{Format::x8b8g8r8, {0, 0x33, 0x22, 0x11}},
                                Case{Format::a8b8g8r8, {0xff, 0x33, 0x22, 0x11}},
                                Case{Format::r8g8b8x8, {0x11, 0x22, 0x33, 0}});
    GpuModelRig rig;
    REQUIRE(rig.start().has_value());
    const Resource resource{3};
    const std::array runs{Run{rig.part(0).address, 1024}};
    for (u32 i = 0; i < 256; ++i)
        std::memcpy(rig.part(0).memory + u64{4} * i, given.bytes.data(), 4);
    (void)rig.driver.create(rig.tag(), resource, given.format, 16, 16);
    (void)rig.driver.attach(rig.tag(), resource, runs);
    (void)rig.driver.set_scanout(rig.tag(), 0, resource, {0, 0, 16, 16});
    (void)rig.driver.transfer(rig.tag(), resource, {8, 8, 8, 8}, 4 * (8 * 16 + 8));
    (void)rig.driver.flush(rig.tag(), resource, {0, 0, 16, 16});
    CHECK(rig.finish(5));
    CHECK((rig.thing.pixel(0, 8, 8) == 0x112233 && rig.thing.pixel(0, 15, 15) == 0x112233));
    CHECK((rig.thing.pixel(0, 7, 8) == 0 && rig.thing.pixel(0, 8, 7) == 0));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("displays are those that are there, and change", "[libvirtio][gpu][G3][G9][G11]")
{
    using namespace virtio::gpu;
    GpuModelRig rig{each_ring(), {.displays = {{0, 0, 800, 600}, {800, 0, 640, 480}}}};
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.driver.get_display_info(rig.tag()).has_value());
    REQUIRE(rig.driver.get_edid(rig.tag(), 1).has_value());
    CHECK(rig.finish(2));
    REQUIRE(rig.driver.displays().size() == 2);
    CHECK(rig.driver.displays()[1].rect == Rect{800, 0, 640, 480});
    CHECK(rig.driver.edid().size() >= 128);
    CHECK_FALSE(rig.driver.display_changed());
    rig.thing.set_display(0, {0, 0, 1024, 768});
    CHECK(rig.device.acknowledge().config_change);
    CHECK(rig.driver.display_changed());
    CHECK_FALSE(rig.driver.display_changed());
    REQUIRE(rig.driver.get_display_info(rig.tag()).has_value());
    CHECK(rig.finish(1));
    CHECK(rig.driver.displays()[0].rect == Rect{0, 0, 1024, 768});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("responses that answer another question are faults of the device",
          "[libvirtio][gpu][hostile][LD10]")
{
    using namespace virtio::gpu;
    GpuModelRig rig{each_ring()};
    REQUIRE(rig.start().has_value());
    const bool type = GENERATE(true, false);
    rig.world.lies.arm(type ? Lie::response_type : Lie::response_fence, 0x1101, 1);
    REQUIRE(rig.driver.create(1, Resource{1}, Format::b8g8r8x8, 8, 8).has_value());
    (void)rig.driver.kick();
    CHECK(got(rig.driver.take()).value().outcome == Outcome::device_fault);
    REQUIRE(rig.driver.flush(2, Resource{9}, {0, 0, 8, 8}).has_value());
    (void)rig.driver.kick();
    CHECK(got(rig.driver.take()).value().outcome == Outcome::invalid_resource);
    CHECK_FALSE(rig.driver.broken());
}
