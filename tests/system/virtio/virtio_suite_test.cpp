// virtio_suite_test.cpp - the same servers on every version and every kind of ring that QEMU has,
// and whether QEMU and they agree on what was negotiated.
#include "guest_log.hpp"
#include "oracle.hpp"

#include <bit>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using oracle::Guest;
using virtio::Feature;
using virtio::Features;

namespace {

constexpr Features ring_features{Feature::indirect_desc, Feature::event_idx, Feature::ring_packed};

// The devices of suite.toml. A driver takes all features of rings that are offered.
struct Row {
    std::string name;
    std::string registers;
    usize queue = 0;  // that was used
};
const std::vector<Row> rows{
    {"disk0", "mapped"}, {"disk1", "by call"}, {"rng0", "mapped"},
    {"rng1", "by call"}, {"nic0", "by call"},  {"kbd0", "by call", 1},
};

constexpr u64 ram = u64{1} << 30;

struct Rings {
    bool legacy;
    bool packed;
    bool event_idx;
    bool indirect;

    std::string text() const
    {
        const auto word = [](bool on) { return on ? "on" : "off"; };
        return fmt::format("packed={},event_idx={},indirect_desc={}", word(packed), word(event_idx),
                           word(indirect));
    }
    Features offered() const
    {
        Features all;
        if (packed && !legacy)
            all = all | Feature::ring_packed;
        if (event_idx)
            all = all | Feature::event_idx;
        return indirect ? all | Feature::indirect_desc : all;
    }
};

Guest boot(const Rings& rings)
{
    std::vector<std::string> words{SOURCE_FOLDER "/suite.toml", "--rings", rings.text()};
    if (rings.legacy)
        words.emplace_back("--legacy");
    for (const std::string disk : {"disk0", "disk1"})
        for (const std::string& command :
             {fmt::format("blk fill {} 0 8192 7", disk), "blk flush " + disk,
              fmt::format("blk verify {} 0 8192 7", disk), "blk sha256 " + disk})
            words.insert(words.end(), {"-c", command});
    words.insert(words.end(), {"-c", "rand 4096", "-c", "net ping nic0 10.0.2.2 100", "-c",
                               "input led kbd0 caps on"});
    return oracle::boot(words);
}

// A queue of a driver that has nothing to do.
void check_queue(const oracle::Queue& queue, const Rings& rings)
{
    CHECK(std::has_single_bit(queue.size));
    CHECK(queue.size <= 1024);
    for (const u64 area : {queue.desc, queue.driver, queue.device})
        CHECK(area > ram);
    CHECK(queue.desc % 16 == 0);
    CHECK(queue.in_use == 0);
    CHECK(queue.popped == queue.returned);
    if (!rings.packed || rings.legacy)  // else a place in the ring, which may be its first again
        CHECK(queue.popped != 0);
    if (rings.legacy) {
        CHECK(queue.desc % 4096 == 0);
        CHECK(queue.driver == queue.desc + u64{16} * queue.size);
        CHECK(queue.device % 4096 == 0);
    }
}

void check_negotiation(const oracle::Device& device,
                       const std::string& line,
                       const Row& row,
                       const Rings& rings)
{
    CHECK(vireo::number_field(line, "virtio") == (rings.legacy ? 1u : 2u));
    CHECK(vireo::field(line, "registers") == row.registers);
    CHECK(vireo::field(line, "offered") == fmt::format("{:#x}", device.offered.mask()));
    CHECK(vireo::field(line, "features") == fmt::format("{:#x}", device.accepted.mask()));
    CHECK(device.offered.has(device.accepted));
    CHECK(device.accepted.has(Feature::version_1) == !rings.legacy);
    CHECK_FALSE(device.accepted.has(Feature::ring_reset));  // QEMU has no register behind it
    CHECK((device.offered & ring_features) == rings.offered());
    CHECK((device.accepted & ring_features) == rings.offered());
}

void check_driven(const oracle::Device& device,
                  const std::string& line,
                  const Row& row,
                  const Rings& rings)
{
    check_negotiation(device, line, row, rings);
    CHECK(device.status == (rings.legacy ? 7u : 15u));
    CHECK_FALSE(device.broken);
    check_queue(device.queues.at(row.queue), rings);
    for (const auto& queue : device.queues)
        CHECK(queue.in_use == (queue.popped - queue.returned) % 65536);
}

void check_rings(const Rings& rings)
{
    const auto guest = boot(rings);
    INFO((rings.legacy ? "version 1, " : "version 2, ") << rings.text());
    cli::check_good(guest.booted);
    REQUIRE(guest.booted.code == 0);
    for (const auto& row : rows) {
        INFO(row.name);
        const auto& device = guest.devices.at(row.name);
        const auto line = guest.negotiated(row.name);
        REQUIRE(line.has_value());
        check_driven(device, *line, row, rings);
    }
}

}  // namespace

TEST_CASE("every driver works with version 1 and split rings, and QEMU agrees with it",
          "[T3][T5][T8][V3][machine]")
{
    const bool event_idx = GENERATE(true, false);
    const bool indirect = GENERATE(true, false);
    check_rings({.legacy = true, .packed = false, .event_idx = event_idx, .indirect = indirect});
}

TEST_CASE("every driver works with version 2 and split rings, and QEMU agrees with it",
          "[T3][T5][M1][M5][V4][V11][V12][machine]")
{
    const bool event_idx = GENERATE(true, false);
    const bool indirect = GENERATE(true, false);
    check_rings({.legacy = false, .packed = false, .event_idx = event_idx, .indirect = indirect});
}

TEST_CASE(
    "every driver works with version 2 where packed rings are offered, and QEMU agrees with it",
    "[T3][T5][M1][V21][machine]")
{
    const bool event_idx = GENERATE(true, false);
    const bool indirect = GENERATE(true, false);
    check_rings({.legacy = false, .packed = true, .event_idx = event_idx, .indirect = indirect});
}

TEST_CASE("version 1 has no packed rings, whatever the device could do", "[T5][M1][machine]")
{
    check_rings({.legacy = true, .packed = true, .event_idx = true, .indirect = true});
}

TEST_CASE("a device that refuses what its driver chose is told by name, and the others work",
          "[T5][T10][D11][LD14][machine]")
{
    // It insists on ACCESS_PLATFORM, which no driver takes, by leaving FEATURES_OK clear.
    const auto guest =
        oracle::boot({SOURCE_FOLDER "/refusing.toml", "-c", "blk fill disk0 0 64 1"});
    const auto lines_with = [&](const std::string& part) {
        return std::ranges::count_if(guest.booted.log,
                                     [&](const auto& line) { return line.contains(part); });
    };
    cli::check_good(guest.booted);
    CHECK(lines_with("src=rng0/0 level=error msg=\"the device does not start\" why=not_supported "
                     "virtio=2")
          == 1);
    CHECK(lines_with("src=rng0/0 level=error msg=\"features\" set=offered names=") == 1);
    CHECK(lines_with("VIRTIO_F_ACCESS_PLATFORM") == 1);
    CHECK(lines_with("set=wanted names=\"VIRTIO_F_INDIRECT_DESC VIRTIO_F_EVENT_IDX "
                     "VIRTIO_F_VERSION_1 VIRTIO_F_RING_PACKED\"")
          == 1);
    CHECK(lines_with("set=missing") == 0);  // nothing that was asked for
    CHECK(guest.devices.at("rng0").queues.at(0).desc == 0);
    CHECK(guest.devices.at("disk0").status == 15);
}
