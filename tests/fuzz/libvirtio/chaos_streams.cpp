// chaos_streams.cpp - the drivers that copy: random bytes, events, characters. No more comes than
// there was room for.
#include "chaos_rig.hpp"

#include <model/console.hpp>
#include <model/entropy.hpp>
#include <model/input.hpp>
#include <virtio/console.hpp>
#include <virtio/entropy.hpp>
#include <virtio/input.hpp>

using namespace virtio;

namespace {

struct EntropyRig : ChaosRig<model::Entropy, entropy::Driver<ChaosBus>> {
    static constexpr entropy::Options options{.buffers = 4, .buffer_bytes = 32};

    explicit EntropyRig(const ChaosInput& input)
        : ChaosRig{input, Driver::memory_bytes(options).raw(), 16}
    {
    }
    void start() { (void)driver.start(*device, memory, options); }
    void take()
    {
        std::array<std::byte, 40> bytes{};
        const auto room = std::span{bytes}.first(script.byte() % 40);
        if (const auto taken = driver.take(room); taken && *taken)
            demand(**taken <= room.size() && **taken <= options.buffer_bytes);
    }
    void step(u8 what)
    {
        switch (what % 8) {
        case 0:
        case 1:
            (void)driver.request();
            break;
        case 2:
            (void)driver.kick();
            break;
        case 3:
        case 4:
            return take();
        case 5:
            (void)driver.arm();
            break;
        case 6:
            return other_step();
        default:
            (void)driver.recover();
        }
        demand(driver.in_flight() <= options.buffers);
    }
};

struct InputRig : ChaosRig<model::Input, virtio::input::Driver<ChaosBus, 8, 4>> {
    static constexpr virtio::input::Options options{.events = 8, .status = 4};

    explicit InputRig(const ChaosInput& given)
        : ChaosRig{given, Driver::memory_bytes(options).raw(), 16, model::InputOptions::tablet()}
    {
    }
    void start() { (void)driver.start(*device, memory, options); }
    void ask()
    {
        using namespace virtio::input;
        const u8 what = script.byte();
        const auto select = static_cast<Select>(what);
        if (const auto told = text(*device, select))
            demand(told->size <= told->bytes.size());
        (void)bitmap(*device, select, script.byte());
        if (const auto range = axis(*device, script.byte()))
            demand(range->min < range->max);
    }
    void step(u8 what)
    {
        switch (what % 10) {
        case 0:
        case 1:
        case 2:
            return void(driver.take());
        case 3:
            return void(driver.set_led(script.byte(), what > 127));
        case 4:
        case 5:
            return void(driver.kick());
        case 6:
            return void(driver.ran_dry() || driver.arm());
        case 7:
            if (what > 200)
                return ask();
            return thing.send({{1, script.byte(), what & 1u}});
        case 8:
            return other_step();
        default:
            return void(driver.recover());
        }
    }
};

struct ConsoleRig : ChaosRig<model::Console, console::Driver<ChaosBus, 4>> {
    static constexpr console::Options options{.buffers = 4, .buffer_bytes = 16};

    explicit ConsoleRig(const ChaosInput& input)
        : ChaosRig{input, Driver::memory_bytes(options).raw(), 16,
                   model::ConsoleOptions{.multiport = true}}
    {
    }
    void start() { (void)driver.start(*device, memory, options); }
    void write()
    {
        const std::array<std::byte, 100> text{};
        const usize wish = script.byte() % 100;
        if (const auto written = driver.write(std::span{text}.first(wish)))
            demand(*written <= wish);
    }
    void read()
    {
        std::array<std::byte, 20> text{};
        const auto room = std::span{text}.first(script.byte() % 20);
        if (const auto bytes = driver.read(room); bytes && *bytes)
            demand(**bytes <= room.size());
    }
    void talk(u8 what)
    {
        if (what < 100)
            return thing.type("typed");
        thing.say({script.byte(), script.byte(), script.byte()});
    }
    void step(u8 what)
    {
        switch (what % 12) {
        case 0:
            return write();
        case 1:
        case 2:
            return read();
        case 3:
        case 4:
            return void(driver.control());
        case 5:
        case 6:
            return void(driver.kick());
        case 7:
            return void(driver.arm() || driver.arm_control() || driver.unsent());
        case 8:
            return void(what < 128 ? driver.refresh() : driver.emergency_write("!"));
        case 9:
            return talk(what);
        case 10:
            return other_step();
        default:
            return void(driver.recover());
        }
    }
};

}  // namespace

void fuzz_entropy(const ChaosInput& input)
{
    EntropyRig rig{input};
    drive(rig);
}
void fuzz_input(const ChaosInput& input)
{
    InputRig rig{input};
    drive(rig);
}
void fuzz_console(const ChaosInput& input)
{
    ConsoleRig rig{input};
    drive(rig);
}
