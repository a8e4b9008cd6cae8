// tests/fuzz/blkd/admit_fuzz.cpp - whatever a client writes into its ring: what passes is in
// bounds.
#include "admit.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

#include <common/buffer_map.hpp>

namespace {

struct Run {
    DeviceAddr address;
    u32 length;
};

constexpr u64 capacity = 1000;
constexpr u32 buffer_bytes = 0x8000;
constexpr usize max_runs = 4;

constexpr std::array runs{
    common::BufferRun{0, DeviceAddr{0x10000}},
    common::BufferRun{0x2000, DeviceAddr{0x40000}},
    common::BufferRun{0x3000, DeviceAddr{0x30000}},
    common::BufferRun{0x4000, DeviceAddr{0x80000}},
};
constexpr common::BufferMap map{runs, buffer_bytes};

void demand(bool holds)
{
    if (!holds)
        std::abort();
}

// The run lies within one of those that were pinned.
bool pinned(const Run& run)
{
    for (usize i = 0; i < runs.size(); ++i) {
        const u64 length = (i + 1 < runs.size() ? runs[i + 1].begin : buffer_bytes) - runs[i].begin;
        const u64 first = runs[i].address.raw();
        if (run.address.raw() >= first && run.address.raw() + run.length <= first + length)
            return true;
    }
    return false;
}

bool admitted(const proto::block::Submission& asked, const blkd::Limits& limits)
{
    return blkd::admit(asked, limits) == proto::block::Status::ok;
}

// In a buffer in one piece, all of which a request may name: light reads and writes that are
// admitted, and nothing else. With less in one request, or in pieces, none.
void check_usual(const proto::block::Submission& asked, const blkd::Limits& limits)
{
    using proto::block::Op;
    blkd::Limits whole = limits;
    whole.max_bytes = whole.buffer_bytes;
    const bool good = (asked.op == Op::read || asked.op == Op::write) && blkd::is_light(asked)
                      && admitted(asked, whole);
    demand(blkd::Usual::of(whole, true).holds(asked) == good);
    demand(!blkd::Usual::of(whole, false).holds(asked));
    demand(!blkd::Usual::of(limits, true).holds(asked));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size)
{
    proto::block::Submission asked;  // a Wire type: any bytes are a value of it
    if (size < sizeof(asked) + 1)
        return 0;
    std::memcpy(&asked, bytes, sizeof(asked));
    const u8 choice = bytes[sizeof(asked)];

    const blkd::Limits limits{
        .capacity = proto::block::Sector{capacity},
        .block_sectors = (choice & 1) != 0 ? 8U : 1U,
        .max_bytes = static_cast<u32>(map.max_bytes(max_runs)),
        .buffer_bytes = buffer_bytes,
        .read_only = (choice & 2) != 0,
        .max_discard = (choice & 4) != 0 ? 64U : 0U,
        .max_write_zeroes = (choice & 8) != 0 ? 32U : 0U,
        .window = {proto::block::Sector{4096}, capacity},
    };
    using proto::block::Op;
    check_usual(asked, limits);
    if (!admitted(asked, limits) || asked.op == Op::flush)
        return 0;

    demand(asked.op >= Op::read && asked.op <= Op::get_id);
    demand(!limits.read_only || !proto::block::changes(asked.op));
    demand(static_cast<unsigned __int128>(asked.first.raw()) + asked.count <= capacity);
    const auto placed = blkd::on_disk(asked.first, limits.window).raw();
    demand(placed >= 4096 && placed - 4096 + asked.count <= capacity);
    demand(asked.op == Op::get_id
           || (asked.count % limits.block_sectors == 0
               && asked.first.raw() % limits.block_sectors == 0));
    if (!proto::block::has_data(asked.op)) {
        demand(asked.count != 0
               && asked.count
                      <= (asked.op == Op::discard ? limits.max_discard : limits.max_write_zeroes));
        return 0;
    }
    const u64 data_bytes = blkd::bytes_of(asked);
    demand(data_bytes != 0 && data_bytes == u64{asked.count} * 512
           && data_bytes <= limits.max_bytes);
    demand(u64{asked.offset} + data_bytes <= buffer_bytes);

    std::array<Run, max_runs> parts{};
    const usize count = map.split(asked.offset, data_bytes, std::span<Run>{parts});
    u64 total = 0;
    demand(count <= max_runs);
    for (usize i = 0; i < count; ++i) {
        demand(pinned(parts[i]));
        total += parts[i].length;
    }
    demand(total == data_bytes);
    return 0;
}
