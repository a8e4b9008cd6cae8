// fault/access.hpp - what an AArch64 instruction does to memory: loads and stores of one general
// register (Arm ARM C4.1.94), whose access the kernel carries out; and how far a load-exclusive
// reaches.
#pragma once

#include "fault/mutate.hpp"

#include <optional>
#include <span>

namespace kernel::fault {

struct Access {
    u8 width;  // bytes: 1, 2, 4, 8
    bool write;
    u8 sign_bits = 0;  // a load that extends the sign: to 32 or 64 bits
    u8 value;          // its register; 31: zero, nowhere
    u8 base;           // 31: SP
    i64 step = 0;      // added to the base before or after
};

namespace instruction {

constexpr i64 extended(u32 value, unsigned bits)
{
    const u64 sign = u64{1} << (bits - 1);
    return static_cast<i64>((value ^ sign) - sign);
}

// opc, bits 23..22, of the plain ones. PRFM is none.
constexpr std::optional<Access> plain_access(u32 w)
{
    const u32 size = field(w, 30, 2);
    const u32 opc = field(w, 22, 2);
    if ((size == 3 && opc > 1) || (size == 2 && opc == 3))
        return {};
    Access access{.width = static_cast<u8>(1 << size),
                  .write = opc == 0,
                  .value = static_cast<u8>(field(w, 0, 5)),
                  .base = static_cast<u8>(field(w, 5, 5))};
    if (opc > 1)
        access.sign_bits = opc == 2 ? 64 : 32;
    return access;
}

}  // namespace instruction

constexpr std::optional<Access> decode_access(u32 w)
{
    using namespace instruction;
    if (field(w, 26, 1) != 0)
        return {};  // SIMD and FP
    if (scaled_offset(w))
        return plain_access(w);
    if (matches(w, 0x3fa0'8000, 0x0880'8000))  // STLR, LDAR
        return Access{.width = static_cast<u8>(1 << field(w, 30, 2)),
                      .write = field(w, 22, 1) == 0,
                      .value = static_cast<u8>(field(w, 0, 5)),
                      .base = static_cast<u8>(field(w, 5, 5))};
    if (!single(w))
        return {};
    const u32 mode = field(w, 10, 2);
    if (!short_offset(w))  // by register, or an atomic one
        return mode == 2 ? plain_access(w) : std::nullopt;
    auto access = plain_access(w);
    if (access && (mode & 1) != 0)  // after, before
        access->step = extended(field(w, 12, 9), 9);
    return access;
}

// LDXR and its kin, pairs too.
constexpr bool load_exclusive(u32 w) { return instruction::matches(w, 0x3fc0'0000, 0x0840'0000); }
constexpr bool store_exclusive(u32 w) { return instruction::matches(w, 0x3fc0'0000, 0x0800'0000); }

inline constexpr usize exclusive_reach = 16;  // instructions

// Where a thread is past what begins with a load-exclusive at words[0], relative to it: behind its
// store, and where a branch in between leaves (0: none does). Nothing: there is no store.
struct Past {
    i64 store;
    i64 branch = 0;
};

constexpr std::optional<Past> past_exclusive(std::span<const u32> words)
{
    using namespace instruction;
    Past past{};
    for (usize i = 1; i < words.size(); ++i) {
        const u32 w = words[i];
        const auto here = static_cast<i64>(4 * i);
        if (store_exclusive(w))
            return past.store = here + 4, past;
        if (conditional(w) || compare_and_branch(w))
            past.branch = here + 4 * extended(field(w, 5, 19), 19);
        if (test_and_branch(w))
            past.branch = here + 4 * extended(field(w, 5, 14), 14);
    }
    return {};
}

}  // namespace kernel::fault
