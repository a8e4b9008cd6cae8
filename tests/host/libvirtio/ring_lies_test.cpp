// tests/host/libvirtio/ring_lies_test.cpp - a used ring that lies breaks the queue, and nothing
// else.
#include "rig.hpp"

using namespace virtio;
using model::Lie;

namespace {

struct Rig : QueueRig<64> {
    explicit Rig(RingKind kind = {}) : QueueRig{8, kind}
    {
        for (int i = 0; i < 2; ++i)
            heads.push_back(queue.submit(std::array{reads(), writes()}).value());
        (void)queue.publish();
        while (auto chain = other().pop())
            chains.push_back(std::move(*chain));
        REQUIRE(chains.size() == 2);
    }

    std::vector<DescriptorIndex> heads;
    std::vector<model::Chain> chains;
};

}  // namespace

TEST_CASE("a device that lies is reported once, and not believed again",
          "[libvirtio][ring][hostile][V20][LD1][LD2][LD3]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    auto& lies = rig.world.lies;
    Fault fault = Fault::none;
    SECTION("an id beyond the table")
    {
        lies.arm(Lie::id_out_of_range,
                 GENERATE(u64{0}, u64{1}, u64{56}, u64{0xdead}, u64{0xffff'fff7}));
        fault = Fault::id_out_of_range;
    }
    SECTION("the second descriptor of a chain")
    {
        lies.arm(kind.indirect ? Lie::id_not_given : Lie::id_not_head);
        fault = Fault::not_outstanding;
    }
    SECTION("a descriptor that is free")
    {
        rig.other().write_used(7, 1);
        rig.other().publish(1);
        CHECK(got(rig.queue.take()).error() == Errc::device_fault);
        CHECK(rig.queue.fault() == Fault::not_outstanding);
        return;
    }
    SECTION("one byte more than the chain has")
    {
        lies.arm(Lie::length_over_total);
        fault = Fault::too_long;
    }
    SECTION("2^32 - 1 bytes")
    {
        lies.arm(Lie::length_huge);
        fault = Fault::too_long;
    }
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.broken());
    CHECK(rig.queue.fault() == fault);

    rig.other().push(rig.chains[1], 512);  // even if it is honest from now on
    CHECK_FALSE(rig.queue.take().has_value());
    CHECK_FALSE(rig.queue.arm());
    CHECK(rig.queue.submit(std::array{rig.writes()}).error() == Errc::device_fault);
    CHECK_FALSE(rig.queue.publish());
    CHECK(rig.queue.outstanding(rig.heads[0]));  // the memory is still the device's
}

TEST_CASE("a chain that comes back twice is a lie the second time",
          "[libvirtio][ring][hostile][LD2]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    rig.world.lies.arm(Lie::used_twice);
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).value().head == rig.heads[0]);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::not_outstanding);
}

TEST_CASE("an index that jumps or goes back is a lie", "[libvirtio][ring][hostile][LD5]")
{
    Rig rig{{.event_idx = GENERATE(true, false), .indirect = GENERATE(true, false)}};
    SECTION("further than what the device has")
    {
        rig.world.lies.arm(Lie::index_jumps, GENERATE(u64{2}, u64{300}, u64{32768}));
        rig.other().push(rig.chains[0], 512);
    }
    SECTION("back")
    {
        rig.world.lies.arm(Lie::index_goes_back);
        rig.other().push(rig.chains[0], 512);
    }
    SECTION("back after it was seen")
    {
        rig.other().push(rig.chains[0], 512);
        CHECK(got(rig.queue.take()).has_value());
        rig.other().publish(0);
        CHECK(rig.queue.arm());  // something moved
    }
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::index_jump);
}

TEST_CASE("used marks on more of a packed ring than the device has are a lie",
          "[libvirtio][ring][hostile][LD5][V21]")
{
    Rig rig{
        {.packed = true, .event_idx = GENERATE(true, false), .indirect = GENERATE(true, false)}};
    rig.other().push(rig.chains[1], 512);
    rig.world.lies.arm(Lie::index_jumps, 4);
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).value().head == rig.heads[1]);
    CHECK(got(rig.queue.take()).value().head == rig.heads[0]);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::index_jump);
}

TEST_CASE("a chain longer than what a packed device was shown does not come back",
          "[libvirtio][ring][hostile][LD2][V21]")
{
    Rig rig{{.packed = true, .indirect = false}};
    const std::array three{rig.reads(), rig.writes(), rig.writes()};
    const auto unseen = rig.queue.submit(three).value();
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).has_value());
    rig.other().write_used(unseen.raw(), 1);  // two entries are the device's
    rig.other().publish(0);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::index_jump);
    CHECK(rig.queue.outstanding(unseen));
}

TEST_CASE("a chain that the device was not shown does not come back",
          "[libvirtio][ring][hostile][LD2][LD5]")
{
    Rig rig{{.packed = GENERATE(false, true)}};
    const auto unseen = rig.queue.submit(std::array{rig.writes()}).value();
    SECTION("after those that it was")
    {
        rig.other().push(rig.chains[0], 512);
        rig.other().push(rig.chains[1], 512);
        CHECK(got(rig.queue.take()).value().head == rig.heads[0]);
        CHECK(got(rig.queue.take()).value().head == rig.heads[1]);
        CHECK_FALSE(rig.queue.take().has_value());
    }
    SECTION("among them")
    {
        rig.other().write_used(rig.heads[0].raw(), 512);
        rig.other().write_used(rig.heads[1].raw(), 512);
        for (int i = 0; rig.options.packed && i < 2; ++i) {  // there they come one by one
            rig.other().publish(0);
            CHECK(got(rig.queue.take()).has_value());
        }
    }
    rig.other().write_used(unseen.raw(), 1);
    rig.other().publish(3);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::index_jump);
    CHECK(rig.queue.outstanding(unseen));
}

