// arch/aarch64/tags.hpp - allocation tags (FEAT_MTE2) of what slabs hold: in the checked kernel,
// where the CPU has them. In every other kernel this is nothing. Arm ARM D10.
//
// An object of a slab then has a page for itself, at whose end it is, and a pointer to it has the
// tag of that page in bits 59:56: an access by it to another page, or when the object is gone, is
// an exception (ESR_EL1.DFSC 0x11). Pages, because with QEMU 7.2 all of one shares its tags. All
// other pointers of the kernel have 0xf there, as addresses have, and are not checked
// (TCR_EL1.TCMA1).
#pragma once

#include "arch/aarch64/sysreg.hpp"
#include "checks/flavour.hpp"

#include <base/bits.hpp>

namespace kernel::tags {

inline constexpr u64 mair_normal_tagged = 2 << 2;  // in a descriptor

inline bool present() { return checked && (sysreg::id_aa64pfr1() >> 8 & 0xf) >= 2; }

// For this CPU, before its TLBs are cleaned.
inline void start()
{
    constexpr u64 tbi1_tcma1 = bit<38> | bit<58>;
    constexpr u64 ata_and_synchronous_tcf = bit<43> | bit<40>;
    if (!present())
        return;
    __builtin_arm_wsr64("mair_el1", __builtin_arm_rsr64("mair_el1") | u64{0xf0} << 16);
    __builtin_arm_wsr64("tcr_el1", __builtin_arm_rsr64("tcr_el1") | tbi1_tcma1);
    sysreg::set_sctlr(sysreg::sctlr() | ata_and_synchronous_tcf);
}

// Accesses are checked until the next exception, which sets PSTATE.TCO.
inline void watch()
{
    if (present())
        __builtin_arm_wsr64("s3_3_c4_c2_7", 0);  // TCO
}

// A pointer with the tag of the memory, and one that is not checked.
template <class T>
T* tagged(T* at)
{
    if (present())
        asm volatile(".arch_extension memtag\n ldg %0, [%0]" : "+r"(at)::"memory");
    return at;
}
template <class T>
T* plain(T* at)
{
    return checked ? reinterpret_cast<T*>(reinterpret_cast<u64>(at) | u64{0xf} << 56) : at;
}

inline void store(void* page, u64 tag)
{
    const u64 block = u64{4} << (__builtin_arm_rsr64("s3_1_c0_c0_4") & 0xf);  // GMID_EL1.BS
    for (u64 at = 0; at < page_bytes; at += block)
        asm volatile(".arch_extension memtag\n stgm %0, [%1]"
                     :
                     : "r"(tag * 0x1111'1111'1111'1111), "r"(static_cast<std::byte*>(page) + at)
                     : "memory");
}

// The page has an object: a tag of 1 to 14, neither that of the pages beside it nor what it had.
inline void give(void* page)
{
    static constinit u64 turn = 0;
    if (present())
        store(page, 1 + (reinterpret_cast<u64>(page) >> page_shift) % 2 + turn++ % 7 * 2);
}
inline void take(void* page)
{
    if (present())
        store(page, 0xf);
}

// What an exception of the kernel was.
inline bool mismatch()
{
    constexpr u64 data_abort_same_level = 0x25;
    if (!checked)
        return false;
    const u64 esr = sysreg::esr();
    return esr >> 26 == data_abort_same_level && (esr & 0x3f) == 0x11;
}

}  // namespace kernel::tags
