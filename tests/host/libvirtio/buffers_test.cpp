// tests/host/libvirtio/buffers_test.cpp - a queue of equal buffers, by itself: what it refuses, and
// that no buffer is used for more than it has room for.
#include "rig.hpp"

#include <model/console.hpp>
#include <virtio/buffers.hpp>

using namespace virtio;

namespace {

constexpr u16 transmit = 1;  // of a console: what it gets is its output

struct Rig {
    Rig() { REQUIRE(device.negotiate({.required = {}, .optional = ring_features}).has_value()); }

    Result<> start(BufferShape shape, usize short_by = 0)
    {
        const auto bytes = BufferQueue<8>::memory_bytes(shape).raw() - short_by;
        cursor.emplace(dma(world.memory.allocate(bytes)));
        return queue.start(device, transmit, *cursor, shape);
    }
    Result<> send(usize bytes)
    {
        static constexpr std::array<std::byte, 64> text{};
        return queue.send(std::span{text}.first(bytes));
    }

    model::World world;
    model::Console console{world};
    model::Mmio mmio{console, world};
    Device<model::Mmio> device = Device<model::Mmio>::probe(mmio).value();
    std::optional<DmaCursor> cursor;
    BufferQueue<8> queue;
};

}  // namespace

TEST_CASE("a queue of buffers has some, of some bytes, and memory for them", "[libvirtio][buffers]")
{
    Rig rig;
    CHECK(rig.start({0, 16}).error() == Errc::bad_argument);
    CHECK(rig.start({4, 0}).error() == Errc::bad_argument);
    CHECK(rig.start({4, 16}, page_bytes).error() == Errc::no_space);
    CHECK(rig.send(1).error() == Errc::device_fault);
    CHECK(rig.queue.post().error() == Errc::device_fault);
}

TEST_CASE("a queue that the device did not take is none", "[libvirtio][buffers][LD17]")
{
    Rig rig;
    rig.world.lies.arm(model::Lie::queue_refused);
    DmaCursor memory{dma(rig.world.memory.allocate(DeviceQueue<8>::memory_bytes(8).raw()))};
    const DmaCursor again = memory;
    DeviceQueue<8> queue;
    REQUIRE(queue.start(rig.device, transmit, memory, 8).error() == Errc::device_fault);
    const std::array chain{Buffer{DeviceAddr{0x1'4000'0000}, 8, false}};
    CHECK(queue.submit(chain).error() == Errc::device_fault);
    CHECK(queue.size() == 0);
    CHECK_FALSE(queue.kick(rig.device));
    CHECK_FALSE(queue.take().has_value());
    rig.world.lies.disarm(model::Lie::queue_refused);
    memory = again;
    CHECK(queue.start(rig.device, transmit, memory, 8).has_value());
}

TEST_CASE("memory whose pointer is not aligned is no memory for a queue", "[libvirtio][buffers]")
{
    Rig rig;
    auto region = dma(rig.world.memory.allocate(2 * DeviceQueue<8>::memory_bytes(8).raw()));
    region.memory += 4;
    DmaCursor memory{region};
    DeviceQueue<8> queue;
    CHECK(queue.start(rig.device, transmit, memory, 8).error() == Errc::no_space);
    CHECK(queue.size() == 0);
}

TEST_CASE("what is sent fits a buffer, and there is one", "[libvirtio][buffers]")
{
    Rig rig;
    REQUIRE(rig.start({4, 16}).has_value());
    REQUIRE(rig.device.go().has_value());
    CHECK(rig.send(0).error() == Errc::bad_argument);
    CHECK(rig.send(17).error() == Errc::too_big);
    CHECK(rig.queue.free_count() == 4);
    for (u32 i = 0; i < 4; ++i)
        CHECK(rig.send(16).has_value());
    CHECK(rig.send(1).error() == Errc::would_block);
    CHECK(rig.queue.post().error() == Errc::would_block);
    (void)rig.queue.kick(rig.device);
    CHECK(rig.console.output[0].size() == 64);
    REQUIRE(rig.queue.reclaim().has_value());
    CHECK(rig.queue.free_count() == 4);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a queue of buffers that was lied to takes no more", "[libvirtio][buffers][LD1]")
{
    Rig rig;
    REQUIRE(rig.start({4, 16}).has_value());
    REQUIRE(rig.device.go().has_value());
    rig.world.lies.arm_on(transmit, model::Lie::id_out_of_range, 300, 1);
    REQUIRE(rig.send(16).has_value());
    (void)rig.queue.kick(rig.device);
    CHECK(rig.queue.reclaim().error() == Errc::device_fault);
    CHECK(rig.queue.broken());
    CHECK(rig.queue.fault() == Fault::id_out_of_range);
    CHECK(rig.send(1).error() == Errc::device_fault);
    CHECK(rig.queue.post().error() == Errc::device_fault);
    rig.queue.stop();
    CHECK(rig.send(1).error() == Errc::device_fault);
}
