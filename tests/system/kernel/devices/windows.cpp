// windows.cpp - SYS_MAP_DEVICE, SYS_DEVICE_IO and SYS_DEVICE_INFO where the page is ours alone.
#include "cases.hpp"
#include "io.hpp"

#include <check/child.hpp>
#include <check/raw.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

constexpr u32 magic = 0x74726976;
constexpr u64 window_bytes = 0x200;
constexpr u64 status = 0x70;

u32 load(u64 address)
{
    u32 value = 0;
    asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

Result<sys::Window> map(u64 window) { return sys::map_device(device(), window); }

// A mapping lasts as long as the process: one for all cases.
u64 mapped()
{
    static constinit u64 address = 0;
    if (address == 0)
        address = need(map(0)).address.raw();
    return address;
}

void information()
{
    const auto info = need(sys::info(device()));
    equals(info.windows, 1);
    equals(info.interrupts, 1);
    equals(info.index, 0);
    equals(info.window_bytes.raw(), window_bytes);
    equals(info.pinned_pages, 0);
    equals(info.quarantined_pages, 0);
    equals(info.flags,
           abi::DeviceFlags::coherent | abi::DeviceFlags::edge | abi::DeviceFlags::lent);
}

void registers_are_there()
{
    equals(load(mapped()), magic);
    const u32 version = load(mapped() + 4);
    that(version == 1 || version == 2, "no version of virtio-mmio");
    equals(load(mapped() + 8), 4u);
    equals(need(io(device(), {})), u64{magic});
}

void other_windows()
{
    for (const u64 window : {u64{1}, u64{2}, u64{1} << 32, ~u64{0}}) {
        fails(map(window), Errc::out_of_range);
        fails(io(device(), {.window = window}), Errc::out_of_range);
    }
}

void offsets_beyond()
{
    for (const u64 offset :
         {window_bytes, window_bytes + 4, u64{0x1000}, u64{1} << 32, u64{1} << 63, ~u64{3}})
        for (const u64 write : {u64{0}, u64{1}})
            fails(io(device(), {.offset = offset, .write = write}), Errc::out_of_range);
    fails(io(device(), {.offset = window_bytes, .width = 1}), Errc::out_of_range);
    fails(io(device(), {.offset = ~u64{0}, .width = 1}), Errc::out_of_range);
    fails(io(device(), {.offset = ~u64{1}, .width = 2}), Errc::out_of_range);
}

void crooked_accesses()
{
    for (const u64 offset : {u64{1}, u64{2}, u64{3}, u64{0x1ff}, ~u64{0}})
        fails(io(device(), {.offset = offset}), Errc::bad_argument);
    for (const u64 offset : {u64{1}, u64{3}, u64{0x1ff}})
        fails(io(device(), {.offset = offset, .width = 2}), Errc::bad_argument);
    for (const u64 width : {u64{0}, u64{3}, u64{5}, u64{8}, u64{16}, u64{1} << 32 | 4, ~u64{0}})
        fails(io(device(), {.width = width}), Errc::bad_argument);
    for (const u64 write : {u64{2}, ~u64{0}})
        fails(io(device(), {.write = write}), Errc::bad_argument);
}

void reset()
{
    works(io(device(), {.offset = status, .value = 0, .write = 1}));
    equals(need(io(device(), {.offset = status})), 0);
}

void registers_can_be_written()
{
    reset();
    works(io(device(), {.offset = status, .value = 1, .write = 1}));
    equals(need(io(device(), {.offset = status})), 1);
    equals(load(mapped() + status), 1u);
    works(io(device(), {.offset = status, .value = 0, .write = 1}));
    equals(load(mapped() + status), 0u);
}

// No bit above the low 32 of a value is written or read.
void values_have_32_bits()
{
    reset();
    works(io(device(), {.offset = status, .value = 0xffff'ffff'0000'0001, .write = 1}));
    equals(need(io(device(), {.offset = status})), 1);
    works(io(device(), {.offset = status, .value = 0, .write = 1}));
}

// It was lent to us: we can neither pass it on nor copy it.
void devices_stay_with_their_owner()
{
    const auto child =
        need(sys::create_process(check::self(), {16, 4, 1, 0, text::padded<16>("child"), 0, 0}));
    fails(sys::grant(child.borrow(), device().slot, abi::right::map), Errc::denied);
    fails(sys::lend(device(), child.borrow(), abi::right::map), Errc::denied);
    fails(sys::duplicate(device(), abi::right::map), Errc::denied);
    fails(sys::quiesced(device()), Errc::denied);
    const auto endpoint = need(sys::create_endpoint());
    const auto client = need(sys::mint(endpoint.borrow(), 1));
    sys::message_page().handles[0] = device().slot;
    equals(sys::call(client.borrow(), {abi::Header::make(1, 0, 1), {}}, sys::after_ms(1))
               .header.status(),
           Errc::denied);
    equals(need(sys::handle_info(device().slot)).rights, abi::right::map | abi::right::dma);
}

// Registers are neither memory to be copied from nor to be mapped again.
void registers_are_no_memory()
{
    fails(sys::perform(abi::Syscall::log, abi::no_slot, mapped(), 16, 0), Errc::fault);
    fails(sys::perform(abi::Syscall::memory_unmap, abi::no_slot, mapped() + page_bytes, page_bytes),
          Errc::not_found);
    equals(check::raw_error(check::raw_call(abi::Syscall::memory_info, device().slot)),
           Errc::wrong_kind);
}

constexpr std::array cases{
    check::Case{"a device tells its windows, its interrupts and its place", information},
    check::Case{"mapped registers are those of the device", registers_are_there},
    check::Case{"a window that the device does not have is refused", other_windows},
    check::Case{"an access beyond the window is refused, near 2^64 too", offsets_beyond},
    check::Case{"crooked offsets, widths and directions are refused", crooked_accesses},
    check::Case{"a register is written by call and read back both ways", registers_can_be_written},
    check::Case{"a value has 32 bits", values_have_32_bits},
    check::Case{"a device that was lent can be neither passed on nor copied",
                devices_stay_with_their_owner},
    check::Case{"registers are no memory for any other call", registers_are_no_memory},
};

}  // namespace

const check::Cases window_cases{cases};