TEST_CASE("what is offered meanwhile does not disturb what comes back", "[libvirtio][ring][V8]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    const auto later = rig.queue.submit(std::array{rig.writes()}).value();
    rig.other().push(rig.chains[1], 512);
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).value().head == rig.heads[1]);
    CHECK(rig.queue.publish());
    rig.other().push(got(rig.other().pop()), 5);
    CHECK(got(rig.queue.take()).value().head == rig.heads[0]);
    CHECK(got(rig.queue.take()).value().head == later);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("bytes that only the driver wrote are not counted",
          "[libvirtio][ring][hostile][V20][LD3]")
{
    Rig rig{{.packed = GENERATE(false, true)}};
    rig.world.lies.arm(Lie::length_of_total);
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).value().written == 512);
    CHECK_FALSE(rig.queue.broken());
}

TEST_CASE("a length that is too short is passed on as it is", "[libvirtio][ring][hostile][LD4]")
{
    Rig rig{{.packed = GENERATE(false, true)}};
    rig.world.lies.arm(Lie::length_short, GENERATE(u64{0}, u64{511}));
    rig.other().push(rig.chains[0], 512);
    const auto written = got(rig.queue.take()).value().written;
    CHECK((written == 0 || written == 511));
}

TEST_CASE("what the device scribbles into table and ring is never read",
          "[libvirtio][ring][hostile][V5][LD7][LD8][LD9]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    rig.world.lies.arm(Lie::scribbles);
    rig.world.lies.arm(Lie::scribbles_table);
    for (int round = 0; round < 1000; ++round) {
        const u16 before = rig.queue.free_descriptors();
        REQUIRE(before == (kind.indirect ? 6 : 4));
        const std::array chain{rig.reads(), rig.reads(), rig.writes(), rig.writes()};
        const auto head = rig.queue.submit(chain).value();
        (void)rig.queue.publish();
        const auto seen = got(rig.other().pop());  // and scribbles over everything
        rig.other().push(seen, 1024);
        const auto taken = got(rig.queue.take()).value();
        REQUIRE(taken.head == head);
        REQUIRE(rig.queue.free_descriptors() == before);
    }
}

TEST_CASE("after a reset the queue starts afresh, and what was before does not come back",
          "[libvirtio][ring][hostile][V10][LD24]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    rig.world.lies.arm(Lie::length_huge, 0, 1);
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);

    rig.world.complaints.clear();
    rig.start();
    CHECK_FALSE(rig.queue.broken());
    CHECK(rig.queue.free_descriptors() == 8);
    CHECK(rig.queue.outstanding() == 0);
    CHECK_FALSE(rig.queue.take().has_value());
    const auto head = rig.submit(512);
    CHECK(rig.queue.publish());
    rig.other().push(got(rig.other().pop()), 512);
    CHECK(got(rig.queue.take()).value().head == head);
    CHECK(kept_the_rules(rig.world));

    rig.start();  // a device that returns what it had before the reset
    rig.other().write_used(head.raw(), 512);
    rig.other().publish(1);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::index_jump);
}

TEST_CASE("a chain of before a reset does not come back in place of a new one",
          "[libvirtio][ring][hostile][LD2][LD24]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    rig.start();
    CHECK(rig.submit(512) == rig.heads[0]);
    (void)rig.queue.publish();
    (void)got(rig.other().pop());
    CHECK_FALSE(rig.queue.outstanding(rig.heads[1]));
    rig.other().write_used(rig.heads[1].raw(), 1);
    rig.other().publish(1);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK(rig.queue.fault() == Fault::not_outstanding);
}

TEST_CASE("a queue that was stopped forgets everything and believes nothing",
          "[libvirtio][ring][hostile][LD24]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    rig.queue.stop();
    CHECK(rig.queue.outstanding() == 0);
    CHECK_FALSE(rig.queue.outstanding(rig.heads[0]));
    rig.other().push(rig.chains[0], 512);
    CHECK_FALSE(rig.queue.arm());
    CHECK_FALSE(rig.queue.take().has_value());
    CHECK_FALSE(rig.queue.broken());
    CHECK(rig.queue.submit(std::array{rig.writes()}).error() == Errc::device_fault);
    CHECK_FALSE(rig.queue.publish());
}

TEST_CASE("what was only offered when a device lied is never shown to it",
          "[libvirtio][ring][hostile][V20]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    REQUIRE(rig.queue.submit(std::array{rig.writes()}).has_value());
    rig.world.lies.arm(Lie::length_huge);
    rig.other().push(rig.chains[0], 512);
    CHECK(got(rig.queue.take()).error() == Errc::device_fault);
    CHECK_FALSE(rig.queue.publish());
    CHECK_FALSE(rig.other().pop().has_value());
}
