// board.cpp - the machine of board.hpp: serial line, power, the second CPU.
#include "board.hpp"

#include "arch/aarch64/psci.hpp"
#include "console.hpp"

#include <algorithm>
#include <atomic>

extern "C" void board_start();  // start.S
extern "C" [[noreturn]] void second_main();

namespace kernel {

constinit Gic gic;

// What the driver calls when a CPU has no redistributor.
void panic(std::string_view why)
{
    board::print(why);
    board::power_off();
}

}  // namespace kernel

namespace board {

namespace {

using kernel::gic;
using kernel::Gic;
using kernel::IntId;

constexpr PhysAddr distributor{0x0800'0000};
constexpr PhysAddr cpu_interface{0x0801'0000};
constexpr PhysAddr redistributors{0x080a'0000};
constexpr PhysAddr uart{0x0900'0000};
constexpr Bytes gicd_ispendr{0x0200};
constexpr Bytes uart_imsc{0x38};
constexpr Bytes uart_icr{0x44};
constexpr u32 uart_transmit = 1u << 5;
constexpr u64 cpu_on = 0xc400'0003;

// The place of an order, read and written past the caches that are off.
constinit std::atomic<Order> order{Order::none};
constinit std::atomic<u32> order_argument{0};
constinit std::atomic<u32> order_result{0};

bool gic_is_v3() { return (__builtin_arm_rsr64("id_aa64pfr0_el1") >> 24 & 0xf) != 0; }

void power_on(u64 cpu)
{
    register u64 x0 asm("x0") = cpu_on;
    register u64 x1 asm("x1") = cpu;
    register u64 x2 asm("x2") = reinterpret_cast<u64>(&board_start);
    register u64 x3 asm("x3") = 0;
    asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
}

u32 obey(u32 cpu, Order what, u32 argument)
{
    if (what == Order::start)
        gic.start_cpu(cpu, timer);
    if (what == Order::deactivate)
        Gic::deactivate(IntId{argument});
    if (what == Order::send_ipi)
        gic.send_ipi(argument);
    return what == Order::take ? std::min(Gic::take(), nothing) : 0;
}

}  // namespace

void print(std::string_view text)
{
    kernel::Pl011 out;
    out.attach(uart);
    for (const char c : text)
        out.put(c);
}

void power_off() { kernel::psci::power_off(false); }

void start()
{
    gic.start(gic_is_v3() ? 3 : 2, distributor, gic_is_v3() ? redistributors : cpu_interface);
    power_on(1);
    on(Cpu::first, Order::start);
    on(Cpu::second, Order::start);
}

u32 on(Cpu cpu, Order what, u32 argument)
{
    if (cpu == Cpu::first)
        return obey(0, what, argument);
    order_argument = argument;
    order = what;
    while (order != Order::none)
        kernel::sysreg::yield();
    return order_result;
}

void raise(IntId line)
{
    const Bytes word{gicd_ispendr.raw() + line.raw() / 32 * u64{4}};
    kernel::mmio::write32(distributor + word, 1u << line.raw() % 32);
}

void raise_timer()
{
    kernel::sysreg::set_cntv_cval(0);
    kernel::sysreg::set_cntv_ctl(1);
    kernel::sysreg::isb();
}
void silence_timer()
{
    kernel::sysreg::set_cntv_ctl(0);
    kernel::sysreg::isb();
}

// It has sent something, so its transmit interrupt is there to be let out.
void raise_serial() { kernel::mmio::write32(uart + uart_imsc, uart_transmit); }
void silence_serial() { kernel::mmio::write32(uart + uart_icr, uart_transmit); }

}  // namespace board

void second_main()
{
    for (;;) {
        const board::Order what = board::order;
        if (what == board::Order::none) {
            kernel::sysreg::yield();
            continue;
        }
        board::order_result = board::obey(1, what, board::order_argument);
        board::order = board::Order::none;
    }
}
