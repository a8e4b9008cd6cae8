// tests/host/libvirtio/input_test.cpp - events come in order, each once; LEDs go; what a device
// says of itself is checked.
#include "by_hand.hpp"

#include <virtio/input.hpp>

using namespace virtio;
using namespace virtio::input;

namespace {

constexpr u32 config_bytes = 136;

struct Rig : ByHandRig<input::Driver<model::Mmio>> {
    using Answers = std::map<std::pair<u8, u8>, Octets>;

    explicit Rig(model::MmioOptions options = {})
        : ByHandRig{{.type = 18,
                     .queues = 2,
                     .config = Octets(config_bytes),
                     .widths = {},
                     .writable = {0, 1}},
                    options}
    {
        for (const u32 offset : {0u, 1u, 2u})
            hand.set_width(offset, 1);
        mmio.before_config_read = [this](u32) { show(); };
    }

    Result<> start(Options options = {}) { return driver.start(device, memory, options); }

    // What the window shows, by `select` and `subsel`.
    void show()
    {
        const auto config = hand.config();
        const auto answer = answers.find({config[0], config[1]});
        const Octets bytes = answer == answers.end() ? Octets{} : answer->second;
        config[2] = told_size.value_or(static_cast<u8>(bytes.size()));
        std::ranges::copy(bytes, config.begin() + 8);
    }
    void field_width(u32 width)
    {
        for (u32 offset = 8; offset < config_bytes; ++offset)
            hand.set_width(offset, (offset - 8) % width == 0 ? width : 0);
    }

    void give(Event event, std::optional<u32> told = std::nullopt)
    {
        ByHandRig::give(0, octets(event), told);
    }

    Answers answers;
    std::optional<u8> told_size;
};

Octets of(std::string_view text) { return {text.begin(), text.end()}; }

Bitmap bits(std::initializer_list<u16> codes)
{
    std::map<u32, u8> bytes;
    for (const u16 code : codes)
        bytes[code / 8] |= static_cast<u8>(1 << code % 8);
    Bitmap set;
    for (const auto& [at, value] : bytes)
        set.set_byte(at, value);
    return set;
}

}  // namespace

