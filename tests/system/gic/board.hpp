// board.hpp - QEMU's virt machine with two CPUs and no kernel: the first one runs the cases, the
// second one obeys it.
#pragma once

#include "arch/aarch64/gic.hpp"

#include <string_view>

namespace board {

enum class Cpu : u32 { first, second };
enum class Order : u32 { none, start, take, deactivate, send_ipi };

inline constexpr u32 nothing = kernel::Gic::spurious;  // was there to be taken
inline constexpr kernel::IntId timer{27};
inline constexpr kernel::IntId serial{33};  // a level
inline constexpr kernel::IntId spare{60};   // fires when told to

void start();
[[noreturn]] void power_off();
void print(std::string_view text);

// What the CPU took, if it was to take something.
u32 on(Cpu cpu, Order order, u32 argument = 0);

void raise(kernel::IntId line);  // an edge
void raise_timer();
void silence_timer();
void raise_serial();
void silence_serial();

}  // namespace board
