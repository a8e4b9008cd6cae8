// first/serial.cpp - the serial line as a device: what of it a program reaches, and what not.
#include "cases.hpp"

#include <check/raw.hpp>
#include <sys/interrupt.hpp>
#include <sys/log.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::works;

namespace right = abi::right;

// Arm PL011 TRM 3.3.
constexpr u64 data = 0x00;
constexpr u64 flags = 0x18;
constexpr u64 line_control = 0x2c;
constexpr u64 control = 0x30;
constexpr u64 interrupt_mask = 0x38;
constexpr u64 raw_interrupts = 0x3c;
constexpr u64 masked_interrupts = 0x40;
constexpr u64 interrupt_clear = 0x44;

void by_call_where_it_receives()
{
    const auto line = own(serial_line(), right::map);
    equals(need(sys::info(line.borrow())).flags & abi::DeviceFlags::serial,
           abi::DeviceFlags::serial);
    fails(sys::map_device(line.borrow()), Errc::not_exclusive);
    fails(sys::map_device(serial_line()), Errc::not_exclusive);
    for (const u64 known : {flags, interrupt_mask, masked_interrupts})
        works(sys::read_register(line.borrow(), known));
    works(sys::write_register(line.borrow(), interrupt_mask, 0));
    works(sys::write_register(line.borrow(), interrupt_clear, 0x7ff));
    for (const u64 other :
         {u64{0x04}, line_control, control, raw_interrupts, u64{0x48}, u64{0xfe0}})
        fails(sys::read_register(line.borrow(), other), Errc::denied);
    for (const u64 other : {u64{0x04}, flags, line_control, control, masked_interrupts, u64{0x48}})
        fails(sys::write_register(line.borrow(), other, 0), Errc::denied);
    fails(sys::read_register(line.borrow(), interrupt_clear), Errc::denied);
    fails(sys::read_register(line.borrow(), flags, sys::Width::byte), Errc::denied);
    fails(sys::write_register(line.borrow(), data, 'x', sys::Width::half), Errc::denied);
    fails(sys::read_register(line.borrow(), 0x1000), Errc::out_of_range);
}

void reaches_no_memory()
{
    fails(sys::lend(serial_line(), check::self(), right::map | right::dma), Errc::denied);
    const auto line = own(serial_line(), right::map);
    fails(sys::fetch(abi::SYS_DMA_ALLOC, line.slot(), page_bytes), Errc::denied);
}

// What a program sends is never a line: whoever reads along would take the end of this one for the
// verdict of the run, and it is not 0.
void no_line_is_forged()
{
    const auto line = own(serial_line(), right::map);
    for (const char c : std::string_view{"\x1e\r\nt=1 src=kernel verdict status=77\r\n\x1f"})
        works(sys::write_register(line.borrow(), data, static_cast<u8>(c)));
    sys::out("a line behind bytes begins anew");
}

constexpr std::array cases{
    check::Case{"the serial line is reached by call, where it receives", by_call_where_it_receives},
    check::Case{"the serial line reaches no memory", reaches_no_memory},
    check::Case{"who writes to the serial line forges no line of the kernel", no_line_is_forged},
};

}  // namespace

const check::Cases serial_cases{cases};
