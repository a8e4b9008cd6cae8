// first/cases.hpp - the cases of each file, for main.cpp to run, and the devices that they are
// about.
//
// A device that was lent stays lent as long as its owner lives, and the owner is often this
// process: each case has devices of its own.
#pragma once

#include <check/child.hpp>
#include <sys/device.hpp>

extern const check::Cases device_cases;
extern const check::Cases dma_cases;
extern const check::Cases serial_cases;
extern const check::Cases lending_cases;
extern const check::Cases quarantine_cases;
extern const check::Cases limit_cases;
extern const check::Cases frame_cases;

// The page of eight slots that this process owns whole, without the last of them.
inline constexpr u32 own_page = 0;
// Slots that are nobody's, and stay so.
inline constexpr u32 free_slot = 8;
// Lent to children that end.
inline constexpr u32 lent_slot = 16;
inline constexpr u32 pinned_slot = 17;

// The kernel's handle to the device of a slot: duplicate, manage, map, dma.
sys::Borrowed<sys::Device> device(u32 slot);

// The kernel's handle to the serial line: duplicate, manage, map.
sys::Borrowed<sys::Device> serial_line();

// A process that never runs.
inline sys::Handle<sys::Process> nobody(u32 handles = 8)
{
    return check::need(
        sys::create_process(check::self(), {16, handles, 1, 0, text::padded<16>("nobody"), 0, 0}));
}

// Lends a device to this process itself: a handle that may do what `rights` say and no more.
inline sys::Handle<sys::Device> own(sys::Borrowed<sys::Device> device, abi::Rights rights)
{
    return sys::Handle<sys::Device>{check::need(sys::lend(device, check::self(), rights))};
}
inline sys::Handle<sys::Device> own(u32 slot, abi::Rights rights)
{
    return own(device(slot), rights);
}
