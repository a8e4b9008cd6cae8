// abi/object.hpp - what user space can hold: kinds of objects, rights on them, and the handle word.
#pragma once

#include <array>

#include <base/bits.hpp>
#include <base/types.hpp>

namespace abi {

// The kinds of kernel objects. `pin` is the eighth handle kind: a range of a memory object that is
// pinned into a device's DMA domain; it is made by SYS_DMA_PIN and undone by closing it.
enum class Kind : u8 {
    none = 0,
    process = 1,
    thread = 2,
    endpoint = 3,
    notification = 4,
    memory = 5,
    device = 6,
    interrupt = 7,
    pin = 8,
};

// What a handle allows. Rights only shrink: a duplicate, a transfer or a grant has a subset.
struct Rights {
    u16 raw = 0;

    constexpr bool has(Rights needed) const { return (raw & needed.raw) == needed.raw; }
    friend constexpr Rights operator|(Rights a, Rights b)
    {
        return {static_cast<u16>(a.raw | b.raw)};
    }
    friend constexpr Rights operator&(Rights a, Rights b)
    {
        return {static_cast<u16>(a.raw & b.raw)};
    }
    friend constexpr bool operator==(Rights, Rights) = default;
};

namespace right {
inline constexpr Rights none{0};
inline constexpr Rights duplicate{1 << 0};  // SYS_DUPLICATE
inline constexpr Rights transfer{1 << 1};   // may be carried by a message
inline constexpr Rights manage{1 << 2};     // the creator's: mint, lend, kill, configure
inline constexpr Rights read{1 << 3};       // memory: map readable; process: info
inline constexpr Rights write{1 << 4};      // memory: map writable; pin for device writes
inline constexpr Rights execute{1 << 5};    // memory: map executable
inline constexpr Rights signal{1 << 6};     // notification: raise bits
inline constexpr Rights wait{1 << 7};       // notification: wait, bind; interrupt: register, wait
inline constexpr Rights call{1 << 8};       // endpoint: call
inline constexpr Rights receive{1 << 9};    // endpoint: receive and reply
inline constexpr Rights map{1 << 10};       // device: SYS_MAP_DEVICE, SYS_DEVICE_IO
inline constexpr Rights dma{1 << 11};       // device: DMA_ALLOC, DMA_PIN, VIRT_TO_PHYS
inline constexpr Rights system{1 << 12};  // process: SYS_SYSTEM_OFF; only init's own handle has it
inline constexpr Rights all{0x1fff};
}  // namespace right

// A handle as user space sees it: index of the slot in bits 0..12, its generation in bits 13..44.
// The generation of a slot never repeats (a slot whose generation is used up is retired), so a
// stale handle never names a new object. Zero is never a handle.
using Slot = Strong<struct SlotUnit, u64>;
inline constexpr Slot no_slot{};

using SlotIndex = Field<12, 0>;
using SlotGeneration = Field<44, 13>;
inline constexpr u64 slot_limit = 8192;  // slots of one table

// Bits of a notification.
struct Bits {
    u64 raw = 0;

    static constexpr Bits at(unsigned n) { return {u64{1} << n}; }
    constexpr bool any(Bits others) const { return (raw & others.raw) != 0; }
    constexpr bool empty() const { return raw == 0; }
    friend constexpr Bits operator|(Bits a, Bits b) { return {a.raw | b.raw}; }
    friend constexpr Bits operator&(Bits a, Bits b) { return {a.raw & b.raw}; }
    friend constexpr bool operator==(Bits, Bits) = default;
};

// An absolute time in ticks of CNTVCT_EL0. `never` waits without limit, `now` only looks.
using Ticks = Strong<struct TicksUnit, u64>;
inline constexpr Ticks never{~u64{0}};
inline constexpr Ticks now{0};

}  // namespace abi
