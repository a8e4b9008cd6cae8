// tests/host/common/buffer_map_test.cpp - buffers in one run and in many, against a page-by-page
// model.
#include <array>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <common/buffer_map.hpp>

namespace {

struct Run {
    DeviceAddr address;
    u32 length;
};

std::vector<Run> split(const common::BufferMap& map, u64 offset, u64 bytes, usize room)
{
    std::vector<Run> runs(room);
    runs.resize(map.split(offset, bytes, std::span{runs}));
    return runs;
}

}  // namespace

TEST_CASE("a range of a contiguous buffer is one run", "[common][buffer]")
{
    constexpr std::array runs{common::BufferRun{0, DeviceAddr{0x4000'0000}}};
    const common::BufferMap map{runs, 0x10000};
    const auto parts = split(map, 0x1200, 0x3000, 1);
    REQUIRE(parts.size() == 1);
    CHECK(parts[0].address == DeviceAddr{0x4000'1200});
    CHECK(parts[0].length == 0x3000);
    CHECK(map.max_bytes(1) == 0x10000);
}

TEST_CASE("a range across runs is cut where they end", "[common][buffer]")
{
    constexpr std::array runs{
        common::BufferRun{0, DeviceAddr{0x9000}},
        common::BufferRun{0x1000, DeviceAddr{0x20000}},
        common::BufferRun{0x3000, DeviceAddr{0x5000}},
    };
    const common::BufferMap map{runs, 0x4000};
    const auto parts = split(map, 0xe00, 0x2400, 3);
    REQUIRE(parts.size() == 3);
    CHECK(parts[0].address == DeviceAddr{0x9e00});
    CHECK(parts[0].length == 0x200);
    CHECK(parts[1].address == DeviceAddr{0x20000});
    CHECK(parts[1].length == 0x2000);
    CHECK(parts[2].address == DeviceAddr{0x5000});
    CHECK(parts[2].length == 0x200);
}

TEST_CASE("every byte is where its page is, within max_bytes in at most so many runs",
          "[common][buffer]")
{
    std::mt19937_64 random{7};
    for (int round = 0; round < 200; ++round) {
        const u64 pages = 2 + random() % 40;
        std::vector<u64> address(pages);
        std::vector<common::BufferRun> runs;
        for (u64 page = 0; page < pages; ++page) {
            const bool joins = page != 0 && random() % 2 == 0;
            address[page] = joins ? address[page - 1] + page_bytes
                                  : (random() % 100000 * 2 + 1) * page_bytes * 64;
            if (!joins)
                runs.push_back({page * page_bytes, DeviceAddr{address[page]}});
        }
        const common::BufferMap map{runs, pages * page_bytes};
        const u64 max_runs = 2 + random() % 8;
        const u64 bytes = (1 + random() % (map.max_bytes(max_runs) / 512)) * 512;
        const u64 offset = random() % ((map.bytes() - bytes) / 512 + 1) * 512;

        u64 at = offset;
        const auto parts = split(map, offset, bytes, max_runs);
        CHECK(parts.size() <= max_runs);
        for (const Run& part : parts) {
            for (u64 byte = 0; byte < part.length; byte += 512, at += 512)
                REQUIRE(part.address.raw() + byte == address[at / page_bytes] + at % page_bytes);
        }
        CHECK(at == offset + bytes);
    }
}
