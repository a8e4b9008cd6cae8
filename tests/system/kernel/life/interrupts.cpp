// life/interrupts.cpp - a driver ends with its line fired, delivered or waited for, and with its
// memory in the hands of the device. The next one finds both as new.
#include "state.hpp"

namespace {

using check::equals;
using check::need;

constexpr u32 slot = 0;
constexpr u64 status_register = 0x70;  // virtio 1.2, 4.2.2

// What init does for a dead driver: a reset, seen to be one, and then the memory comes back.
void reset()
{
    const auto device = check::first::device(slot);
    need(sys::write_register(device, status_register, 0));
    equals(need(sys::read_register(device, status_register)), 0);
    check::that(need(sys::quiesced(device)) > 0, "nothing was pinned");
    equals(need(sys::info(device)).pinned_pages, 0);
}

void driver(std::string_view state)
{
    Around around;
    auto starter = around.starter(state, {.image = "test_mortal"});
    need(starter.launch().lend("device", check::first::device(slot),
                               abi::right::map | abi::right::dma));
    const auto child = starter.run();
    around.wait_until_ready();
    pause_by_lot();
    child.kill();
    equals(child.info().exit.cause, abi::ExitCause::killed);
    reset();
}

void fired() { driver("irq_fired"); }
void delivered() { driver("irq_delivered"); }
void waited_for() { driver("irq_waiting"); }

constexpr std::array<Way, 3> ways{fired, delivered, waited_for};

}  // namespace

const std::span<const Way> interrupt_ways{ways};
