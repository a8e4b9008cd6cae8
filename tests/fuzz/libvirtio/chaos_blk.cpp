// chaos_blk.cpp - requests come back once, with all of their bytes or none; none is accepted that
// lies beyond the capacity.
#include "chaos_rig.hpp"

#include <model/blk.hpp>
#include <virtio/blk.hpp>

using namespace virtio;

namespace {

constexpr u64 tags = 16;
constexpr blk::Options options{.queue_size = 32, .slots = 8, .runs = 4};

struct Rig : ChaosRig<model::Blk, blk::Driver<ChaosBus, 8, 32, 4>> {
    explicit Rig(const ChaosInput& input)
        : ChaosRig{input, Driver::memory_bytes(options).raw(), u64{16} * 512,
                   model::BlkOptions{.sectors = 8}}
    {
    }

    void start() { (void)driver.start(*device, memory, options); }

    void transfer(bool write)
    {
        const u8 shape = script.byte();
        std::array<blk::Run, 5> runs{};
        const usize count = shape % 5 + 1u;
        u64 bytes = 0;
        for (usize i = 0; i < count; ++i) {
            runs[i] = {data.address, 512u * (script.byte() % 9)};
            bytes += runs[i].length;
        }
        const u64 first = shape >= 0xf0 ? ~u64{0} - shape : script.byte() % 12;
        const u64 tag = free_tag();
        const auto asked = std::span<const blk::Run>{runs}.first(count);
        const blk::Sector sector{first};
        if (!(write ? driver.write(tag, sector, asked) : driver.read(tag, sector, asked)))
            return;
        const u64 capacity = driver.info().capacity.raw();
        demand(bytes != 0 && first <= capacity && bytes / 512 <= capacity - first);
        demand(!write || !driver.info().read_only);
        gave(tag, bytes);
    }
    void gave(u64 tag, u64 bytes)
    {
        demand(!given.out(tag));
        given.gave(tag);
        expected[tag] = bytes;
    }
    // One that the driver has not got: it never has as many.
    u64 free_tag() const
    {
        u64 tag = 0;
        while (given.out(tag))
            ++tag;
        return tag;
    }

    void take()
    {
        const auto taken = driver.take();
        if (!taken || !*taken)
            return;
        given.back((**taken).tag);
        const u64 all = expected[(**taken).tag];
        demand((**taken).bytes == ((**taken).outcome == blk::Outcome::ok ? all : 0));
    }
    void recover()
    {
        if (driver.recover([this](u64 tag) { given.back(tag); }))
            demand(given.none());
    }

    void step(u8 what)
    {
        switch (what % 12) {
        case 0:
        case 1:
            return transfer(false);
        case 2:
            return transfer(true);
        case 3:
            if (const u64 tag = free_tag(); driver.flush(tag))
                gave(tag, 0);
            return;
        case 4:
            if (const u64 tag = free_tag(); driver.identify(tag))
                gave(tag, 20);
            return;
        case 5:
        case 6:
            return void(driver.kick());
        case 7:
        case 8:
            return take();
        case 9:
            return what < 128 ? void(driver.arm()) : void(driver.refresh());
        case 10:
            return other_step();
        default:
            return recover();
        }
    }

    Tags<tags> given;
    std::array<u64, tags> expected{};
};

}  // namespace

void fuzz_blk(const ChaosInput& input)
{
    Rig rig{input};
    drive(rig);
}
