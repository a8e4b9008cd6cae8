// healing.cpp - a device that wants a reset gets one, and serves again.
#include <atomic>

#include <check/check.hpp>
#include <common/virtio_platform.hpp>
#include <virtio/entropy.hpp>

namespace {

using Bus = common::DeviceBus;
using check::equals;
using check::need;
using check::that;
using check::works;

constexpr unsigned interrupt_bit = 0;
using Driver = virtio::entropy::Driver<Bus>;

struct Rig {
    common::DevicePlatform platform =
        need(common::DevicePlatform::open(check::given(), interrupt_bit));
    virtio::Device<Bus> device = need(virtio::Device<Bus>::probe(platform.bus));
    common::DriverMemory memory =
        need(common::DriverMemory::create(platform.device, Driver::memory_bytes()));
    Driver driver;

    Rig() { works(driver.start(device, memory)); }
    ~Rig() { works(device.reset()); }
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    virtio::Interrupt interrupted()
    {
        works(platform.wait(check::patience()));
        return device.acknowledge();
    }
    void serves()
    {
        works(driver.request());
        (void)driver.kick();
        const auto why = interrupted();
        that(why.used_buffer && !why.needs_reset, "another interrupt than that of a buffer");
        std::array<std::byte, 64> bytes{};
        const auto taken = driver.take(bytes);
        that(taken && *taken && **taken > 0, "no bytes came");
        (void)driver.arm();
    }
    // What no driver may do: the next entry of the available ring names a descriptor that is not
    // there (the ring has four).
    void misbehave()
    {
        auto* const avail = reinterpret_cast<u16*>(memory.region().memory + 4 * 16);
        const std::atomic_ref index{avail[1]};
        avail[2 + index.load() % 4] = 0xbad;
        index.store(static_cast<u16>(index.load() + 1));
        std::atomic_thread_fence(std::memory_order_seq_cst);
        device.notify(0);
    }
};

void needs_reset_is_healed()
{
    Rig rig;
    for (int round = 0; round < 20; ++round) {
        rig.serves();
        rig.misbehave();
        const auto why = rig.interrupted();
        that(why.config_change && why.needs_reset, "the device did not ask for a reset");
        that(rig.device.needs_reset(), "its status does not say so");
        works(rig.driver.recover());
        that(!rig.device.needs_reset(), "the reset did not help");
    }
    rig.serves();
}

constexpr check::Case cases[] = {
    {"U10: a device that needs a reset is reset, and serves again", needs_reset_is_healed,
     check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
