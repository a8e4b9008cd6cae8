// tests/host/libvirtio/console_test.cpp - characters go and come; ports are announced and answered.
#include "by_hand.hpp"

#include <virtio/console.hpp>

using namespace virtio;
using namespace virtio::console;
using model::Lie;

namespace {

constexpr u64 size_bit = 1;
constexpr u64 multiport_bit = 2;
constexpr u64 emergency_bit = 4;

struct Rig : ByHandRig<console::Driver<model::Mmio>> {
    static constexpr u16 rx = 0;
    static constexpr u16 tx = 1;
    static constexpr u16 control_rx = 2;
    static constexpr u16 control_tx = 3;

    explicit Rig(u64 features = 0, model::MmioOptions options = {})
        : ByHandRig{{.type = 3,
                     .features = features,
                     .queues = 4,
                     .config = {80, 0, 25, 0, 4, 0, 0, 0, 0, 0, 0, 0},
                     .widths = {{0, 2}, {2, 2}, {4, 4}, {8, 4}},
                     .writable = {8}},
                    options}
    {
    }

    Result<> start(Options options = {}) { return driver.start(device, memory, options); }
    Result<usize> write(std::string_view text)
    {
        return driver.write(std::as_bytes(std::span{text}));
    }
    std::string read(usize most = 1000)
    {
        std::string text(most, '?');
        text.resize(got(driver.read(std::as_writable_bytes(std::span{text}))).value());
        return text;
    }
    void say(u32 port, ControlEvent event, u16 value = 0, const Octets& more = {})
    {
        give(control_rx, octets(ControlMessage{port, static_cast<u16>(event), value}) + more);
    }
    // The answers that the device got.
    std::vector<std::array<u32, 3>> answers()
    {
        (void)driver.kick();
        std::vector<std::array<u32, 3>> all;
        while (const auto bytes = take(control_tx)) {
            ControlMessage message{};
            REQUIRE(bytes->size() == sizeof message);
            std::memcpy(&message, bytes->data(), sizeof message);
            all.push_back({message.id, message.event, message.value});
        }
        return all;
    }
};

const std::string long_text(100, 'x');

Octets of(std::string_view text) { return {text.begin(), text.end()}; }
using Answers = std::vector<std::array<u32, 3>>;

}  // namespace

