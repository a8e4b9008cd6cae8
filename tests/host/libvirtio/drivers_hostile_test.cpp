// tests/host/libvirtio/drivers_hostile_test.cpp - whatever a device does to the rings of a network,
// input, console or graphics driver: nothing is believed that can't be, and after a reset all
// works.
#include "model_rigs.hpp"

using model::Lie;

namespace {

struct Case {
    Lie lie;
    u64 value = 0;
};
constexpr Case lies[] = {
    {Lie::id_out_of_range, 300},  // LD1
    {Lie::id_not_head},
    {Lie::id_not_given},  // LD2
    {Lie::used_twice},    // LD2
    {Lie::length_over_total},
    {Lie::length_huge},      // LD3
    {Lie::length_of_total},  // LD3
    {Lie::length_short, 1},  // LD4
    {Lie::index_jumps, 300},
    {Lie::index_goes_back},  // LD5
    {Lie::element_missing},  // LD6
    {Lie::scribbles},
    {Lie::chain_loops},      // LD7, LD8
    {Lie::scribbles_table},  // LD9
    {Lie::payload_changes},  // LD11
    {Lie::needs_reset},      // LD12
    {Lie::interrupt_missing},
    {Lie::interrupt_spurious},  // LD21, LD22
    {Lie::answers_nothing},
    {Lie::out_of_order},  // LD23, LD24
};

// One lie on one queue, in the middle of traffic.
template <class Rig>
void survives(const model::MmioOptions& ring, const Case& told, u16 queue)
{
    CAPTURE(static_cast<int>(told.lie), queue, ring.version, ring.packed, ring.event_idx,
            ring.indirect);
    Rig rig{ring};
    REQUIRE(rig.start().has_value());
    (void)rig.exchange();  // the first may find things that only the second has
    REQUIRE(rig.exchange());
    REQUIRE(kept_the_rules(rig.world));
    rig.world.lies.arm_on(queue, told.lie, told.value, 1);
    for (int i = 0; i < 3; ++i)
        (void)rig.exchange();
    rig.world.complaints.clear();  // a device that scribbles stumbles over what it wrote
    REQUIRE(rig.recover().has_value());
    (void)rig.exchange();
    REQUIRE(rig.exchange());
    REQUIRE(kept_the_rules(rig.world));
}

}  // namespace

TEMPLATE_TEST_CASE("a lie about a ring costs a driver a reset, and nothing else",
                   "[libvirtio][hostile][LD1][LD2][LD3][LD4][LD5][LD6][LD7][LD8][LD9][LD11][LD12]"
                   "[LD21][LD22][LD23][LD24]",
                   NetModelRig,
                   InputModelRig,
                   ConsoleModelRig,
                   GpuModelRig)
{
    const auto ring = each_ring();
    for (const u16 queue : TestType::queues)
        for (const Case& told : lies)
            survives<TestType>(ring, told, queue);
}

TEMPLATE_TEST_CASE("a completion of before a reset is none of after it",
                   "[libvirtio][hostile][LD24]",
                   NetModelRig,
                   InputModelRig,
                   ConsoleModelRig,
                   GpuModelRig)
{
    TestType rig{each_ring()};
    REQUIRE(rig.start().has_value());
    (void)rig.exchange();
    REQUIRE(rig.exchange());
    rig.world.lies.arm(Lie::used_after_reset, 0, 1);
    (void)rig.exchange();
    REQUIRE(rig.recover().has_value());
    for (int i = 0; i < 2; ++i)
        (void)rig.exchange();
    rig.world.complaints.clear();
    REQUIRE(rig.recover().has_value());
    (void)rig.exchange();
    CHECK(rig.exchange());
    CHECK(kept_the_rules(rig.world));
}

TEMPLATE_TEST_CASE("while a reset is not confirmed nothing is given back",
                   "[libvirtio][hostile][LD13]",
                   NetModelRig,
                   GpuModelRig)
{
    TestType rig;
    REQUIRE(rig.start().has_value());
    (void)rig.exchange();
    rig.world.lies.arm(Lie::reset_never_ends);
    u32 lost = 0;
    if constexpr (std::same_as<TestType, NetModelRig>)
        CHECK(rig.driver.recover([&](auto, u64) { ++lost; }).error() == Errc::timed_out);
    else
        CHECK(rig.driver.recover([&](u64) { ++lost; }).error() == Errc::timed_out);
    CHECK(lost == 0);
    rig.world.lies.disarm(Lie::reset_never_ends);
    REQUIRE(rig.recover().has_value());
    (void)rig.exchange();
    CHECK(rig.exchange());
}

TEMPLATE_TEST_CASE("fifty resets under load leak nothing",
                   "[libvirtio][V10]",
                   NetModelRig,
                   InputModelRig,
                   ConsoleModelRig,
                   GpuModelRig)
{
    TestType rig{each_ring()};
    REQUIRE(rig.start().has_value());
    u32 wrong = 0;
    for (int i = 0; i < 50; ++i) {
        (void)rig.exchange();
        wrong += rig.exchange() ? 0 : 1;
        wrong += rig.recover() ? 0 : 1;
    }
    CHECK(wrong == 0);
    CHECK(kept_the_rules(rig.world));
}

TEMPLATE_TEST_CASE("an interrupt for nothing changes nothing",
                   "[libvirtio][hostile][LD21]",
                   NetModelRig,
                   InputModelRig,
                   ConsoleModelRig,
                   GpuModelRig)
{
    TestType rig{each_ring()};
    REQUIRE(rig.start().has_value());
    (void)rig.exchange();
    for (int i = 0; i < 100; ++i) {
        REQUIRE(rig.exchange());
        (void)rig.device.acknowledge();
        rig.mmio.raise(1);
        REQUIRE(rig.device.acknowledge().used_buffer);
        REQUIRE_FALSE((rig.driver.arm() || rig.driver.broken()));
    }
    CHECK(kept_the_rules(rig.world));
}
