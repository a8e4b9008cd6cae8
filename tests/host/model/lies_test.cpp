// tests/host/model/lies_test.cpp - lies that every device can tell: what each looks like to a
// driver.
#include "hand.hpp"

#include <model/blk.hpp>
#include <model/chaos.hpp>
#include <model/console.hpp>
#include <model/entropy.hpp>
#include <model/gpu.hpp>
#include <model/input.hpp>
#include <model/net.hpp>

namespace {

using model::Lie;

struct EntropyHand {
    explicit EntropyHand(bool there = GENERATE(false, true))
        : packed{there}, hand{world, entropy, {.packed = there}}
    {
        hand.start((there ? ring_packed : 0) | indirect_desc);
    }

    // One request, of which the device may say anything.
    std::optional<Used> ask(bool indirect = false)
    {
        last = {hand.writes(16), hand.writes(16)};
        id = hand.send(0, last, indirect);
        return hand.take();
    }

    bool packed;
    model::World world;
    model::Entropy entropy{world};
    Hand hand;
    std::vector<model::Piece> last;
    u16 id = 0;
};

// A driver that wants little and believes nothing: starts a device, gives it buffers for
// everything, notifies, resets.
template <class Device, class... Options>
void exercise(model::World& world, bool packed, u64 features, Options... options)
{
    Device device{world, options...};
    Hand hand{world, device, {.packed = packed}};
    for (int round = 0; round < 2; ++round) {
        (void)hand.mmio.read32(0x000);
        (void)hand.mmio.read32(0x004);
        (void)hand.mmio.read32(0x008);
        for (int time = 0; time < 2; ++time)
            (void)hand.offered();
        for (const u32 offset : {0x034u, 0x044u, 0x060u, 0x070u, 0x070u, 0x0fcu})
            (void)hand.mmio.read32(offset);
        hand.start(features | indirect_desc | event_idx | (packed ? ring_packed : 0),
                   std::vector<HandQueue::Options>(device.queues(), {.size = 16}));
        const std::vector<u8> header(64);
        if constexpr (std::is_same_v<Device, model::Input>) {
            for (const u8 select : {u8{1}, u8{0x12}})
                hand.mmio.write8(0x100, select);
            device.send({{1, 30, 1}});
        }
        if constexpr (std::is_same_v<Device, model::Net>)
            (void)device.receive({std::vector<u8>(60)});
        if constexpr (std::is_same_v<Device, model::Console>)
            device.say({0, model::Console::device_add, 1});
        for (u16 i = 0; i < device.queues(); ++i)
            for (int time = 0; time < 3 && hand.mmio.queue(i).running(); ++time) {
                (void)hand.queues[i].offer({hand.reads(header), hand.reads({0}), hand.writes(100)},
                                           time == 1);
                (void)hand.queues[i].offer({hand.writes(100)});
                hand.mmio.write32(0x050, i);
                hand.mmio.write32(0x064, hand.mmio.read32(0x060) & 3);
            }
        (void)(device.config_width(0) == 4   ? hand.mmio.read32(0x100)
               : device.config_width(0) == 2 ? hand.mmio.read16(0x100)
                                             : hand.mmio.read8(0x100));
        hand.mmio.write32(0x070, 0);
    }
}

}  // namespace

TEST_CASE("no lie is only a name", "[model][X9]")
{
    const bool packed = GENERATE(false, true);
    for (usize i = 0; i < model::lie_count; ++i) {
        model::World world;
        const auto lie = static_cast<Lie>(i);
        world.lies.arm(lie, 1, 100);
        exercise<model::Entropy>(world, packed, 0);
        exercise<model::Blk>(world, packed, 0);
        exercise<model::Net>(world, packed, u64{1} << 15 | u64{1} << 16 | u64{1} << 17);
        exercise<model::Input>(world, packed, 0, model::InputOptions::tablet());
        exercise<model::Console>(world, packed, 2, model::ConsoleOptions{.multiport = true});
        exercise<model::Gpu>(world, packed, 0);
        INFO("lie number " << i);
        const bool only_packed = lie == Lie::write_flag_missing;
        CHECK((world.lies.told() != 0 || (only_packed && !packed)));
    }
}

