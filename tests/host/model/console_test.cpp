// tests/host/model/console_test.cpp - the console device, driven by hand.
#include "hand.hpp"

#include <model/console.hpp>

namespace {

using model::Console;
using model::Lie;

constexpr u64 size_feature = 1;
constexpr u64 multiport = 2;

struct ConsoleHand {
    explicit ConsoleHand(u64 features = 0, bool packed = false, model::ConsoleOptions options = {})
        : console{world, std::move(options)}, hand{world, console, {.packed = packed}}
    {
        hand.start(features | (packed ? ring_packed : 0),
                   std::vector<HandQueue::Options>(console.queues()));
    }

    void print(const std::string& text, u16 queue = 1)
    {
        (void)hand.send(queue, {hand.reads({text.begin(), text.end()})});
    }
    // Posts a buffer and says what came in it.
    std::string receive(u16 queue, u32 length = 64)
    {
        const auto buffer = hand.writes(length);
        (void)hand.send(queue, {buffer});
        const auto used = hand.take(queue);
        const auto bytes = hand.bytes(buffer);
        return used ? std::string{bytes.begin(), bytes.begin() + used->len} : "nothing";
    }
    void tell(const Console::Message& message)
    {
        (void)hand.send(3, {hand.reads(Fields{}.put(message))});
        REQUIRE(hand.take(3).has_value());
    }
    Console::Message hear()
    {
        Console::Message message{};
        const auto bytes = receive(2);
        REQUIRE(bytes.size() >= sizeof message);
        std::memcpy(&message, bytes.data(), sizeof message);
        more = bytes.substr(sizeof message);
        return message;
    }

    model::World world;
    model::Console console;
    Hand hand;
    std::string more;
};

}  // namespace

TEST_CASE("a console prints, in one notification for each text", "[model][O1][O3][X7]")
{
    ConsoleHand rig{0, GENERATE(false, true)};
    rig.print("fourteen bytes");
    CHECK(rig.console.output[0] == "fourteen bytes");
    CHECK(rig.hand.mmio.notifies_of(1) == 1);
    CHECK(rig.hand.take(1).value().len == 0);
    CHECK(kept_the_rules(rig.world));
    (void)rig.hand.send(1, {rig.hand.writes(8)});
    CHECK(complained(rig.world, "for writing"));
}

TEST_CASE("what is typed arrives when there is room", "[model][O1][O2]")
{
    ConsoleHand rig{0, GENERATE(false, true)};
    rig.console.type("hello");
    CHECK(rig.receive(0, 3) == "hel");
    CHECK(rig.receive(0) == "lo");
    CHECK(rig.receive(0) == "nothing");
    rig.console.type("!");
    rig.hand.mmio.poll();
    CHECK(rig.hand.take(0).value().len == 1);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("the size of a console is in its configuration", "[model][O5]")
{
    ConsoleHand rig{size_feature};
    CHECK(rig.hand.mmio.read16(0x100) == 80);
    CHECK(rig.hand.mmio.read16(0x102) == 25);
    CHECK(rig.hand.mmio.read32(0x104) == 1);
    rig.console.set_size(132, 43);
    CHECK(rig.hand.mmio.read32(0x060) == 2);
    CHECK(rig.hand.mmio.read16(0x100) == 132);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("last words need no queue and no negotiation", "[model][O5]")
{
    model::World world;
    Console console{world};
    model::Mmio mmio{console, world};
    for (const char letter : std::string{"help"})
        mmio.write32(0x108, static_cast<u32>(letter));
    CHECK(console.emergency == "help");
    CHECK(kept_the_rules(world));
    Console silent{world, {.emergency = false}};
    model::Mmio other{silent, world};
    other.write32(0x108, 'x');
    CHECK(complained(world, "read-only"));
}

TEST_CASE("ports are announced, declared ready, named and opened", "[model][O5]")
{
    ConsoleHand rig{multiport | size_feature,
                    GENERATE(false, true),
                    {.multiport = true, .ports = {{"console0"}, {"log", false}}}};
    CHECK(rig.hand.mmio.read32(0x104) == 4);
    rig.tell({0, Console::device_ready, 1});
    CHECK(rig.hear() == Console::Message{0, Console::device_add, 1});
    CHECK(rig.hear() == Console::Message{1, Console::device_add, 1});
    rig.tell({0, Console::port_ready, 1});
    CHECK(rig.hear() == Console::Message{0, Console::console_port, 1});
    CHECK(rig.hear() == Console::Message{0, Console::resize, 1});
    CHECK(rig.more == std::string{"P\0\x19\0", 4});
    CHECK(rig.hear() == Console::Message{0, Console::port_name, 1});
    CHECK(rig.more == "console0");
    CHECK(rig.hear() == Console::Message{0, Console::port_open, 1});
    rig.tell({1, Console::port_ready, 1});
    CHECK(rig.hear() == Console::Message{1, Console::port_name, 1});
    CHECK(rig.console.ready == std::vector{true, true});
    rig.print("to the log", 5);
    CHECK(rig.console.output[1] == "to the log");
    rig.console.type("back", 1);
    CHECK(rig.receive(4) == "back");
    CHECK(kept_the_rules(rig.world));
    rig.tell({7, Console::port_open, 1});
    CHECK(complained(rig.world, "not there"));
    rig.print("nobody", 7);
    CHECK(complained(rig.world, "not there"));
}

TEST_CASE("a console lies about its ports", "[model][X9]")
{
    ConsoleHand rig{multiport, false, {.multiport = true}};
    rig.world.lies.arm(Lie::port_beyond, 0xffff'ffff);
    rig.tell({0, Console::device_ready, 1});
    CHECK(rig.hear().port == 0xffff'ffff);
}
