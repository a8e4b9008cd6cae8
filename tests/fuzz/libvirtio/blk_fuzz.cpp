// tests/fuzz/libvirtio/blk_fuzz.cpp - a block device whose registers and memory say anything.
//
// The model answers honestly unless the script overrules it. Property: whatever the device says,
// each accepted request ends exactly once, by take() or as lost in recover(), with all of its bytes
// or none; requests outside the capacity that the driver last read are refused.
#include "script.hpp"

#include <cstdlib>
#include <map>

#include <model/blk.hpp>
#include <model/mmio.hpp>
#include <virtio/blk.hpp>

using namespace virtio;
namespace vblk = virtio::blk;

namespace {

void demand(bool held)
{
    if (!held)
        std::abort();
}

// Overrules a read when the script says so.
struct ScriptedBus {
    model::Mmio& honest;
    Script& script;

    bool lie() { return script.byte() >= 0xe0; }
    u8 read8(u32 offset)
    {
        const u8 value = honest.read8(offset);
        return lie() ? script.byte() : value;
    }
    u16 read16(u32 offset)
    {
        const u16 value = honest.read16(offset);
        return lie() ? script.half() : value;
    }
    u32 read32(u32 offset)
    {
        const u32 value = honest.read32(offset);
        return lie() ? script.word() : value;
    }
    void write8(u32 offset, u8 value) { honest.write8(offset, value); }
    void write16(u32 offset, u16 value) { honest.write16(offset, value); }
    void write32(u32 offset, u32 value) { honest.write32(offset, value); }
};

using Driver = vblk::Driver<ScriptedBus, 16, 64>;
constexpr vblk::Options options{.queue_size = 64, .slots = 16};

model::MmioOptions offered(u8 what)
{
    return {.version = 1u + what % 2,
            .event_idx = (what & 8) == 0,
            .indirect = (what & 4) == 0,
            .packed = (what & 2) != 0,
            .automatic = false};
}

struct Run {
    Run(const u8* bytes, usize count)
        : script{bytes, count},
          disk{world, {.sectors = 64}},
          mmio{disk, world, offered(script.byte())},
          bus{mmio, script},
          region{world.memory.allocate(Driver::memory_bytes(options).raw())},
          data{world.memory.allocate(64 * 512)}
    {
    }

    bool start()
    {
        auto probed = Device<ScriptedBus>::probe(bus);
        if (!probed)
            return false;
        device = *probed;
        const DmaRegion memory{region.memory, DeviceAddr{region.address}, Bytes{region.bytes}};
        return driver.start(*device, memory, options).has_value();
    }

    void transfer(bool write)
    {
        std::array<vblk::Run, 4> runs{};
        const u8 shape = script.byte();
        const usize count = shape % 4 + 1u;
        u64 bytes = 0;
        for (usize i = 0; i < count; ++i) {
            runs[i] = {DeviceAddr{data.address}, u32{512} * (script.byte() % 9)};
            bytes += runs[i].length;
        }
        const u64 first = shape >= 0xf0 ? ~u64{0} - shape : script.byte();
        const auto asked = std::span<const vblk::Run>{runs}.first(count);
        const auto done = write ? driver.write(next, vblk::Sector{first}, asked)
                                : driver.read(next, vblk::Sector{first}, asked);
        if (!done)
            return;
        const u64 capacity = driver.info().capacity.raw();
        demand(bytes != 0 && first <= capacity && bytes / 512 <= capacity - first);
        demand(!write || !driver.info().read_only);
        expected[next++] = bytes;
    }

    void other(bool flush)
    {
        if (flush ? driver.flush(next) : driver.identify(next))
            expected[next++] = flush ? 0 : 20;
    }

    void take()
    {
        const auto taken = driver.take();
        if (!taken || !*taken)
            return;
        const auto request = expected.find((*taken)->tag);
        demand(request != expected.end());
        demand((*taken)->bytes == ((*taken)->outcome == vblk::Outcome::ok ? request->second : 0));
        expected.erase(request);
    }

    void recover()
    {
        bool called = false;
        const auto done = driver.recover([&](u64 tag) {
            called = true;
            demand(expected.erase(tag) == 1);
        });
        demand(!called || expected.empty());
        demand(!done || expected.empty());
    }

    // Anything into the memory that the driver shares with the device.
    void scribble()
    {
        const u32 at = script.half() % static_cast<u32>(region.bytes);
        for (u8 count = script.byte() % 16; count != 0; --count)
            if (at + count < region.bytes)
                region.memory[at + count] = static_cast<std::byte>(script.byte());
    }

    void step()
    {
        switch (script.byte() % 16) {
        case 0:
        case 1:
        case 2:
            transfer(false);
            break;
        case 3:
        case 4:
            transfer(true);
            break;
        case 5:
            other(true);
            break;
        case 6:
            other(false);
            break;
        case 7:
        case 8:
            (void)driver.kick();
            break;
        case 9:
        case 10:
            mmio.run();
            break;
        case 11:
        case 12:
            take();
            break;
        case 13:
            scribble();
            break;
        case 14:
            if (driver.arm() || device->acknowledge().config_change)
                (void)driver.refresh();
            break;
        default:
            recover();
        }
        demand(driver.in_flight() >= expected.size() || driver.broken() || driver.slots() == 0);
    }

    Script script;
    model::World world;
    model::Blk disk;
    model::Mmio mmio;
    ScriptedBus bus;
    model::Memory::Region region;
    model::Memory::Region data;
    std::optional<Device<ScriptedBus>> device;
    Driver driver;
    std::map<u64, u64> expected;  // bytes by tag
    u64 next = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count)
{
    Run run{bytes, count};
    if (!run.start())
        return 0;
    while (!run.script.empty())
        run.step();
    return 0;
}