TEST_CASE("events come in order and their buffers go back to the device", "[libvirtio][input][I4]")
{
    Rig rig{{.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start({.events = 16}).has_value());
    u32 wrong = 0;
    for (u32 i = 0; i < 2'000; ++i) {
        const Event event{EventType::key, static_cast<u16>(i % 700), i};
        rig.give(event);
        wrong += got(rig.driver.take()).value() == event ? 0 : 1;
        (void)rig.driver.kick();
    }
    CHECK(wrong == 0);
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK_FALSE(rig.driver.ran_dry());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("all that came is drained at once, up to a buffer that is no event",
          "[libvirtio][input][I4][LD4][LD28]")
{
    const bool packed = GENERATE(false, true);
    Rig rig{{.version = packed ? 2u : GENERATE(1u, 2u), .event_idx = true, .packed = packed}};
    REQUIRE(rig.start({.events = 16}).has_value());
    std::vector<u32> seen;
    const auto drain = [&] {
        seen.clear();
        return rig.driver.drain([&](const Event& event) { seen.push_back(event.value); });
    };
    for (u32 round = 0; round < 40; ++round) {
        for (u32 i = 0; i < 3; ++i)
            rig.give({EventType::rel, Rel::x, i});
        rig.give({EventType::rel, Rel::x, 3}, 7);
        rig.give({EventType::rel, Rel::x, 4});
        const auto first = drain();
        REQUIRE_FALSE(first.has_value());
        CHECK(first.error() == Errc::device_fault);
        CHECK(seen == std::vector<u32>{0, 1, 2});
        CHECK_FALSE(rig.driver.broken());
        CHECK(drain().has_value());
        CHECK(seen == std::vector<u32>{4});
        CHECK(drain().has_value());
        CHECK(seen.empty());
        (void)rig.driver.kick();
    }
    CHECK_FALSE(rig.driver.ran_dry());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a burst that leaves less than a packet is told as one that may be too long",
          "[libvirtio][input][LD28]")
{
    Rig rig;
    REQUIRE(rig.start({.events = 16}).has_value());
    const u32 burst = GENERATE(14u, 15u, 16u);
    for (u32 i = 0; i < burst; ++i)
        rig.give({EventType::rel, Rel::x, i});
    for (u32 i = 0; i < burst; ++i)
        CHECK(got(rig.driver.take()).value().value == i);
    CHECK(rig.driver.ran_dry() == (burst > 14));
    CHECK_FALSE(rig.driver.ran_dry());
    (void)rig.driver.kick();
    for (u32 i = 0; i < 16; ++i)  // all buffers are there again
        rig.give({EventType::rel, Rel::x, i});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("packets as long as the last ones are told as perhaps lost when they no longer fit",
          "[libvirtio][input][LD28]")
{
    Rig rig;
    REQUIRE(rig.start({.events = 16}).has_value());
    const bool at_once = GENERATE(true, false);
    const auto packets = [&](u32 count) {
        for (u32 i = 0; i < 3 * count; ++i)
            rig.give(i % 3 == 2 ? Event{} : Event{EventType::rel, static_cast<u16>(i % 3), 1});
        if (at_once)
            CHECK(rig.driver.drain([](const Event&) {}).has_value());
        else
            while (rig.driver.take()) {}
        (void)rig.driver.kick();
        return rig.driver.ran_dry();
    };
    CHECK_FALSE(packets(4));
    CHECK(packets(5));  // one buffer left, and the sixth needs three
    CHECK_FALSE(packets(1));
}

TEST_CASE("a LED that found no room asks to be set again when there is some", "[libvirtio][input]")
{
    Rig rig{{.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start({.status = 2}).has_value());
    for (int i = 0; i < 2; ++i)
        REQUIRE(rig.driver.set_led(Led::num_lock, true).has_value());
    (void)rig.driver.kick();
    CHECK_FALSE(rig.driver.arm());
    CHECK(rig.driver.set_led(Led::num_lock, false).error() == Errc::would_block);
    CHECK_FALSE(rig.driver.arm());
    (void)rig.device.acknowledge();
    (void)rig.take(1);
    CHECK(rig.mmio.interrupt());
    CHECK(rig.driver.arm());
    REQUIRE(rig.driver.set_led(Led::num_lock, false).has_value());
    CHECK_FALSE(rig.driver.arm());
}

TEST_CASE("a buffer that is no event is told, and the next event comes",
          "[libvirtio][input][hostile][LD28][LD4]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.give({EventType::key, Key::a, 1}, GENERATE(0u, 1u, 7u));
    rig.give({EventType::syn, Syn::report, 0});
    CHECK(got(rig.driver.take()).error() == Errc::device_fault);
    CHECK_FALSE(rig.driver.broken());
    CHECK(got(rig.driver.take()).value() == Event{EventType::syn, Syn::report, 0});
}

TEST_CASE("an event of a type that nobody knows comes as it is",
          "[libvirtio][input][hostile][LD28]")
{
    Rig rig;
    REQUIRE(rig.start().has_value());
    rig.give({0xffff, 0xffff, 0xffff'ffff});
    CHECK(got(rig.driver.take()).value() == Event{0xffff, 0xffff, 0xffff'ffff});
}

TEST_CASE("an event does not change after it was taken", "[libvirtio][input][hostile][LD11]")
{
    Rig rig;
    REQUIRE(rig.start({.events = 1}).has_value());
    const Event pressed{EventType::key, Key::a, 1};
    rig.give(pressed);
    const Event event = got(rig.driver.take()).value();
    std::memset(rig.memory.memory, 0xee, rig.memory.size.raw());
    CHECK(event == pressed);
}

TEST_CASE("a device that lies about its events is reset, and gives events again",
          "[libvirtio][input][hostile][LD1][LD2][LD3]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.world.lies.arm(GENERATE(model::Lie::id_out_of_range, model::Lie::used_twice,
                                model::Lie::length_over_total, model::Lie::index_jumps),
                       300, 1);
    rig.give({EventType::key, Key::a, 1});
    auto taken = got(rig.driver.take());
    if (taken)
        taken = got(rig.driver.take());
    CHECK(taken.error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK(rig.driver.set_led(Led::caps_lock, true).has_value());  // another queue; recover() anyway
    REQUIRE(rig.driver.recover().has_value());
    CHECK_FALSE(rig.driver.broken());
    rig.give({EventType::key, Key::a, 0});
    CHECK(got(rig.driver.take()).value() == Event{EventType::key, Key::a, 0});
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("LEDs go to the device, which may count them as written", "[libvirtio][input][I8][LD3]")
{
    Rig rig{{.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start({.status = 4}).has_value());
    for (u32 i = 0; i < 100; ++i) {
        REQUIRE(rig.driver.set_led(Led::scroll_lock, i % 2 == 0).has_value());
        (void)rig.driver.kick();
        rig.world.lies.arm(model::Lie::length_of_total, 0, 1);  // QEMU 7.2 says 8
        const Event led{EventType::led, Led::scroll_lock, i % 2 == 0 ? 1u : 0u};
        CHECK(got(rig.take(1)) == octets(led));
    }
    for (int i = 0; i < 4; ++i)
        REQUIRE(rig.driver.set_led(Led::num_lock, true).has_value());
    CHECK(rig.driver.set_led(Led::num_lock, true).error() == Errc::would_block);
    CHECK_FALSE(rig.driver.broken());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a lie about a LED is found out at the next one", "[libvirtio][input][hostile][LD2]")
{
    Rig rig;
    REQUIRE(rig.start().has_value());
    REQUIRE(rig.driver.set_led(Led::num_lock, true).has_value());
    (void)rig.driver.kick();
    rig.world.lies.arm(model::Lie::used_twice, 0, 1);
    (void)rig.take(1);
    CHECK(rig.driver.set_led(Led::num_lock, true).error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK(rig.driver.recover().has_value());
    CHECK(rig.driver.set_led(Led::num_lock, true).has_value());
}

TEST_CASE("an input device tells name, serial, ids, codes and axes", "[libvirtio][input][I1][I2]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    rig.field_width(1);
    rig.answers[{1, 0}] = of("QEMU Virtio Tablet");
    rig.answers[{2, 0}] = Octets(128, 'x');
    rig.answers[{0x11, EventType::abs}] = {3};
    CHECK(text(rig.device, Select::id_name).value().view() == "QEMU Virtio Tablet");
    CHECK(text(rig.device, Select::id_serial).value().view() == std::string(128, 'x'));
    const Bitmap axes = bitmap(rig.device, Select::ev_bits, EventType::abs).value();
    CHECK((axes.has(Abs::x) && axes.has(Abs::y) && !axes.has(2) && !axes.has(65535)));
    CHECK(bitmap(rig.device, Select::ev_bits, EventType::rel).error() == Errc::not_found);
    CHECK(bitmap(rig.device, Select::ev_bits, 256 + EventType::abs).error() == Errc::not_found);
    rig.field_width(2);
    rig.answers[{3, 0}] = octets(Ids{6, 0x627, 3, 2});
    CHECK(ids(rig.device).value() == Ids{6, 0x627, 3, 2});
    rig.field_width(4);
    rig.answers[{0x12, 1}] = octets(AbsInfo{0, 32767, 1, 2, 3});
    CHECK(axis(rig.device, Abs::y).value() == AbsInfo{0, 32767, 1, 2, 3});
    CHECK(axis(rig.device, Abs::x).error() == Errc::not_found);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("what a device says of itself is not believed when it can't be",
          "[libvirtio][input][hostile][LD18][LD20]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    SECTION("more bytes than the window has")
    {
        rig.field_width(1);
        rig.told_size = 129;
        CHECK(text(rig.device, Select::id_name).error() == Errc::device_fault);
        CHECK(ids(rig.device).error() == Errc::device_fault);
        CHECK(axis(rig.device, Abs::x).error() == Errc::device_fault);
    }
    SECTION("too few bytes")
    {
        rig.told_size = 7;
        CHECK(ids(rig.device).error() == Errc::device_fault);
        CHECK(axis(rig.device, Abs::x).error() == Errc::device_fault);
    }
    SECTION("an axis without a range")
    {
        rig.field_width(4);
        rig.answers[{0x12, 0}] = octets(AbsInfo{5, GENERATE(4, 5, -1), 0, 0, 0});
        CHECK(axis(rig.device, Abs::x).error() == Errc::device_fault);
    }
    SECTION("an axis below zero has one")
    {
        rig.field_width(4);
        rig.answers[{0x12, 0}] = octets(AbsInfo{-100, -50, 0, 0, 0});
        CHECK(axis(rig.device, Abs::x).has_value());
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("keyboard, mouse and tablet are told apart", "[libvirtio][input][I3]")
{
    const Bitmap none;
    CHECK(classify(bits({Key::a, Key::enter}), none, none) == Class::keyboard);
    CHECK(classify(bits({Key::button_left}), bits({Rel::x, Rel::y}), none) == Class::mouse);
    CHECK(classify(bits({Key::button_left}), bits({Rel::wheel}), bits({Abs::x, Abs::y}))
          == Class::tablet);
    CHECK(classify(none, none, none) == Class::other);
    CHECK(classify(bits({Key::enter}), bits({Rel::x, Rel::y}), none) == Class::other);
    CHECK(none.empty());
}

TEST_CASE("one axis, axes without a button, or one key of two make no class",
          "[libvirtio][input][I3]")
{
    const Bitmap none;
    const auto touch = bits({Key::button_touch});
    CHECK(classify(bits({Key::a}), none, none) == Class::other);
    CHECK(classify(touch, none, bits({Abs::x, Abs::y})) == Class::tablet);
    CHECK(classify(touch, none, bits({Abs::x})) == Class::other);
    CHECK(classify(touch, none, bits({Abs::y})) == Class::other);
    CHECK(classify(none, none, bits({Abs::x, Abs::y})) == Class::other);
    CHECK(classify(touch, bits({Rel::x, Rel::y}), none) == Class::mouse);
    CHECK(classify(touch, bits({Rel::x}), none) == Class::other);
    CHECK(classify(touch, bits({Rel::y}), none) == Class::other);
    CHECK(classify(none, bits({Rel::x, Rel::y}), none) == Class::other);
}

TEST_CASE("an input driver needs memory and the right device", "[libvirtio][input]")
{
    Rig rig;
    CHECK(rig.driver.set_led(0, true).error() == Errc::device_fault);
    CHECK_FALSE(rig.driver.take().has_value());
    CHECK_FALSE(rig.driver.arm());
    CHECK_FALSE(rig.driver.kick());
    CHECK(rig.start({.events = 0}).error() == Errc::bad_argument);
    CHECK(rig.start({.status = 0}).error() == Errc::bad_argument);
    CHECK((rig.mmio.status() & 128) != 0);
    rig.memory.size = Bytes{rig.memory.size.raw() - page_bytes};
    CHECK(rig.start().error() == Errc::no_space);
    BlkRig disk;
    CHECK(rig.driver.start(disk.device, rig.memory).error() == Errc::wrong_kind);
}
