// tests/fuzz/model/model_fuzz.cpp - devices that do what bytes say, under a driver that does what
// bytes say. Property: neither crashes a model, reads beyond its memory, or makes it run for ever.
#include <memory>

#include <model/blk.hpp>
#include <model/chaos.hpp>
#include <model/console.hpp>
#include <model/entropy.hpp>
#include <model/gpu.hpp>
#include <model/input.hpp>
#include <model/net.hpp>

namespace {

// What the driver does; zeroes when it is used up.
class Script {
public:
    explicit Script(std::span<const u8> bytes) : rest_{bytes} {}

    bool empty() const { return rest_.empty(); }
    u8 byte()
    {
        if (rest_.empty())
            return 0;
        const u8 value = rest_.front();
        rest_ = rest_.subspan(1);
        return value;
    }

private:
    std::span<const u8> rest_;
};

std::unique_ptr<model::Device> make(u8 which, model::World& world)
{
    switch (which % 6) {
    case 0:
        return std::make_unique<model::Blk>(
            world, model::BlkOptions{.sectors = 64, .queues = 2, .max_discard = 8});
    case 1:
        return std::make_unique<model::Entropy>(world);
    case 2:
        return std::make_unique<model::Net>(
            world, model::NetOptions{.features = 0xbf'8024 | model::Net::mq, .max_pairs = 2});
    case 3:
        return std::make_unique<model::Input>(world, model::InputOptions::tablet());
    case 4:
        return std::make_unique<model::Console>(world, model::ConsoleOptions{.multiport = true});
    default:
        return std::make_unique<model::Gpu>(world, model::GpuOptions{.memory = 1 << 20});
    }
}

constexpr u16 size = 8;

struct Run {
    Run(std::span<const u8> driver, std::span<const u8> chaos, u8 how)
        : script{driver},
          device{make(how, world)},
          bus{*device, world, chaos, {.version = 1u + (how >> 7), .packed = (how & 0x40) != 0}},
          region{world.memory.allocate(4096)}
    {
        std::memset(region.memory, 0, region.bytes);
    }

    // Every queue in a page of its own, so that a driver of bytes gets anywhere.
    void start()
    {
        for (const u32 value : {0u, 1u, 3u})
            bus.write32(0x070, value);
        for (const u32 half : {0u, 1u}) {
            bus.write32(0x014, half);
            const u32 offered = bus.read32(0x010);
            bus.write32(0x024, half);
            bus.write32(0x020, offered);
        }
        bus.write32(0x070, 11);
        for (u32 queue = 0; queue < bus.mmio.queues(); ++queue) {
            const auto page = world.memory.allocate(4096);
            std::memset(page.memory, 0, page.bytes);
            pages.push_back(page);
            bus.write32(0x030, queue);
            bus.write32(0x038, size);
            for (u32 i = 0; i < 3; ++i) {
                bus.write32(0x080 + 0x10 * i, static_cast<u32>(page.address) + 1024 * i);
                bus.write32(0x084 + 0x10 * i, static_cast<u32>(page.address >> 32));
            }
            bus.write32(0x044, 1);
        }
        bus.write32(0x070, 15);
    }

    // A descriptor that is mostly right.
    void describe()
    {
        const auto& page = pages[script.byte() % pages.size()];
        const u8 row = script.byte() % size;
        const u32 length = script.byte() * 4u;
        const u64 address = region.address + script.byte() * 8u;
        std::memcpy(page.memory + 16 * row, &address, 8);
        std::memcpy(page.memory + 16 * row + 8, &length, 4);
        for (u32 i = 12; i < 16; ++i)
            page.memory[16 * row + i] = static_cast<std::byte>(script.byte());
        page.memory[1024 + 2] = static_cast<std::byte>(script.byte());
    }

    void step()
    {
        const u8 what = script.byte();
        switch (what % 8) {
        case 0:
        case 1:
            return describe();
        case 2:
        case 3:
            return bus.write32(0x050, what / 8 % bus.mmio.queues());
        case 4:
            region.memory[script.byte() * 16u] = static_cast<std::byte>(script.byte());
            return;
        case 5:
            return bus.write32(script.byte() * 4u, script.byte());
        case 6:
            (void)bus.read32(script.byte() * 4u);
            return bus.write8(0x100 + what / 64, script.byte());
        default:
            return bus.act();
        }
    }

    Script script;
    model::World world;
    std::unique_ptr<model::Device> device;
    model::Chaos bus;
    model::Memory::Region region;
    std::vector<model::Memory::Region> pages;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count)
{
    if (count < 2)
        return 0;
    const std::span all{bytes + 1, count - 1};
    Run run{all.subspan(all.size() / 3), all.first(all.size() / 3), bytes[0]};
    run.start();
    while (!run.script.empty())
        run.step();
    return 0;
}