TEST_CASE("a line that is written arrives, by one notification", "[libvirtio][console][O1][O2][O3]")
{
    Rig rig{0, {.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start().has_value());
    const u64 before = rig.mmio.notifies;
    CHECK(rig.write("Hello, world!\n").value() == 14);
    CHECK(rig.driver.kick());
    CHECK(rig.mmio.notifies == before + 1);
    CHECK(got(rig.take(Rig::tx)) == of("Hello, world!\n"));
    CHECK(rig.write("").value() == 0);
    CHECK_FALSE(rig.driver.kick());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a long text goes in pieces, as much as there is room for", "[libvirtio][console][O3]")
{
    Rig rig;
    REQUIRE(rig.start({.buffers = 4, .buffer_bytes = 16}).has_value());
    CHECK(rig.write(long_text).value() == 64);
    CHECK(rig.write(long_text).error() == Errc::would_block);
    (void)rig.driver.kick();
    CHECK(got(rig.take(Rig::tx)).size() == 16);
    CHECK(rig.write(long_text).value() == 16);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("what the device has not taken is known, and an interrupt comes when it is less",
          "[libvirtio][console]")
{
    Rig rig{0, {.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start({.buffers = 4, .buffer_bytes = 16}).has_value());
    CHECK(rig.driver.output_buffers() == 4);
    CHECK(rig.driver.unsent().value() == 0);
    CHECK(rig.write(long_text).value() == 64);
    (void)rig.driver.kick();
    for (u16 left = 4; left != 0; --left) {
        CHECK(rig.driver.unsent().value() == left);
        (void)rig.device.acknowledge();
        REQUIRE_FALSE(rig.mmio.interrupt());
        (void)rig.take(Rig::tx);
        CHECK(rig.mmio.interrupt());
    }
    CHECK(rig.driver.unsent().value() == 0);
    (void)rig.write("x");
    (void)rig.driver.kick();
    rig.world.lies.arm(Lie::id_out_of_range, 300, 1);
    (void)rig.take(Rig::tx);
    CHECK(rig.driver.unsent().error() == Errc::device_fault);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("messages are waited for alone by who does not read", "[libvirtio][console][O5]")
{
    Rig rig{multiport_bit, {.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start().has_value());
    (void)rig.answers();
    CHECK_FALSE(rig.driver.arm_control());
    rig.give(Rig::rx, of("a"));
    CHECK_FALSE(rig.driver.arm_control());
    CHECK(rig.driver.arm());
    (void)rig.device.acknowledge();
    rig.say(0, ControlEvent::port_open, 1);
    CHECK(rig.mmio.interrupt());
    CHECK(rig.driver.arm_control());
}

TEST_CASE("what is typed is read, each character once", "[libvirtio][console][O1]")
{
    Rig rig{0, {.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start().has_value());
    for (int i = 0; i < 100; ++i) {
        rig.give(Rig::rx, of("ls"));
        rig.give(Rig::rx, of("\n"));
        CHECK(rig.read() == "ls");
        CHECK(rig.read() == "\n");
        std::array<std::byte, 1> one{};
        CHECK_FALSE(rig.driver.read(one).has_value());
        (void)rig.driver.kick();
    }
    rig.give(Rig::rx, of("abc"));
    CHECK(rig.read(2) == "ab");
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("an empty buffer is no news", "[libvirtio][console][hostile][LD4]")
{
    Rig rig;
    REQUIRE(rig.start().has_value());
    for (int i = 0; i < 8; ++i)
        rig.give(Rig::rx, {});
    std::array<std::byte, 1> one{};
    CHECK_FALSE(rig.driver.read(one).has_value());
    (void)rig.driver.kick();
    rig.give(Rig::rx, of("a"));
    CHECK(rig.read() == "a");
}

TEST_CASE("the size of a console is what it says, and changes", "[libvirtio][console][O5]")
{
    Rig rig{GENERATE(u64{0}, size_bit), {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    const bool known = rig.device.accepted(ConsoleFeature::size);
    CHECK(rig.driver.info().size == (known ? Size{80, 25} : Size{}));
    rig.hand.config()[0] = 132;
    rig.mmio.change_config();
    CHECK(rig.device.acknowledge().config_change);
    REQUIRE(rig.driver.refresh().has_value());
    CHECK(rig.driver.info().size == (known ? Size{132, 25} : Size{}));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("ports are announced and answered", "[libvirtio][console][O5]")
{
    Rig rig{multiport_bit, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.info().max_ports == 4);
    CHECK(rig.answers() == Answers{{0, 0, 1}});  // DEVICE_READY
    rig.say(0, ControlEvent::device_add);
    rig.say(0, ControlEvent::console_port, 1);
    rig.say(3, ControlEvent::device_add);
    rig.say(0, ControlEvent::port_name, 0, of(std::string("console\0", 8)));
    rig.say(0, ControlEvent::resize, 0, octets(Size{100, 50}));
    rig.say(0, ControlEvent::port_open, 1);
    CHECK(got(rig.driver.control()).value().event == ControlEvent::device_add);
    CHECK(got(rig.driver.control()).value().event == ControlEvent::console_port);
    CHECK(got(rig.driver.control()).value().port == 3);
    CHECK(got(rig.driver.control()).value().name() == "console");
    CHECK(got(rig.driver.control()).value().size == Size{100, 50});
    CHECK(got(rig.driver.control()).value().value == 1);
    CHECK_FALSE(rig.driver.control().has_value());
    CHECK(rig.driver.info().size == Size{100, 50});
    CHECK(rig.answers() == Answers{{0, 3, 1}, {3, 3, 1}, {0, 6, 1}});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("each console is opened, other ports are not, and nothing is said of one that is gone",
          "[libvirtio][console][O5]")
{
    Rig rig{multiport_bit};
    REQUIRE(rig.start().has_value());
    (void)rig.answers();
    for (const u32 port : {1u, 2u, 3u})
        rig.say(port, ControlEvent::device_add, 1);
    for (const u32 port : {2u, 3u})
        rig.say(port, ControlEvent::console_port, 1);
    rig.say(3, ControlEvent::device_remove, 1);
    while (rig.driver.control()) {}
    CHECK(rig.answers() == Answers{{1, 3, 1}, {2, 3, 1}, {2, 6, 1}});
}

TEST_CASE("an answer about a port is one descriptor", "[libvirtio][console]")
{
    Rig rig{multiport_bit, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.say(0, ControlEvent::device_add);
    rig.say(0, ControlEvent::console_port, 1);
    while (rig.driver.control()) {}
    (void)rig.driver.kick();
    for (int i = 0; i < 3; ++i)
        rig.mmio.act(
            [](model::Queue& queue) {
                const auto chain = got(queue.pop());
                CHECK((chain.pieces.size() == 1 && chain.readable() == sizeof(ControlMessage)));
            },
            Rig::control_tx);
}

TEST_CASE("messages about ports that make no sense are ignored and counted",
          "[libvirtio][console][hostile][LD20]")
{
    Rig rig{multiport_bit};
    REQUIRE(rig.start().has_value());
    (void)rig.answers();
    rig.say(4, ControlEvent::device_add);
    rig.say(0xffff'ffff, ControlEvent::device_add);
    rig.say(0, ControlEvent::device_ready, 1);
    rig.say(0, ControlEvent::port_ready, 1);
    rig.say(0, static_cast<ControlEvent>(8));
    rig.say(0, ControlEvent::resize, 0, {1, 2, 3});
    rig.give(Rig::control_rx, Octets(7, 0));
    rig.give(Rig::control_rx, {});
    CHECK_FALSE(rig.driver.control().has_value());
    CHECK(rig.driver.ignored() == 8);
    CHECK(rig.answers().empty());
    rig.say(0, ControlEvent::port_name, 0, Octets(max_name_bytes, 'n'));
    CHECK(got(rig.driver.control()).value().name() == std::string(max_name_bytes, 'n'));
    CHECK_FALSE(rig.driver.broken());
}

TEST_CASE("a device that announces for ever gets its answers, and no more memory",
          "[libvirtio][console][hostile][LD28]")
{
    Rig rig{multiport_bit};
    rig.hand.config()[4] = 200;
    REQUIRE(rig.start().has_value());
    for (u32 round = 0; round < 50; ++round) {
        for (u32 i = 0; i < 16; ++i)
            rig.say((round * 16 + i) % 200, ControlEvent::device_add);
        while (rig.driver.control()) {}
        (void)rig.driver.kick();  // no answer is taken
    }
    std::set<u32> ports;
    bool ready = false;
    for (int i = 0; i < 10; ++i)
        for (const auto& answer : rig.answers()) {
            if (answer[1] == 3 && answer[2] == 1)
                ports.insert(answer[0]);
            ready |= answer == std::array<u32, 3>{0, 0, 1};
        }
    CHECK((ready && ports.size() == 64));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("emergency output works whatever became of the queues", "[libvirtio][console][O5]")
{
    Rig rig{emergency_bit, {.version = GENERATE(1u, 2u)}};
    CHECK(rig.driver.emergency_write("!").error() == Errc::not_supported);  // nothing is known yet
    rig.world.lies.arm(Lie::queue_refused, 0, 1);
    REQUIRE_FALSE(rig.start().has_value());
    REQUIRE(rig.driver.emergency_write("panic!").has_value());
    CHECK(rig.hand.config()[8] == '!');
    Rig without;
    REQUIRE(without.start().has_value());
    CHECK(without.driver.emergency_write("panic!").error() == Errc::not_supported);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("emergency output is what the device of the last start has", "[libvirtio][console][O5]")
{
    Rig rig{emergency_bit};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.emergency_write("!").has_value());
    rig.hand.set_features(0);
    REQUIRE(rig.driver.recover().has_value());
    CHECK(rig.driver.emergency_write("!").has_value());  // a reset does not take it away
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.emergency_write("?").error() == Errc::not_supported);
    CHECK(rig.hand.config()[8] == '!');
}

TEST_CASE("a console that lies is reset, and reads and writes again",
          "[libvirtio][console][hostile][LD1][LD2][LD3][LD5]")
{
    Rig rig{multiport_bit, {.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    (void)rig.answers();
    (void)rig.write("x");
    (void)rig.driver.kick();
    rig.world.lies.arm(
        GENERATE(Lie::id_out_of_range, Lie::used_twice, Lie::length_over_total, Lie::index_jumps),
        300, 1);
    const u32 queue = GENERATE(0u, 1u, 2u);
    std::array<std::byte, 8> some{};
    if (queue == 0) {
        rig.give(Rig::rx, of("a"));
        while (const auto taken = rig.driver.read(some))
            if (!*taken)
                break;
    } else if (queue == 1) {
        (void)rig.take(Rig::tx);
        CHECK(rig.write("y").error() == Errc::device_fault);
    } else {
        rig.say(0, ControlEvent::device_add);
        while (const auto taken = rig.driver.control())
            if (!*taken)
                break;
    }
    CHECK(rig.driver.broken());
    REQUIRE(rig.driver.recover().has_value());
    CHECK_FALSE(rig.driver.broken());
    CHECK(rig.answers() == Answers{{0, 0, 1}});
    CHECK(rig.write("z").value() == 1);
    (void)rig.driver.kick();
    CHECK(got(rig.take(Rig::tx)) == of("z"));
    rig.give(Rig::rx, of("b"));
    CHECK(rig.read() == "b");
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a console driver needs buffers, memory and the right device", "[libvirtio][console]")
{
    Rig rig;
    CHECK(rig.write("x").error() == Errc::device_fault);
    CHECK_FALSE((rig.driver.kick() || rig.driver.arm() || rig.driver.control()));
    CHECK(rig.start({.buffers = 0}).error() == Errc::bad_argument);
    CHECK(rig.start({.buffer_bytes = 0}).error() == Errc::bad_argument);
    CHECK((rig.mmio.status() & 128) != 0);
    rig.memory.size = Bytes{2 * page_bytes};
    CHECK(rig.start().error() == Errc::no_space);
    BlkRig disk;
    CHECK(rig.driver.start(disk.device, rig.memory).error() == Errc::wrong_kind);
}
