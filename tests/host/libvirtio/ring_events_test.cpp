// tests/host/libvirtio/ring_events_test.cpp - notifications and interrupts: as few as can be, none
// lost.
#include "rig.hpp"

#include <cstring>

using namespace virtio;

namespace {

struct Rig : QueueRig<64> {
    explicit Rig(RingKind kind) : QueueRig{64, kind} {}

    // Submits `count` chains; true if the device wants to be notified.
    bool submit(u32 count)
    {
        for (u32 i = 0; i < count; ++i)
            (void)queue.submit(std::array{reads(), writes()});
        return queue.publish();
    }
    u32 serve(u32 most = 1000)
    {
        u32 count = 0;
        while (count < most) {
            const auto chain = other().pop();
            if (!chain)
                break;
            other().push(*chain, 1);
            ++count;
        }
        return count;
    }
    u32 take_all()
    {
        u32 count = 0;
        while (const auto taken = queue.take()) {
            count += taken->has_value() ? 1 : 0;
        }
        return count;
    }
};

}  // namespace

TEST_CASE("a batch costs one notification", "[libvirtio][ring][events][V12][V19]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    u32 notifications = 0;
    for (int round = 0; round < 2100; ++round) {  // across the wrap
        notifications += rig.submit(32) ? 1 : 0;
        CHECK(rig.serve() == 32);
        CHECK(rig.take_all() == 32);
    }
    CHECK(notifications == 2100);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a device that has not looked yet is not notified again",
          "[libvirtio][ring][events][V12]")
{
    Rig rig{{.packed = GENERATE(false, true)}};
    CHECK(rig.submit(1));
    rig.serve();  // and says what it wants to be notified of
    CHECK(rig.submit(1));
    CHECK_FALSE(rig.submit(1));  // it was notified of the first, and sees both
    CHECK(rig.serve() == 2);
    CHECK(rig.submit(1));
}

TEST_CASE("a device that looks by itself is not notified", "[libvirtio][ring][events][V9]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    CHECK(rig.submit(1));
    rig.serve();
    rig.other().look_by_itself(true);
    CHECK_FALSE(rig.submit(5));
    CHECK_FALSE(rig.submit(5));
    rig.serve();
    rig.other().look_by_itself(false);
    CHECK(rig.submit(1));
}

TEST_CASE("with EVENT_IDX the flag NO_NOTIFY means nothing", "[libvirtio][ring][events][V12]")
{
    Rig rig{{.packed = false}};
    CHECK(rig.submit(1));
    rig.serve();
    auto* flags = reinterpret_cast<u16*>(rig.world.memory.at(rig.rings.device.raw(), 2));
    *flags = Used::no_notify;
    CHECK(rig.submit(1));
}

TEST_CASE("an armed queue is interrupted once for all that comes", "[libvirtio][ring][events][V12]")
{
    Rig rig{{.packed = GENERATE(false, true)}};
    for (int round = 0; round < 2100; ++round) {  // across the wrap
        REQUIRE_FALSE(rig.queue.arm());
        (void)rig.submit(32);
        CHECK(rig.serve(10) == 10);
        CHECK(rig.other().interrupt_due());
        CHECK(rig.serve() == 22);
        CHECK_FALSE(rig.other().interrupt_due());  // not armed again yet
        CHECK(rig.take_all() == 32);
    }
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("arming tells of a chain that came just before", "[libvirtio][ring][events][V12]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    REQUIRE_FALSE(rig.queue.arm());
    (void)rig.submit(2);
    rig.serve(1);
    CHECK(rig.take_all() == 1);
    rig.serve(1);  // between the last take and arm: there may be no interrupt
    CHECK(rig.queue.arm());
    CHECK(rig.take_all() == 1);
    CHECK_FALSE(rig.queue.arm());
}

TEST_CASE("arming tells of chains that came together and were not all taken",
          "[libvirtio][ring][events][V12]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    (void)rig.submit(3);
    CHECK(rig.serve() == 3);
    for (int left = 2; left >= 0; --left) {
        CHECK(got(rig.queue.take()).has_value());
        CHECK(rig.queue.arm() == (left != 0));
    }
}

TEST_CASE("200,000 batched requests across the wrap lose no wake-up",
          "[libvirtio][ring][events][V7][V12][V19]")
{
    const auto kind = GENERATE(from_range(every_ring()));
    INFO(shown(kind));
    Rig rig{kind};
    // The wrap is at 65,536; where entries are fewest and events count it is passed three times.
    const u32 total = kind.event_idx && kind.indirect ? 200'000 : 70'000;
    bool driver_awake = true;
    bool device_awake = false;
    u32 random = 1;
    u32 done = 0;
    while (done < total && (driver_awake || device_awake)) {
        random = random * 1664525 + 1013904223;
        if (driver_awake && ((random >> 8 & 1) != 0 || !device_awake)) {
            done += rig.take_all();
            device_awake = rig.submit(1 + (random >> 16 & 31)) || device_awake;
            driver_awake = rig.queue.arm();
        }
        if (device_awake && ((random >> 9 & 1) != 0 || !driver_awake)) {
            const u32 most = 1 + (random >> 24 & 63);
            device_awake = rig.serve(most) == most;  // otherwise it found nothing, and sleeps
            driver_awake = rig.other().interrupt_due() || driver_awake;
        }
    }
    CHECK(done >= total);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("the flags of the available ring stay zero", "[libvirtio][ring][events][V1][V12]")
{
    Rig rig{{.packed = false, .event_idx = GENERATE(true, false)}};
    std::memset(rig.memory.memory, 0xff, rig.memory.size.raw());
    rig.start();
    const auto* flags = reinterpret_cast<u16*>(rig.world.memory.at(rig.rings.driver.raw(), 2));
    for (int round = 0; round < 100; ++round) {
        CHECK(rig.submit(3));
        CHECK(*flags == 0);
        CHECK(rig.serve() == 3);
        CHECK(rig.take_all() == 3);
        CHECK_FALSE(rig.queue.arm());
        CHECK(*flags == 0);
    }
    CHECK(kept_the_rules(rig.world));
}
