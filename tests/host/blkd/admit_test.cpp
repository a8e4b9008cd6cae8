// tests/host/blkd/admit_test.cpp - what blkd refuses to its clients, boundary by boundary.
#include "admit.hpp"

#include <catch2/catch.hpp>

namespace {

namespace block = proto::block;
using block::Op;
using block::Sector;
using block::Status;

constexpr blkd::Limits limits{Sector{1000}, 1, 0x4000, 0x8000, false, 64, 32, {}};

block::Submission submission(Op op, u64 first, u32 count, u32 offset)
{
    return {Sector{first}, count, offset, op, 1};
}

Status status_of(const block::Submission& asked, const blkd::Limits& under = limits)
{
    return blkd::admit(asked, under);
}

}  // namespace

TEST_CASE("a good request is admitted", "[blkd][admit]")
{
    CHECK(status_of(submission(Op::write, 992, 8, 0x7000)) == Status::ok);
    CHECK(blkd::bytes_of(submission(Op::write, 992, 8, 0x7000)) == 4096);
}

TEST_CASE("sectors end where the disk ends", "[blkd][admit][LC2]")
{
    const auto [first, count, expected] = GENERATE(table<u64, u32, Status>({
        {0, 1, Status::ok},
        {999, 1, Status::ok},
        {968, 32, Status::ok},
        {969, 32, Status::out_of_range},
        {999, 2, Status::out_of_range},
        {1000, 1, Status::out_of_range},
        {1001, 1, Status::out_of_range},
        {u64{1} << 31, 1, Status::out_of_range},
        {u64{1} << 32, 1, Status::out_of_range},
        {u64{1} << 55, 1, Status::out_of_range},
        {u64{1} << 63, 1, Status::out_of_range},
        {~u64{0}, 1, Status::out_of_range},
        {~u64{0} - 7, 8, Status::out_of_range},
        {0, 1001, Status::out_of_range},
        {0, ~u32{0}, Status::out_of_range},
    }));
    INFO(first << " " << count);
    CHECK(status_of(submission(Op::read, first, count, 0)) == expected);
}

TEST_CASE("data lies in the buffer and begins on a sector of it", "[blkd][admit][LC2]")
{
    const auto [offset, count, expected] = GENERATE(table<u32, u32, Status>({
        {0x7e00, 1, Status::ok},
        {0x7e00, 2, Status::malformed},
        {0x8000, 1, Status::malformed},
        {0x8200, 1, Status::malformed},
        {1, 1, Status::malformed},
        {511, 1, Status::malformed},
        {512, 1, Status::ok},
        {0x4000, 32, Status::ok},
        {0x4200, 32, Status::malformed},
        {0xfffffe00, 1, Status::malformed},
        {0xffffffff, 1, Status::malformed},
    }));
    INFO(offset << " " << count);
    CHECK(status_of(submission(Op::read, 0, count, offset)) == expected);
}