TEST_CASE("registers lie as often as they are told to", "[model][LD30][LD17][X9]")
{
    EntropyHand rig{false};
    auto& mmio = rig.hand.mmio;
    struct Told {
        Lie lie;
        u32 offset;
    };
    const auto [lie, offset] = GENERATE(Told{Lie::magic, 0x000}, Told{Lie::version, 0x004},
                                        Told{Lie::device_id, 0x008}, Told{Lie::queue_max, 0x034});
    const u32 honest = mmio.read32(offset);
    rig.world.lies.arm(lie, 0x77, 2, 1);
    CHECK(mmio.read32(offset) == honest);
    CHECK(mmio.read32(offset) == 0x77);
    CHECK(mmio.read32(offset) == 0x77);
    CHECK(mmio.read32(offset) == honest);
}

TEST_CASE("a device that is gone answers nothing but ones", "[model][LD31][X9]")
{
    EntropyHand rig;
    rig.world.lies.arm(Lie::gone);
    CHECK(rig.hand.mmio.read32(0x000) == ~u32{0});
    CHECK(rig.hand.mmio.read8(0x100) == 0xff);
    rig.hand.mmio.write32(0x070, 0);
    CHECK_FALSE(rig.ask().has_value());
    CHECK_FALSE(rig.hand.mmio.interrupt());
    rig.world.lies.disarm(Lie::gone);
    CHECK(rig.hand.mmio.read32(0x070) == 15);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a reset may take long, or for ever", "[model][LD13][X9]")
{
    EntropyHand rig;
    auto& mmio = rig.hand.mmio;
    rig.world.lies.arm(Lie::reset_late, 3, 1);
    mmio.write32(0x070, 0);
    for (int i = 0; i < 3; ++i)
        CHECK(mmio.read32(0x070) == 15);
    CHECK(mmio.read32(0x070) == 0);
    rig.hand.start(rig.packed ? ring_packed : 0);
    rig.world.lies.arm(Lie::reset_never_ends, 0, 1);
    mmio.write32(0x070, 0);
    CHECK(mmio.read32(0x070) == 15);
    mmio.write32(0x070, 0);
    CHECK(mmio.read32(0x070) == 0);
}

TEST_CASE("features are not what they seem", "[model][LD14][LD15][LD16][X9]")
{
    EntropyHand rig{false};
    auto& lies = rig.world.lies;
    const u64 honest = rig.hand.offered();
    lies.arm(Lie::version_1_missing, 0, 2);
    CHECK(rig.hand.offered() == (honest & ~version_1));
    lies.arm(Lie::features_added, u64{1} << 60, 2);
    CHECK(rig.hand.offered() == (honest | u64{1} << 60));
    rig.hand.mmio.write32(0x070, 0);
    lies.arm(Lie::features_change, 3);
    CHECK(rig.hand.offered() == honest);
    CHECK(rig.hand.offered() == (honest ^ 3));
    lies.disarm(Lie::features_change);
    lies.arm(Lie::features_ok_refused, 0, 2);
    rig.hand.start(0);
    CHECK((rig.hand.mmio.read32(0x070) & 8) == 0);
}

TEST_CASE("the configuration never rests, or says anything", "[model][LD18][LD20][X9]")
{
    model::World world;
    model::Blk blk{world};
    Hand hand{world, blk};
    world.lies.arm(Lie::generation_never_rests, 0, 2);
    CHECK(hand.mmio.read32(0x0fc) != hand.mmio.read32(0x0fc));
    world.lies.arm(Lie::config_field, u64{20} << 32 | 0x8000'0001);
    CHECK(hand.mmio.read32(0x114) == 0x8000'0001);
    CHECK(hand.mmio.read32(0x100) == 2048);
    world.lies.arm(Lie::config_never_rests, 0, 2);
    CHECK(hand.mmio.read32(0x100) != hand.mmio.read32(0x100));
    CHECK(kept_the_rules(world));
}

TEST_CASE("NEEDS_RESET comes when it likes", "[model][LD12][X9]")
{
    EntropyHand rig;
    rig.world.lies.arm(Lie::needs_reset, 0, 1, 1);
    CHECK(rig.ask().has_value());
    CHECK(rig.ask().has_value());
    CHECK((rig.hand.mmio.read32(0x070) & 64) != 0);
    CHECK((rig.hand.mmio.read32(0x060) & 2) != 0);
    CHECK_FALSE(rig.ask().has_value());
    rig.world.lies.arm(Lie::needs_reset_at_start, 0, 1);
    rig.hand.start(0);
    CHECK((rig.hand.mmio.read32(0x070) & 64) != 0);
}

TEST_CASE("the line lies", "[model][LD21][LD22][X9]")
{
    EntropyHand rig;
    auto& mmio = rig.hand.mmio;
    auto& lies = rig.world.lies;
    lies.arm(Lie::interrupt_missing, 0, 1);
    CHECK(rig.ask().has_value());
    CHECK_FALSE(mmio.interrupt());
    lies.arm(Lie::interrupt_bits, 0x80, 1);
    CHECK(mmio.read32(0x060) == 0x80);
    mmio.write32(0x050, 0);
    CHECK_FALSE(mmio.interrupt());
    lies.arm(Lie::interrupt_spurious, 0, 1);
    mmio.write32(0x050, 0);
    CHECK(mmio.interrupt());
    lies.arm(Lie::interrupt_storm, 0, 2);
    for (const bool up : {true, true, false}) {
        mmio.write32(0x064, 1);
        CHECK(mmio.interrupt() == up);
    }
}

TEST_CASE("ids lie", "[model][LD1][LD2][X9]")
{
    EntropyHand rig;
    auto& lies = rig.world.lies;
    SECTION("beyond the ring")
    {
        lies.arm(Lie::id_out_of_range, 3, 1);
        CHECK(rig.ask().value().id == 11);
    }
    SECTION("far beyond, and in range if only 16 bits are looked at")
    {
        lies.arm(Lie::id_out_of_range, 0xfffa, 1);
        CHECK(rig.ask().value().id >= 8);
    }
    SECTION("of a chain that was not given")
    {
        lies.arm(Lie::id_not_given, 0, 1);
        CHECK(rig.ask().value().id != rig.id);
    }
}

TEST_CASE("a chain comes back by another name, or twice", "[model][LD2][X9]")
{
    EntropyHand rig;
    SECTION("another name")
    {
        rig.world.lies.arm(Lie::id_not_head, 0, 1);
        CHECK(rig.ask().value().id != rig.id);
    }
    SECTION("twice")
    {
        rig.world.lies.arm(Lie::used_twice, 0, 1);
        const auto first = rig.ask();
        CHECK(first == Used{rig.id, 32});
        // A packed chain has two slots: the lie is behind them.
        CHECK((rig.packed ? rig.hand.queues[0].desc_word(2, 6) == rig.id
                          : rig.hand.take() == Used{rig.id, 32}));
    }
}

TEST_CASE("lengths lie", "[model][LD3][LD4][X9]")
{
    EntropyHand rig;
    struct Told {
        Lie lie;
        u32 length;
    };
    const auto [lie, length] =
        GENERATE(Told{Lie::length_over_total, 33}, Told{Lie::length_huge, ~u32{0}},
                 Told{Lie::length_of_total, 32}, Told{Lie::length_short, 0});
    rig.world.lies.arm(lie, 0, 1);
    CHECK(rig.ask().value().len == length);
    CHECK(rig.ask().value().len == 32);
}

TEST_CASE("a ring moves too far, back, or without content", "[model][LD5][LD6][X9]")
{
    EntropyHand rig;
    auto& lies = rig.world.lies;
    SECTION("too far")
    {
        lies.arm(Lie::index_jumps, 2, 1);
        CHECK(rig.ask() == Used{rig.id, 32});
        CHECK(rig.hand.take().has_value());
    }
    SECTION("back")
    {
        CHECK(rig.ask().has_value());
        lies.arm(Lie::index_goes_back, 0, 1);
        (void)rig.hand.send(0, {rig.hand.writes(1)});
        CHECK((rig.packed ? !rig.hand.take() : rig.hand.queues[0].device_word(1) == 0));
    }
    SECTION("without content")
    {
        lies.arm(Lie::element_missing, 0, 1);
        const auto used = rig.ask();
        // What was there before: nothing, or the driver's own descriptor.
        CHECK(used == (rig.packed ? Used{rig.id, 16} : Used{0, 0}));
    }
}

TEST_CASE("what the driver wrote is overwritten once it was read", "[model][LD7][LD8][LD9][X9]")
{
    EntropyHand rig;
    auto& lies = rig.world.lies;
    auto& queue = rig.hand.queues[0];
    SECTION("descriptors")
    {
        lies.arm(Lie::scribbles, 0, 1);
        CHECK(rig.ask() == Used{rig.id, 32});
        CHECK(queue.desc_word(5, 0) == 0xeeee);
    }
    SECTION("links")
    {
        lies.arm(Lie::chain_loops, 0, 1);
        CHECK(rig.ask() == Used{rig.id, 32});
        CHECK((queue.desc_word(1, rig.packed ? 7 : 6) & 1) != 0);
        CHECK((rig.packed || queue.desc_word(1, 7) == rig.id));
    }
    SECTION("the indirect table")
    {
        lies.arm(Lie::scribbles_table, 0, 1);
        CHECK(rig.ask(true) == Used{rig.id, 32});
        u64 table = 0;
        std::memcpy(&table, &queue.desc_word(0, 0), 8);
        CHECK(*rig.world.memory.at(table + 31, 1) == std::byte{0xee});
    }
}

TEST_CASE("bytes change after they were returned", "[model][LD11][X9]")
{
    EntropyHand rig;
    rig.world.lies.arm(Lie::payload_changes, 0, 1);
    CHECK(rig.ask().has_value());
    const auto before = rig.hand.bytes(rig.last[1]);
    CHECK(rig.hand.bytes(rig.last[1]) == before);
    (void)rig.hand.mmio.read32(0x060);
    const auto after = rig.hand.bytes(rig.last[1]);
    for (usize i = 0; i < before.size(); ++i)
        CHECK((before[i] ^ after[i]) == 0xff);
    (void)rig.hand.mmio.read32(0x060);
    CHECK(rig.hand.bytes(rig.last[1]) == after);
}

TEST_CASE("answers come never, late, or out of order", "[model][LD23][LD24][X9]")
{
    EntropyHand rig;
    auto& lies = rig.world.lies;
    SECTION("never, or late")
    {
        lies.arm(Lie::answers_nothing, 0, 1);
        CHECK_FALSE(rig.ask().has_value());
        const u16 first = rig.id;
        CHECK_FALSE(rig.hand.mmio.interrupt());
        rig.hand.mmio.act([](auto& queue) { queue.answer_withheld(); });
        CHECK(rig.hand.take() == Used{first, 32});
        CHECK(rig.hand.mmio.interrupt());
    }
    SECTION("out of order")
    {
        const u16 first = rig.hand.queues[0].offer({rig.hand.writes(1)});
        const u16 second = rig.hand.queues[0].offer({rig.hand.writes(2)});
        lies.arm(Lie::out_of_order, 0, 1);
        rig.hand.mmio.write32(0x050, 0);
        CHECK(rig.hand.take() == Used{second, 2});
        CHECK(rig.hand.take() == Used{first, 1});
    }
    SECTION("after a reset")
    {
        rig.entropy.stalled = true;
        lies.arm(Lie::answers_nothing, 0, 1);
        rig.entropy.stalled = false;
        CHECK_FALSE(rig.ask().has_value());
        lies.arm(Lie::used_after_reset, 0, 1);
        rig.hand.start(rig.packed ? ring_packed : 0);
        CHECK(rig.hand.take() == Used{rig.id, 1});
    }
}

TEST_CASE("EVENT_IDX may be offered and do nothing", "[model][LD15][X9]")
{
    const bool packed = GENERATE(false, true);
    model::World world;
    model::Entropy entropy{world};
    Hand hand{world, entropy, {.packed = packed}};
    world.lies.arm(Lie::event_idx_dead);
    hand.start(event_idx | (packed ? ring_packed : 0));
    hand.queues[0].want_interrupt_after(5);
    (void)hand.queues[0].offer({hand.writes(1)});
    hand.mmio.write32(0x050, 0);
    CHECK(hand.take().has_value());
    CHECK(hand.mmio.interrupt());
}

TEST_CASE("QEMU's packed rings never say that something was written", "[model][X9]")
{
    EntropyHand rig{true};
    rig.world.lies.arm(Lie::write_flag_missing);
    CHECK(rig.ask() == Used{rig.id, 0});
    CHECK(rig.hand.queues[0].desc_word(0, 4) == 32);
}

TEST_CASE("a lie may be told on one queue only", "[model][X9]")
{
    model::World world;
    model::Net net{world};
    Hand hand{world, net};
    hand.start(0, {{}, {}, {}});
    world.lies.arm_on(1, Lie::length_huge);
    (void)hand.send(0, {hand.writes(100)});
    REQUIRE(net.receive({std::vector<u8>(60)}));
    hand.mmio.poll();
    CHECK(hand.take(0).value().len == 72);
    (void)hand.send(1, {hand.reads(std::vector<u8>(72))});
    CHECK(hand.take(1).value().len == ~u32{0});
}
