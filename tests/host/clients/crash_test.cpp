// tests/host/clients/crash_test.cpp - the disk's server dies at every point of its work, once and
// twice and for ever; its clients see a pause, and the medium what they wrote.
#include "crash_rig.hpp"
#include "stress.hpp"

#include <catch2/catch.hpp>

namespace {

constexpr block::Options options{.depth = 4, .buffers = 5, .buffer_bytes = 512};
constexpr vsh::Stress::Options load{.cells = 4, .cell_sectors = 1, .rounds = 2, .flush_every = 3};

// Two clients on disks of their own, in turns.
struct Run {
    explicit Run(Fate fate) : rig{std::move(fate)} {}

    // How it ended.
    Errc end()
    {
        for (block::Disk* disk : {&first, &second})
            if (const auto open = disk->open(rig.bench.startup(), "disk0", options); !open)
                return open.error();
        for (bool more = true; more;) {
            const auto a = one.step();
            const auto b = two.step();
            if (!a || !b)
                return a ? b.error() : a.error();
            more = *a || *b;
        }
        return Errc::ok;
    }
    bool good()
    {
        return end() == Errc::ok && !rig.bench.stuck() && rig.world.complaints.empty()
               && attached_once() && written(one, 0) && written(two, second_first);
    }

    // The server that lives has one session of each client at most, and each went over to a server
    // no more often than one died.
    bool attached_once() const
    {
        const u64 deaths = rig.deaths();
        return rig.bench.pins() <= 2 && !rig.deserted() && first.restarts() <= deaths
               && second.restarts() <= deaths;
    }

    // The medium holds the last version of every sector, and so does what a flush left.
    bool written(const vsh::Stress& client, u64 from) const
    {
        for (u64 sector = from; sector < from + u64{load.cells} * load.cell_sectors; ++sector)
            if (at(rig.blk.medium.data(), sector) != client.last(sector)
                || at(rig.durable().data(), sector) != client.last(sector))
                return false;
        return true;
    }
    static std::optional<block::Stamp> at(const u8* medium, u64 sector)
    {
        return block::stamp_of(std::as_bytes(std::span<const u8, block::sector_bytes>{
            medium + sector * block::sector_bytes, block::sector_bytes}));
    }
    static constexpr u64 second_first = 8;
    static constexpr vsh::Stress::Options other = [] {
        auto changed = load;
        changed.client = 2;
        changed.first = second_first;
        return changed;
    }();

    mutable CrashRig rig;
    block::Disk first;
    block::Disk second;
    vsh::Stress one{first, load};
    vsh::Stress two{second, other};
};

}  // namespace

TEST_CASE("a server that dies at any one point is a pause", "[clients][block][crash][U3]")
{
    const u32 seed = GENERATE(1U, 2U);
    u64 n = 0;
    for (u64 deaths = 1; deaths == 1; ++n) {
        Run run{{.lives = {n}, .seed = seed}};
        INFO("event " << n << ", seed " << seed);
        REQUIRE(run.good());
        REQUIRE(run.one.sent_again() + run.two.sent_again() == 0);
        deaths = run.rig.deaths();
    }
    CHECK(n > 300);
}

TEST_CASE("so is one that dies again, also on its way up and while requests are sent again",
          "[clients][block][crash]")
{
    u64 runs = 0;
    for (u64 n = 0, deaths = 2; deaths != 0; n += 13) {
        u64 m = n * 7 % 17;
        for (deaths = 2; deaths == 2; m += 17, ++runs) {
            Run run{{.lives = {n, m}, .seed = static_cast<u32>(n)}};
            INFO("events " << n << " and " << m);
            REQUIRE(run.good());
            REQUIRE(run.one.sent_again() + run.two.sent_again() == 0);
            deaths = run.rig.deaths();
        }
    }
    CHECK(runs > 600);
}

TEST_CASE("a request that was in flight when three servers died is not sent a fourth time",
          "[clients][block][crash]")
{
    u32 sent_again = 0;
    u64 deaths = 0;
    for (u64 n = 1; n < 300; n += 3) {
        Run run{{.lives = {n, n, n, n, n, n, n}, .seed = static_cast<u32>(n)}};
        INFO("seven lives of " << n);
        REQUIRE(run.good());
        sent_again += run.one.sent_again() + run.two.sent_again();
        deaths += run.rig.deaths();
    }
    CHECK(sent_again > 20);
    CHECK(deaths > 500);
}

TEST_CASE("when there will be no server any more, every request says so, at any point",
          "[clients][block][crash]")
{
    u64 n = 0;
    for (u64 deaths = 1; deaths == 1; n += 5) {
        Run run{{.lives = {n}, .given_up_after = 1, .seed = static_cast<u32>(n)}};
        INFO("event " << n);
        const auto ended = run.end();
        deaths = run.rig.deaths();
        REQUIRE(ended == (deaths == 1 ? Errc::gave_up : Errc::ok));
        REQUIRE_FALSE(run.rig.bench.stuck());
    }
    CHECK(n > 300);
}
