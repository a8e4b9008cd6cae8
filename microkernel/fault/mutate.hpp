// fault/mutate.hpp - an AArch64 instruction as a programmer's mistake would have it: the classic
// software faults. Encodings: Arm ARM C4.1.
#pragma once

#include "fault/random.hpp"

#include <abi/fault.hpp>

namespace kernel::fault {

namespace instruction {

inline constexpr u32 nop = 0xd503'201f;
inline constexpr u32 undefined = 0x0000'0000;       // UDF #0
inline constexpr u32 branch_to_self = 0x1400'0000;  // B .

constexpr bool matches(u32 word, u32 mask, u32 value) { return (word & mask) == value; }
constexpr u32 field(u32 word, unsigned low, unsigned bits)
{
    return word >> low & ((u32{1} << bits) - 1);
}
constexpr u32 with(u32 word, unsigned low, unsigned bits, u32 value)
{
    const u32 mask = ((u32{1} << bits) - 1) << low;
    return (word & ~mask) | (value << low & mask);
}

// Groups by bits 28..25.
constexpr bool load_or_store(u32 w) { return matches(w, 0x0a00'0000, 0x0800'0000); }
constexpr bool data_by_register(u32 w) { return matches(w, 0x0e00'0000, 0x0a00'0000); }
constexpr bool data_immediate(u32 w) { return matches(w, 0x1c00'0000, 0x1000'0000); }

// ADD, SUB, logical, MOV*, bit field, EXTR: all but ADR and ADRP.
constexpr bool not_pc_relative(u32 w) { return !matches(w, 0x1f00'0000, 0x1000'0000); }
constexpr bool move_wide(u32 w) { return matches(w, 0x1f80'0000, 0x1280'0000); }
constexpr bool add_immediate(u32 w) { return matches(w, 0x1f80'0000, 0x1100'0000); }

constexpr bool pair(u32 w) { return matches(w, 0x3a00'0000, 0x2800'0000); }
constexpr bool single(u32 w) { return matches(w, 0x3a00'0000, 0x3800'0000); }
constexpr bool scaled_offset(u32 w) { return matches(w, 0x3b00'0000, 0x3900'0000); }
constexpr bool short_offset(u32 w) { return matches(w, 0x3b20'0000, 0x3800'0000); }
// Of exclusives and ordered ones, of which bit 22 says that it loads.
constexpr bool ordered(u32 w) { return matches(w, 0x3f00'0000, 0x0800'0000); }
constexpr bool literal(u32 w) { return matches(w, 0x3b00'0000, 0x1800'0000); }

constexpr bool store(u32 w)
{
    if (pair(w) || ordered(w))
        return field(w, 22, 1) == 0;
    const bool plain = single(w) && (scaled_offset(w) || short_offset(w) || field(w, 10, 2) == 2);
    const bool simd = field(w, 26, 1) != 0;
    return plain && (simd ? field(w, 22, 1) == 0 : field(w, 22, 2) == 0);
}

constexpr bool conditional(u32 w) { return matches(w, 0xff00'0010, 0x5400'0000); }
constexpr bool compare_and_branch(u32 w) { return matches(w, 0x7e00'0000, 0x3400'0000); }
constexpr bool test_and_branch(u32 w) { return matches(w, 0x7e00'0000, 0x3600'0000); }
constexpr bool branch(u32 w) { return matches(w, 0x7c00'0000, 0x1400'0000); }

// One of 0..31 that it is not.
constexpr u32 another_register(u32 number, Random& random)
{
    return (number + 1 + static_cast<u32>(random.below(31))) % 32;
}

constexpr u32 wrong_source(u32 w, Random& random)
{
    const auto changed = [&](unsigned low) {
        return with(w, low, 5, another_register(field(w, low, 5), random));
    };
    const bool second = (random.next() & 1) != 0;
    if (data_by_register(w))
        return changed(second ? 16 : 5);
    if (data_immediate(w) && not_pc_relative(w) && !move_wide(w))
        return changed(5);
    if (load_or_store(w) && !literal(w))
        return changed(second && store(w) ? 0 : 5);
    return w;
}

constexpr u32 wrong_destination(u32 w, Random& random)
{
    const bool loads = load_or_store(w) && !store(w);
    if (!data_by_register(w) && !data_immediate(w) && !loads)
        return w;
    return with(w, 0, 5, another_register(field(w, 0, 5), random));
}

constexpr u32 inverted_branch(u32 w)
{
    if (conditional(w))
        return field(w, 1, 3) == 7 ? w : w ^ 1;  // AL and NV have no inverse
    return compare_and_branch(w) || test_and_branch(w) ? w ^ 1 << 24 : w;
}

struct Immediate {
    unsigned low;
    unsigned bits;
};

constexpr Immediate immediate_of(u32 w)
{
    if (add_immediate(w) || scaled_offset(w))
        return {10, 12};
    if (move_wide(w))
        return {5, 16};
    if (short_offset(w))
        return {12, 9};
    if (pair(w))
        return {15, 7};
    if (conditional(w) || compare_and_branch(w) || literal(w))
        return {5, 19};
    if (test_and_branch(w))
        return {5, 14};
    return branch(w) ? Immediate{0, 26} : Immediate{0, 0};
}

// The number in its field is one more or one less, without carry: what was the last one becomes the
// first.
constexpr u32 off_by_one(u32 w, Random& random)
{
    const auto [low, bits] = immediate_of(w);
    const u32 by = (random.next() & 1) != 0 ? 1 : ~u32{0};
    return bits == 0 ? w : with(w, low, bits, field(w, low, bits) + by);
}

}  // namespace instruction

// What the kind makes of an instruction. The same word: it does not apply to that one.
constexpr u32 mutated(abi::FaultKind kind, u32 word, Random& random)
{
    using enum abi::FaultKind;
    switch (kind) {
    case trap:
        return instruction::undefined;
    case loop:
        return instruction::branch_to_self;
    case flip_text:
        return word ^ u32 { 1 } << random.below(32);
    case nop:
        return word == instruction::undefined ? word : instruction::nop;  // that is no code
    case wrong_source:
        return instruction::wrong_source(word, random);
    case wrong_destination:
        return instruction::wrong_destination(word, random);
    case inverted_branch:
        return instruction::inverted_branch(word);
    case off_by_one:
        return instruction::off_by_one(word, random);
    case skipped_store:
        return instruction::store(word) ? instruction::nop : word;
    default:
        return word;
    }
}

}  // namespace kernel::fault
