// encodings/allowed.hpp - what EL0 may name, and why.
#pragma once

#include <string_view>

#include <base/types.hpp>

// op0, op1, CRn, CRm, op2, as the instruction has them in bits 5..20 (op0 with both its bits).
struct Encoding {
    u32 raw = 0;

    constexpr u32 op0() const { return raw >> 14 & 3; }
    constexpr u32 op1() const { return raw >> 11 & 7; }
    constexpr u32 crn() const { return raw >> 7 & 15; }
    constexpr u32 crm() const { return raw >> 3 & 15; }
    constexpr u32 op2() const { return raw & 7; }
    friend constexpr bool operator==(Encoding, Encoding) = default;
};

constexpr Encoding encoding(u32 op0, u32 op1, u32 crn, u32 crm, u32 op2)
{
    return {op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2};
}

enum class When : u8 {
    always,    // and it must not trap: programs rely on it
    perhaps,   // if the CPU has it
    counters,  // if the boot archive says so, and if the CPU has it
};

struct Allowed {
    Encoding what;
    bool read;
    bool write;
    When when;
    std::string_view why;
};

// Null: it must trap.
const Allowed* find_allowed(Encoding what, bool counters);
// Of those that must not trap: how often one does.
u32 accesses_that_must_work();
