// chaos_gpu.cpp - commands come back once; displays and EDID are no larger than they can be.
#include "chaos_rig.hpp"

#include <model/gpu.hpp>
#include <virtio/gpu.hpp>

using namespace virtio;

namespace {

constexpr u64 tags = 8;
constexpr gpu::Options options{.commands = 4, .entries = 4};

struct Rig : ChaosRig<model::Gpu, gpu::Driver<ChaosBus, 4>> {
    explicit Rig(const ChaosInput& input)
        : ChaosRig{input, Driver::memory_bytes(options).raw(), 4096,
                   model::GpuOptions{.displays = {{0, 0, 64, 48}}, .memory = 1 << 16}}
    {
    }
    void start() { (void)driver.start(*device, memory, options); }

    gpu::Rect rect() { return {script.byte(), script.byte(), script.byte(), script.byte()}; }
    Result<> send(u64 tag)
    {
        const u8 what = script.byte();
        const gpu::Resource resource{what / 64u};
        const std::array runs{run(0, 2048), run(2048, script.byte() * 8u)};
        switch (what % 9) {
        case 0:
            return driver.get_display_info(tag);
        case 1:
            return driver.get_edid(tag, script.byte());
        case 2:
            return driver.create(tag, resource, gpu::Format::b8g8r8x8, script.byte() % 64,
                                 script.byte() % 64);
        case 3:
            return driver.unref(tag, resource);
        case 4:
            return driver.attach(tag, resource, runs);
        case 5:
            return driver.detach(tag, resource);
        case 6:
            return driver.set_scanout(tag, script.byte() % 2, resource, rect());
        case 7:
            return driver.transfer(tag, resource, rect(), script.byte());
        default:
            return driver.flush(tag, resource, rect());
        }
    }
    void command()
    {
        u64 tag = 0;
        while (tag < tags && given.out(tag))
            ++tag;
        if (tag < tags && send(tag))
            given.gave(tag);
    }
    void take()
    {
        if (const auto taken = driver.take(); taken && *taken)
            given.back((**taken).tag);
        demand(driver.edid().size() <= 1024 && driver.displays().size() == driver.scanouts());
    }
    void recover()
    {
        if (driver.recover([this](u64 tag) { given.back(tag); }))
            demand(given.none());
    }

    void step(u8 what)
    {
        switch (what % 10) {
        case 0:
        case 1:
        case 2:
            return command();
        case 3:
        case 4:
            return take();
        case 5:
        case 6:
            return void(driver.kick());
        case 7:
            return void(what < 128 ? driver.move_cursor(what % 2, what, what)
                                   : driver.update_cursor(0, 0, 0, gpu::Resource{1}, 0, 0));
        case 8:
            if (driver.arm() || driver.display_changed())
                return thing.set_display(0, {0, 0, script.byte(), script.byte()});
            return other_step();
        default:
            return recover();
        }
    }

    Tags<tags> given;
};

}  // namespace

void fuzz_gpu(const ChaosInput& input)
{
    Rig rig{input};
    drive(rig);
}
