// tests/host/microkernel/mutate_test.cpp - instructions as mistakes have them, and what loads and
// stores do; by encodings that an assembler gave.
#include "fault/access.hpp"
#include "fault/mutate.hpp"

#include <set>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using abi::FaultKind;
using kernel::fault::Access;
using kernel::fault::decode_access;
using kernel::fault::Random;

u32 mutated(FaultKind kind, u32 word, u64 seed = 1)
{
    Random random{seed};
    return kernel::fault::mutated(kind, word, random);
}

// Whatever many seeds make of it.
std::set<u32> all_mutated(FaultKind kind, u32 word)
{
    std::set<u32> all;
    for (u64 seed = 0; seed < 500; ++seed)
        all.insert(mutated(kind, word, seed));
    return all;
}

constexpr u32 add_1 = 0x9100'04a5;          // add x5, x5, #1
constexpr u32 add_register = 0x8b02'0020;   // add x0, x1, x2
constexpr u32 mov_7 = 0xd280'00e3;          // mov x3, #7
constexpr u32 adrp = 0x9000'0001;           // adrp x1, .
constexpr u32 ldr = 0xf940'0c62;            // ldr x2, [x3, #24]
constexpr u32 ldr_literal = 0x5800'0041;    // ldr x1, .+8
constexpr u32 ldp = 0xa9c1'7bfd;            // ldp x29, x30, [sp, #16]!
constexpr u32 str = 0xf900'0c62;            // str x2, [x3, #24]
constexpr u32 strb_register = 0x3822'6820;  // strb w0, [x1, x2]
constexpr u32 stur = 0xb81f'c041;           // stur w1, [x2, #-4]
constexpr u32 stp = 0xa9bf'7bfd;            // stp x29, x30, [sp, #-16]!
constexpr u32 stlr = 0x889f'fc20;           // stlr w0, [x1]
constexpr u32 str_q = 0x3d80'0020;          // str q0, [x1]
constexpr u32 ldr_q = 0x3dc0'0020;          // ldr q0, [x1]
constexpr u32 b_eq = 0x5400'0040;           // b.eq .+8
constexpr u32 b_al = 0x5400'004e;           // b.al .+8
constexpr u32 cbz = 0xb400'0043;            // cbz x3, .+8
constexpr u32 cbnz = 0xb500'0043;           // cbnz x3, .+8
constexpr u32 tbz = 0x3618'0043;            // tbz w3, #3, .+8
constexpr u32 tbnz = 0x3718'0043;           // tbnz w3, #3, .+8
constexpr u32 branch = 0x1400'0002;         // b .+8
constexpr u32 call = 0x9400'0002;           // bl .+8
constexpr u32 ret = 0xd65f'03c0;
constexpr u32 svc = 0xd400'0001;
constexpr u32 nop = 0xd503'201f;
constexpr u32 prfm = 0xf980'0020;  // prfm pldl1keep, [x1]

}  // namespace

