// device_test.cpp - memory that changes hands by registers: reset, the set-up of a queue, and the
// acknowledgement of an interrupt, each against a device in every order.
#include "explorer.hpp"

#include <memory>

#include <catch2/catch.hpp>
#include <virtio/device.hpp>

namespace {

using explore::Bell;
using explore::demand;
using explore::Tells;
using namespace virtio;

// Registers, in the arena: an access of the driver's orders no other one, which is as little as any
// bus promises.
struct Registers {
    u32 status = 0;
    u32 ready = 0;
    u32 interrupt = 0;
};

struct World {
    World()
        : registers{reinterpret_cast<Registers*>(explore::place(sizeof(Registers)))},
          used_idx{reinterpret_cast<u16*>(explore::place(sizeof(u16)))},
          ring{reinterpret_cast<u64*>(explore::place(sizeof(u64)))}
    {
        registers->status = 15;
        explore::name(&registers->status, 4, "Status");
        explore::name(&registers->ready, 4, "QueueReady");
        explore::name(&registers->interrupt, 4, "InterruptStatus");
        explore::name(used_idx, 2, "used.idx");
        explore::name(ring, 8, "ring");
    }

    std::atomic_ref<u32> status() const { return std::atomic_ref{registers->status}; }
    std::atomic_ref<u32> ready() const { return std::atomic_ref{registers->ready}; }
    std::atomic_ref<u32> interrupt() const { return std::atomic_ref{registers->interrupt}; }

    // The concept Bus wants them; nobody calls them.
    u8 read8(u32) { return 0; }
    u16 read16(u32) { return 0; }
    u32 read32(u32) { return 0; }
    void write8(u32, u8) {}
    void write16(u32, u16) {}
    void write32(u32, u32) {}

    Registers* registers;
    u16* used_idx;
    u64* ring;
    bool reset_done = false;
    Identity identity{.type = DeviceType::entropy, .version = 2};
    Bell written;
    Bell is_reset{Tells::nothing};
    Bell interrupts{Tells::nothing};
};

class Wires {
public:
    using Registers = World;
    static constexpr u32 config_base = 0;

    static Result<Wires> probe(World& world) { return Wires{world}; }
    const Identity& identity() const { return world_->identity; }
    World& registers() const { return *world_; }
    // Takes as long as the reset.
    Status status() const
    {
        if (!std::exchange(world_->reset_done, true))
            world_->is_reset.wait();
        return static_cast<Status>(world_->status().load(std::memory_order_relaxed));
    }
    // A reset is all that is asked for.
    void set_status(Status) const { world_->written.ring(); }
    void begin() const {}
    Features offered() const { return {}; }
    void accept(Features) const {}
    u32 queue_max(u16) const { return 8; }
    bool queue_in_use(u16) const { return world_->ready().load(std::memory_order_relaxed) != 0; }
    Result<> enable(u16, const RingAddresses&) const
    {
        world_->ready().store(1, std::memory_order_relaxed);
        world_->written.ring();
        return {};
    }
    void notify(u16) const {}
    Cause take_interrupt() const
    {
        const u32 cause = world_->interrupt().fetch_or(0, std::memory_order_relaxed);  // as it is
        world_->interrupt().fetch_and(~cause, std::memory_order_relaxed);
        return {.used_buffer = cause != 0, .config_change = false};
    }
    u32 generation() const { return 0; }

private:
    explicit Wires(World& world) : world_{&world} {}
    World* world_;
};
static_assert(Transport<Wires>);

using Subject = DeviceOver<Wires>;
using Side = void (*)(World&);

explore::Make sides(Side driver, Side device)
{
    return [=] {
        auto world = std::make_shared<World>();
        return explore::Scenario{{"driver", "device"},
                                 {[=] { driver(*world); }, [=] { device(*world); }}};
    };
}

// Nothing is found, and without the one barrier of the driver something is.
void holds_by(const explore::Make& make, const explore::Site& barrier)
{
    const auto outcome = explore::explore(make, {});
    CHECK(outcome.finding == "");
    CHECK(outcome.sites.contains(barrier));
    CHECK(explore::explore(make, {}, barrier).finding != "");
}

}  // namespace

TEST_CASE("a device that was reset has written its last before its memory is used again",
          "[libvirtio][device][explore][T4]")
{
    holds_by(sides(
                 [](World& world) {
                     auto device = Subject::probe(world).value();
                     demand(device.reset().has_value(), "no reset");
                     *world.ring = 0;
                 },
                 [](World& world) {
                     *world.ring = 1;
                     world.written.wait();
                     world.status().store(0, std::memory_order_release);
                     world.is_reset.ring();
                 }),
             "driver: fence after Status");
}

TEST_CASE("a device that learns of a queue finds it cleared", "[libvirtio][device][explore][M2]")
{
    holds_by(sides(
                 [](World& world) {
                     auto device = Subject::probe(world).value();
                     *world.ring = 0;
                     const RingAddresses rings{4, DeviceAddr{1}, DeviceAddr{2}, DeviceAddr{3}};
                     demand(device.enable(0, rings).has_value(), "no queue");
                 },
                 [](World& world) {
                     world.written.wait();
                     demand(*world.ring == 0, "not cleared");
                 }),
             "driver: fence after QueueReady");
}

TEST_CASE("what completes while an interrupt is taken back interrupts again, or is seen",
          "[libvirtio][device][explore][T6][V9]")
{
    constexpr u16 total = 3;
    holds_by(sides(
                 [](World& world) {
                     auto device = Subject::probe(world).value();
                     while (std::atomic_ref{*world.used_idx}.load(std::memory_order_acquire)
                            != total) {
                         world.interrupts.wait();
                         (void)device.acknowledge();
                     }
                 },
                 [](World& world) {
                     for (u16 i = 1; i <= total; ++i) {
                         std::atomic_ref{*world.used_idx}.store(i, std::memory_order_release);
                         std::atomic_thread_fence(std::memory_order_seq_cst);
                         if (world.interrupt().fetch_or(1, std::memory_order_relaxed) == 0)
                             world.interrupts.ring();
                     }
                 }),
             "driver: fence after InterruptStatus");
}
