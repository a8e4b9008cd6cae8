// two_lines.cpp - two devices whose lines are bound to one notification. No server has that: the
// first process is this test, which has all devices.
#include "entropy.hpp"

#include <abi/boot.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using check::works;

constexpr u32 first_slot = 0;
constexpr u32 second_slot = 8;

[[clang::no_destroy]] constinit abi::BootInfo boot{};
[[clang::no_destroy]] constinit abi::Startup page{};

constexpr unsigned second_number = bit_number + 1;
constexpr auto both = interrupt_bit | abi::Bits::at(second_number);

struct Two {
    sys::Borrowed<sys::Device> device{boot.devices[second_slot]};
    common::DeviceBus bus = need(common::DeviceBus::open(device));
    Entropy first;
    Entropy second{device, bus};

    Two()
    {
        second.unbind();
        works(sys::register_interrupt(second.line.borrow(), first.bell.borrow(), second_number));
    }
    abi::Bits wait(abi::Ticks until) const { return need(sys::wait(first.bell.borrow(), until)); }
    // As often as it takes: they come in any order.
    void wait_for_both(abi::Bits bits)
    {
        while (bits != both) {
            const auto more = sys::wait(first.bell.borrow(), check::patience());
            if (!that(more.has_value(), "one line was not heard of"))
                return;
            bits = bits | *more;
        }
        equals(first.take(), 64u);
        equals(second.take(), 64u);
    }
    void arm()
    {
        (void)first.driver.arm();
        (void)second.driver.arm();
    }
};

void ask_both(Two& two)
{
    two.first.ask();
    two.second.ask();
}

// Both fire before the first wait, which so delivers both. The one after that has no deadline, and
// whoever asks is ready: that is the short way.
void both_are_armed()
{
    Two two;
    for (int round = 0; round < 5; ++round) {
        two.arm();
        two.first.ask_and_fire();
        two.second.ask_and_fire();
        two.wait_for_both(two.wait(abi::now));
        two.arm();
        check::Threaded<Two, 16'384> asker{&ask_both, two, 0};
        const abi::Bits bits = two.wait(abi::never);
        asker.join();
        two.wait_for_both(bits);
        // Nothing is left to be armed.
        check::fails(sys::wait(two.first.bell.borrow(), sys::after_ms(1)), Errc::timed_out);
    }
}

constexpr std::array cases{
    check::Case{"a wait arms each of two lines that were delivered", both_are_armed},
};

void grant(std::string_view name, abi::Slot slot, abi::Kind kind)
{
    page.grants[page.grant_count++] = {text::padded<16>(name), slot, static_cast<u32>(kind), 0};
}

}  // namespace

int program_main(const void* argument)
{
    boot = *static_cast<const abi::BootInfo*>(argument);
    page.magic = abi::startup_magic;
    page.name = text::padded<16>("two_lines");
    grant("self", boot.self, abi::Kind::process);
    grant("device", boot.devices[first_slot], abi::Kind::device);
    const sys::Startup given{page};
    const int result = check::run(given, {cases});
    (void)sys::system_off({boot.self}, static_cast<u64>(result));
    return 255;
}
