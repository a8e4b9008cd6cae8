// ring_options_test.cpp - what virtio devices offer of rings: from one text to QEMU's words.
#include "command_line.hpp"
#include "ring_options.hpp"
#include "system_file.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using Words = std::vector<std::string>;

TEST_CASE("a text of ring options names what differs from QEMU's own")
{
    CHECK(parse_rings("packed=on") == RingOptions{.packed = true});
    CHECK(parse_rings("indirect_desc=off,packed=on,event_idx=off")
          == RingOptions{.packed = true, .event_idx = false, .indirect_desc = false});
    CHECK(parse_rings("event_idx=on") == RingOptions{});
    for (const std::string wrong : {"", "packed", "packed=yes", "packed=on,", ",packed=on",
                                    "in_order=on", "packed=on event_idx=off", "packed=on=on"})
        CHECK_FALSE(parse_rings(wrong));
}

TEST_CASE("QEMU is told of rings what it would not do by itself")
{
    CHECK(ring_words({}).empty());
    CHECK(ring_words({.packed = true, .event_idx = false})
          == Words{"-global", "virtio-device.packed=on", "-global", "virtio-device.event_idx=off"});
    System system;
    system.machine.rings.indirect_desc = false;
    const auto words = qemu_command_line(system, {}, {});
    CHECK(std::ranges::contains(words, "virtio-device.indirect_desc=off"));
    CHECK_FALSE(std::ranges::contains(words, "virtio-device.packed=off"));
}

TEST_CASE("a system file may say what rings its devices offer")
{
    const auto parsed = [](const std::string& rings) {
        return parse_system("[system]\nname = \"x\"\nmachine = { rings = \"" + rings
                                + "\" }\n"
                                  "[app.x1]\nbinary = \"x\"\nverdict = true\n",
                            "x.toml");
    };
    CHECK(parsed("packed=on").machine.rings == RingOptions{.packed = true});
    CHECK_THROWS(parsed("packed=maybe"));
}
