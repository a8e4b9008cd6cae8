// tests/host/inputd/server_test.cpp - the input protocol message by message: what is told,
// attached, refused and given back.
#include "hand.hpp"

using namespace protocol;

TEST_CASE("a server tells what its device is", "[inputd][server][I1][I2][I3][I10]")
{
    struct Row {
        model::InputOptions options;
        protocol::Class device_class;
        u32 types;
    };
    const auto row =
        GENERATE(values({Row{model::InputOptions::keyboard(), protocol::Class::keyboard, 0x12'0002},
                         Row{model::InputOptions::mouse(), protocol::Class::mouse, 0x6},
                         Row{model::InputOptions::tablet(), protocol::Class::tablet, 0xe}}));
    auto options = row.options;
    options.name += std::string(1, '\0');  // as QEMU's
    InputRig rig{options, {.version = GENERATE(1u, 2u)}};
    Hand hand{rig};
    const auto info = hand.session.call<Info>().value();
    CHECK(info.device_class == row.device_class);
    CHECK(info.types == row.types);
    CHECK(std::string{info.name.data()} == row.options.name);
    CHECK(std::string{info.serial.data()} == row.options.serial);
    CHECK(info.ids == row.options.ids);
    CHECK(info.epoch == 1);
    for (u32 type = 0; type < 33; ++type) {
        const auto codes = hand.session.call<Codes>({type, 0});
        REQUIRE(codes.has_value() == (type < 32 && (row.types >> type & 1) != 0));
        if (!codes)
            CHECK(codes.error() == Errc::not_found);
        else
            for (const u16 code : row.options.codes.at(static_cast<u8>(type)))
                CHECK((codes->bits[code / 8] >> code % 8 & 1) == 1);
    }
    const auto axis = hand.session.call<Axis>({0, 0});
    CHECK(axis.has_value() == (row.device_class == protocol::Class::tablet));
    if (axis)
        CHECK((axis->min == 0 && axis->max == 32767));
    CHECK(hand.say<Axis>({64, 0}) == Errc::not_found);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a device that talks nonsense about itself has none of it",
          "[inputd][server][hostile][LD20]")
{
    model::World probe;
    model::InputOptions options = model::InputOptions::tablet();
    options.axes[0] = {.min = 10, .max = 5};
    InputRig rig{options};
    Hand hand{rig};
    CHECK(hand.say<Axis>({0, 0}) == Errc::not_found);
    CHECK(hand.say<Axis>({1, 0}) == Errc::ok);
    const auto codes = hand.session.call<Codes>({3, 0}).value();
    CHECK(codes.bits[0] == 2);
    REQUIRE(hand.attach() == Errc::ok);
    rig.send({{3, 0, 7}, {3, 1, 8}});
    CHECK(hand.read() == Events{{{}, 3, 1, 8}, syn});
}

TEST_CASE("what is wrong with an Attach is said, and nothing of it stays",
          "[inputd][server][hostile]")
{
    InputRig rig;
    {
        Hand hand{rig};
        for (const u32 entries : {0u, 1u, 64u, 129u, 8192u, ~0u})
            CHECK(hand.attach({entries, 0}, hand.good()) == Errc::bad_argument);
        CHECK(hand.attach({128, 0}, {}) == Errc::bad_argument);
        CHECK(hand.attach({128, 0}, hand.good(), 0) == Errc::bad_argument);
        CHECK(hand.attach({128, 0}, sys::HandleSet::of(hand.lent(hand.client), hand.bell()))
              == Errc::bad_argument);
        CHECK(hand.attach({128, 0},
                          sys::HandleSet::of(hand.lent(hand.client), hand.bell(), hand.bell()))
              == Errc::wrong_kind);
        CHECK(
            hand.attach({128, 0}, sys::HandleSet::of(hand.lent(hand.client), hand.lent(hand.events),
                                                     hand.lent(hand.events)))
            == Errc::wrong_kind);
        CHECK(hand.attach({4096, 0}, hand.good()) == Errc::out_of_range);
        CHECK(hand.attach({128, 0}, sys::HandleSet::of(hand.lent(hand.client),
                                                       hand.lent(hand.events, abi::right::transfer
                                                                                  | sys::read_only),
                                                       hand.bell()))
              == Errc::denied);
        CHECK(rig.bench.mappings() == 2);  // the client's own
        REQUIRE(hand.attach() == Errc::ok);
        CHECK(hand.attach() == Errc::exists);
        CHECK(hand.say<Detach>() == Errc::ok);
        CHECK(hand.say<Detach>() == Errc::not_found);
        CHECK(hand.attach() == Errc::ok);
    }
    CHECK(rig.at_rest());
}

TEST_CASE("a program has so many sessions, and each doorbell rings its own bit", "[inputd][server]")
{
    InputRig rig;
    {
        rig.bench.program = 7;
        std::vector<std::unique_ptr<Hand>> hands;
        for (u32 i = 0; i < common::Attachments::sessions_per_program; ++i) {
            hands.push_back(std::make_unique<Hand>(rig));
            REQUIRE(hands.back()->attach() == Errc::ok);
            (void)sys::signal(hands.back()->doorbell.borrow(), {~u64{0}});
            CHECK(rig.bench.take_bits(rig.notification) == common::doorbell_of(i));
        }
        Hand late{rig};
        CHECK(late.attach() == Errc::over_quota);
        rig.bench.program = 8;
        Hand other{rig};
        CHECK(other.attach() == Errc::ok);
    }
    CHECK(rig.at_rest());
}

TEST_CASE(
    "a grab keeps events, keys and LEDs from the others, who then learn that they missed something",
    "[inputd][server][hostile]")
{
    InputRig rig;
    Hand thief{rig};
    Hand other{rig};
    CHECK(thief.say<Grab>({1, 0}) == Errc::not_found);
    REQUIRE(thief.attach() == Errc::ok);
    REQUIRE(other.attach() == Errc::ok);
    REQUIRE(thief.say<Grab>({1, 0}) == Errc::ok);
    CHECK(thief.say<Grab>({1, 0}) == Errc::ok);
    CHECK(other.say<Grab>({1, 0}) == Errc::busy);
    CHECK(other.say<Grab>({0, 0}) == Errc::busy);
    CHECK(other.say<SetLeds>({1, 1}) == Errc::busy);
    CHECK(other.say<State>() == Errc::busy);
    rig.key(30, true);
    CHECK(thief.read() == Events{key_event(30, 1), syn});
    CHECK(other.read().empty());
    CHECK(thief.say<State>() == Errc::ok);
    SECTION("it is given up") { CHECK(thief.say<Grab>({0, 0}) == Errc::ok); }
    SECTION("its session ends") { CHECK(thief.say<Detach>() == Errc::ok); }
    SECTION("its client dies") { thief.session = sys::Session{{}}; }
    CHECK(other.read() == Events{dropped, syn});
    const auto state = other.session.call<State>().value();
    CHECK(state.keys[30 / 8] == 1 << 30 % 8);
    rig.key(30, false);
    CHECK(other.read() == Events{key_event(30, 0), syn});
}

TEST_CASE("a snapshot says up to which event it is", "[inputd][server][I4]")
{
    InputRig rig{model::InputOptions::tablet()};
    Hand hand{rig};
    CHECK(hand.session.call<State>()->position == 0);
    REQUIRE(hand.attach() == Errc::ok);
    rig.send({{3, 0, 500}, {3, 1, 600}, {1, 0x110, 1}});
    rig.send({{3, 0, 501}});
    const auto state = hand.session.call<State>().value();
    CHECK(state.position == 6);
    CHECK(state.axes[0] == 501);
    CHECK(state.axes[1] == 600);
    CHECK(state.keys[0x110 / 8] == 1);
    CHECK(hand.read().size() == 6);
}

TEST_CASE("what a device cannot do is refused", "[inputd][server][I8][I11]")
{
    InputRig rig{model::InputOptions::mouse()};
    Hand hand{rig};
    CHECK(hand.say<SetLeds>({1, 1}) == Errc::not_found);
    CHECK(hand.say<SetRepeat>({250, 30}) == Errc::not_found);
    CHECK(hand.say<Subscribe>({1, 0}) == Errc::not_found);
    REQUIRE(hand.attach() == Errc::ok);
    CHECK(hand.say<SetRepeat>({250, 30}) == Errc::not_supported);
    CHECK(hand.say<SetRepeat>({0, 30}) == Errc::bad_argument);
    CHECK(hand.say<SetRepeat>({250, 10'001}) == Errc::bad_argument);
    CHECK(hand.say<SetLeds>({1, 3}) == Errc::bad_argument);
    CHECK(hand.say<Grab>({2, 0}) == Errc::bad_argument);
    CHECK(hand.say<Grab>({1, 1}) == Errc::bad_argument);
    CHECK(hand.say<Subscribe>({1, 1}) == Errc::bad_argument);
    CHECK(hand.say<Codes>({1, 1}) == Errc::bad_argument);
    CHECK(hand.say<Axis>({1, 1}) == Errc::bad_argument);
    InputRig keys;
    Hand lamps{keys};
    CHECK(lamps.say<SetLeds>({8, 8}) == Errc::not_found);
    CHECK(lamps.say<SetLeds>({1U << 31, 0}) == Errc::not_found);
    CHECK(lamps.say<SetLeds>({7, 5}) == Errc::ok);
    CHECK(lamps.session.call<State>()->leds == 5);
    CHECK(keys.thing.leds == std::map<u16, bool>{{0, true}, {1, false}, {2, true}});
}

TEST_CASE("messages that are none of the input protocol get an error", "[inputd][server][hostile]")
{
    InputRig rig;
    Hand hand{rig};
    REQUIRE(hand.attach() == Errc::ok);
    for (u16 ordinal = 0; ordinal < 14; ++ordinal)
        for (u64 size = 0; size <= abi::message_bytes; ++size) {
            const bool known = ordinal >= 1 && ordinal <= 11;
            const bool empty = ordinal == 1 || ordinal == 4 || ordinal >= 10;
            if (known && size == (empty ? 0u : 8u))
                continue;
            const sys::Letter letter{abi::Header::make(ordinal, size), {}};
            CHECK(sys::call(hand.session.endpoint(), letter).header.status()
                  == (known ? Errc::bad_argument : Errc::not_supported));
        }
}