TEST_CASE("an instruction becomes a fixed one")
{
    CHECK(mutated(FaultKind::trap, add_1) == 0);
    CHECK(mutated(FaultKind::loop, add_1) == 0x1400'0000);
    CHECK(mutated(FaultKind::nop, ret) == nop);
    CHECK(mutated(FaultKind::nop, 0) == 0);
}

TEST_CASE("each bit of an instruction can flip, one at a time")
{
    const auto all = all_mutated(FaultKind::flip_text, add_1);
    CHECK(all.size() == 32);
    for (const u32 word : all)
        CHECK(std::has_single_bit(word ^ add_1));
}

TEST_CASE("conditional branches turn, others do not")
{
    CHECK(mutated(FaultKind::inverted_branch, b_eq) == (b_eq ^ 1));
    CHECK(mutated(FaultKind::inverted_branch, cbz) == cbnz);
    CHECK(mutated(FaultKind::inverted_branch, cbnz) == cbz);
    CHECK(mutated(FaultKind::inverted_branch, tbz) == tbnz);
    CHECK(mutated(FaultKind::inverted_branch, tbnz) == tbz);
    for (const u32 word : {b_al, branch, call, ret, add_1, svc, ldr})
        CHECK(mutated(FaultKind::inverted_branch, word) == word);
}

TEST_CASE("stores are skipped, loads are not")
{
    for (const u32 word : {str, strb_register, stur, stp, stlr, str_q})
        CHECK(mutated(FaultKind::skipped_store, word) == nop);
    for (const u32 word : {ldr, ldp, ldr_q, ldr_literal, prfm, add_1, branch, nop})
        CHECK(mutated(FaultKind::skipped_store, word) == word);
}

TEST_CASE("immediates are off by one, both ways")
{
    const auto both = [](u32 word, u32 one) {
        CHECK(all_mutated(FaultKind::off_by_one, word) == std::set{word - one, word + one});
    };
    both(add_1, 1 << 10);
    both(mov_7, 1 << 5);
    both(ldr, 1 << 10);
    both(str, 1 << 10);
    both(ldp, 1 << 15);
    both(stur, 1 << 12);
    both(b_eq, 1 << 5);
    both(cbz, 1 << 5);
    both(tbz, 1 << 5);
    both(branch, 1);
    both(call, 1);
    for (const u32 word : {ret, svc, nop, add_register, stlr})
        CHECK(mutated(FaultKind::off_by_one, word) == word);
    // Within the field.
    CHECK(all_mutated(FaultKind::off_by_one, 0x9100'00a5).contains(0x913f'fca5));
    CHECK(all_mutated(FaultKind::off_by_one, 0x17ff'ffff).contains(0x1400'0000));
}

TEST_CASE("another register is read, or written")
{
    const auto differs_in = [](FaultKind kind, u32 word, u32 mask) {
        const auto all = all_mutated(kind, word);
        CHECK(!all.contains(word));
        for (const u32 one : all)
            CHECK(((one ^ word) & ~mask) == 0);
        return all.size();
    };
    constexpr u32 rd = 31;
    constexpr u32 rn = 31 << 5;
    constexpr u32 rm = 31 << 16;
    CHECK(differs_in(FaultKind::wrong_destination, add_1, rd) == 31);
    CHECK(differs_in(FaultKind::wrong_destination, mov_7, rd) == 31);
    CHECK(differs_in(FaultKind::wrong_destination, adrp, rd) == 31);
    CHECK(differs_in(FaultKind::wrong_destination, ldr, rd) == 31);
    CHECK(differs_in(FaultKind::wrong_source, add_1, rn) == 31);
    CHECK(differs_in(FaultKind::wrong_source, ldr, rn) == 31);
    CHECK(differs_in(FaultKind::wrong_source, str, rn | rd) == 62);
    CHECK(differs_in(FaultKind::wrong_source, add_register, rn | rm) == 62);
    for (const u32 word : {branch, cbz, svc, ret, str})
        CHECK(mutated(FaultKind::wrong_destination, word) == word);
    for (const u32 word : {branch, svc, mov_7, adrp, ldr_literal})
        CHECK(mutated(FaultKind::wrong_source, word) == word);
}

TEST_CASE("the same seed makes the same mistake")
{
    for (u64 seed = 0; seed < 50; ++seed)
        CHECK(mutated(FaultKind::wrong_source, add_register, seed)
              == mutated(FaultKind::wrong_source, add_register, seed));
}

TEST_CASE("loads and stores of one register are understood")
{
    const auto is = [](u32 word, u8 width, bool write, u8 value, u8 base) {
        const auto access = decode_access(word);
        REQUIRE(access);
        CHECK(access->width == width);
        CHECK(access->write == write);
        CHECK(access->value == value);
        CHECK(access->base == base);
        return *access;
    };
    CHECK(is(ldr, 8, false, 2, 3).step == 0);
    CHECK(is(str, 8, true, 2, 3).step == 0);
    CHECK(is(0x3940'0020, 1, false, 0, 1).sign_bits == 0);   // ldrb w0, [x1]
    CHECK(is(0x7940'0020, 2, false, 0, 1).sign_bits == 0);   // ldrh w0, [x1]
    CHECK(is(0xb900'0020, 4, true, 0, 1).sign_bits == 0);    // str w0, [x1]
    CHECK(is(0x39c0'0020, 1, false, 0, 1).sign_bits == 32);  // ldrsb w0, [x1]
    CHECK(is(0xb980'0020, 4, false, 0, 1).sign_bits == 64);  // ldrsw x0, [x1]
    CHECK(is(stur, 4, true, 1, 2).step == 0);
    CHECK(is(0xb840'4420, 4, false, 0, 1).step == 4);  // ldr w0, [x1], #4
    CHECK(is(0xb81f'cc20, 4, true, 0, 1).step == -4);  // str w0, [x1, #-4]!
    CHECK(is(strb_register, 1, true, 0, 1).step == 0);
    CHECK(is(0xb900'03ff, 4, true, 31, 31).step == 0);  // str wzr, [sp]
    CHECK(is(stlr, 4, true, 0, 1).step == 0);
    CHECK(is(0x88df'fc20, 4, false, 0, 1).step == 0);  // ldar w0, [x1]
}

TEST_CASE("what is no load or store of one general register is left alone")
{
    for (const u32 word : {ldp, stp, str_q, ldr_q, ldr_literal, prfm, add_1, branch, svc,
                           u32{0x885f'7c20},   // ldxr w0, [x1]
                           u32{0xb820'0041},   // ldadd w0, w1, [x2]
                           u32{0xd50b'7421}})  // dc zva, x1
        CHECK(!decode_access(word));
}

TEST_CASE("where a load-exclusive and its store are over is found")
{
    using kernel::fault::load_exclusive;
    using kernel::fault::past_exclusive;
    constexpr u32 ldxr = 0xc85f'7c20;    // ldxr x0, [x1]
    constexpr u32 ldaxr = 0x885f'fc20;   // ldaxr w0, [x1]
    constexpr u32 stxr = 0xc802'7c20;    // stxr w2, x0, [x1]
    constexpr u32 b_ne_8 = 0x5400'0061;  // b.ne .+12
    CHECK(load_exclusive(ldxr));
    CHECK(load_exclusive(ldaxr));
    CHECK(load_exclusive(0xc87f'0440));  // ldxp x0, x1, [x2]
    for (const u32 word : {stxr, stlr, u32{0x88df'fc20}, ldr, nop})
        CHECK(!load_exclusive(word));
    const auto past = past_exclusive(std::vector<u32>{ldxr, add_1, stxr, cbnz});
    REQUIRE(past);
    CHECK(past->store == 12);
    CHECK(past->branch == 0);
    const auto left = past_exclusive(std::vector<u32>{ldaxr, b_ne_8, stxr, nop});
    REQUIRE(left);
    CHECK(left->store == 12);
    CHECK(left->branch == 16);
    CHECK(!past_exclusive(std::vector<u32>{ldxr, add_1, add_1}));
    CHECK(!past_exclusive(std::vector<u32>{}));
}