TEST_CASE("a request is at least a block and at most max_bytes", "[blkd][admit][LC2]")
{
    CHECK(status_of(submission(Op::read, 0, 0, 0)) == Status::malformed);
    CHECK(status_of(submission(Op::read, 0, 32, 0)) == Status::ok);
    CHECK(status_of(submission(Op::read, 0, 33, 0)) == Status::malformed);

    auto huge = limits;
    huge.capacity = Sector{u64{1} << 40};
    CHECK(status_of(submission(Op::read, 0, 0x80'0001, 0), huge) == Status::malformed);
    CHECK(status_of(submission(Op::read, 0, ~u32{0}, 0), huge) == Status::malformed);
}

TEST_CASE("requests are multiples of the logical block", "[blkd][admit][LC2]")
{
    auto blocks = limits;
    blocks.block_sectors = 8;
    CHECK(status_of(submission(Op::read, 8, 8, 512), blocks) == Status::ok);
    CHECK(status_of(submission(Op::read, 1, 8, 0), blocks) == Status::malformed);
    CHECK(status_of(submission(Op::write, 8, 1, 0), blocks) == Status::malformed);
}

TEST_CASE("a disk that is read-only refuses writes and nothing else", "[blkd][admit][LC15]")
{
    auto under = limits;
    under.read_only = true;
    CHECK(status_of(submission(Op::write, 0, 1, 0), under) == Status::read_only);
    CHECK(status_of(submission(Op::write, ~u64{0}, 0, 1), under) == Status::read_only);
    CHECK(status_of(submission(Op::read, 0, 1, 0), under) == Status::ok);
    CHECK(status_of(submission(Op::flush, 0, 0, 0), under) == Status::ok);
}

TEST_CASE("a flush names no sectors and no data", "[blkd][admit]")
{
    CHECK(status_of(submission(Op::flush, 0, 0, 0)) == Status::ok);
    CHECK(status_of(submission(Op::flush, 1, 0, 0)) == Status::malformed);
    CHECK(status_of(submission(Op::flush, 0, 1, 0)) == Status::malformed);
    CHECK(status_of(submission(Op::flush, 0, 0, 512)) == Status::malformed);
}

TEST_CASE("an unknown op is malformed", "[blkd][admit]")
{
    for (u32 op = 0; op < 300; ++op) {
        const bool known = op >= 1 && op <= 8;
        CHECK((status_of(submission(static_cast<Op>(op), 0, op == 3 ? 0 : 1, 0)) == Status::ok)
              == known);
        CHECK(status_of(submission(static_cast<Op>(op), 0, 0, 0))
              == (op == 3 ? Status::ok : Status::malformed));
    }
    for (unsigned bit = 2; bit < 32; ++bit)
        CHECK(status_of(submission(static_cast<Op>((bit == 2 ? 8 : 0) | 1U << bit | 1), 0, 1, 0))
              == Status::malformed);
}

TEST_CASE(
    "B14, B15: a range without data is whole blocks on the disk, and no longer than the disk takes",
    "[blkd][admit]")
{
    const Op op = GENERATE(Op::discard, Op::write_zeroes, Op::write_zeroes_unmap);
    const u32 most = op == Op::discard ? 64 : 32;
    CHECK(status_of(submission(op, 1000 - most, most, 0)) == Status::ok);
    CHECK(status_of(submission(op, 0, most + 1, 0)) == Status::malformed);
    CHECK(status_of(submission(op, 0, ~u32{0}, 0)) == Status::malformed);
    CHECK(status_of(submission(op, 0, 1, 512)) == Status::malformed);
    CHECK(status_of(submission(op, 1000, 1, 0)) == Status::out_of_range);
    CHECK(status_of(submission(op, 999, 2, 0)) == Status::out_of_range);
    CHECK(status_of(submission(op, ~u64{0}, 1, 0)) == Status::out_of_range);
    CHECK(status_of(submission(op, ~u64{0} - 7, 8, 0)) == Status::out_of_range);
    auto blocks = limits;
    blocks.block_sectors = 8;
    CHECK(status_of(submission(op, 8, 8, 0), blocks) == Status::ok);
    CHECK(status_of(submission(op, 4, 8, 0), blocks) == Status::malformed);
    CHECK(status_of(submission(op, 8, 4, 0), blocks) == Status::malformed);
    auto without = limits;
    without.max_discard = without.max_write_zeroes = 0;
    CHECK(status_of(submission(op, 0, 1, 0), without) == Status::not_supported);
    auto under = limits;
    under.read_only = true;
    CHECK(status_of(submission(op, 0, 1, 0), under) == Status::read_only);
}

TEST_CASE("a window ends where it or the disk ends", "[blkd][admit]")
{
    const auto [first, count, disk, expected] = GENERATE(table<u64, u64, u64, u64>({
        {0, 0, 1000, 1000},
        {0, 10, 1000, 10},
        {990, 0, 1000, 10},
        {990, 20, 1000, 10},
        {1000, 0, 1000, 0},
        {1001, 5, 1000, 0},
        {0, 5, 0, 0},
        {(u64{1} << 54), (u64{1} << 53), 1000, 0},
    }));
    const blkd::Window window{Sector{first}, count};
    CHECK(window.good(1));
    CHECK(window.sectors(Sector{disk}) == Sector{expected});
}

TEST_CASE("a window that overflows, or cuts a block, is none", "[blkd][admit][hostile][LC2]")
{
    CHECK_FALSE(blkd::Window{Sector{~u64{0}}, 0}.good(1));
    CHECK_FALSE(blkd::Window{Sector{~u64{0} - 7}, 8}.good(1));
    CHECK_FALSE(blkd::Window{Sector{0}, ~u64{0}}.good(1));
    CHECK_FALSE(blkd::Window{Sector{4}, 8}.good(8));
    CHECK_FALSE(blkd::Window{Sector{8}, 4}.good(8));
    CHECK(blkd::Window{Sector{8}, 16}.good(8));
}

TEST_CASE("a write_fua is held to what a write is", "[blkd][admit]")
{
    auto under = limits;
    CHECK(status_of(submission(Op::write_fua, 992, 8, 0x7000)) == Status::ok);
    CHECK(status_of(submission(Op::write_fua, 993, 8, 0x7000)) == Status::out_of_range);
    CHECK(status_of(submission(Op::write_fua, 0, 33, 0)) == Status::malformed);
    CHECK(status_of(submission(Op::write_fua, 0, 1, 0x8000)) == Status::malformed);
    under.read_only = true;
    CHECK(status_of(submission(Op::write_fua, 0, 1, 0), under) == Status::read_only);
}

TEST_CASE("B26: a get_id names one sector of the buffer and none of the disk", "[blkd][admit]")
{
    CHECK(status_of(submission(Op::get_id, 0, 1, 0x7e00)) == Status::ok);
    CHECK(status_of(submission(Op::get_id, 0, 1, 0x8000)) == Status::malformed);
    CHECK(status_of(submission(Op::get_id, 0, 1, 20)) == Status::malformed);
    CHECK(status_of(submission(Op::get_id, 0, 2, 0)) == Status::malformed);
    CHECK(status_of(submission(Op::get_id, 1, 1, 0)) == Status::malformed);
    auto blocks = limits;
    blocks.block_sectors = 8;
    CHECK(status_of(submission(Op::get_id, 0, 1, 0), blocks) == Status::ok);
}

TEST_CASE("what passes as usual is light and admitted, and every light read is usual",
          "[blkd][admit]")
{
    const auto narrow = blkd::Usual::of(limits, true);  // a request is less than the buffer
    auto wide = limits;
    wide.max_bytes = wide.buffer_bytes = GENERATE(u32{0x1000}, u32{0x8000}, u32{0x9000});
    wide.block_sectors = GENERATE(u32{1}, u32{8});
    wide.read_only = GENERATE(false, true);
    u32 usual = 0;
    const auto check = [&](const block::Submission& asked) {
        const bool plain = asked.op == Op::read || asked.op == Op::write;
        const bool good = plain && blkd::is_light(asked) && status_of(asked, wide) == Status::ok;
        usual += good ? 1 : 0;
        if (blkd::Usual::of(wide, true).holds(asked) != good
            || blkd::Usual::of(wide, false).holds(asked) || narrow.holds(asked))
            FAIL_CHECK(asked.first.raw() << " " << asked.count << " " << asked.offset << " "
                                         << static_cast<u32>(asked.op));
    };
    for (const u64 first : {u64{0}, u64{1}, u64{936}, u64{968}, u64{992}, u64{1000}, u64{1} << 54,
                            u64{1} << 55, ~u64{0} - 7})
        for (const u32 count : {0U, 1U, 8U, 32U, 33U, 64U, 65U, 1U << 23, ~0U})
            for (const u32 offset : {0U, 1U, 511U, 512U, 0x4000U, 0x7e00U, 0x8000U, ~511U})
                for (const u32 op : {0U, 1U, 2U, 3U, 4U, 8U, ~0U})
                    check(submission(static_cast<Op>(op), first, count, offset));
    CHECK(usual != 0);
}
