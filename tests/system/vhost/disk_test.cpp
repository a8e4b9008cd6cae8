// disk_test.cpp - blkd and a disk that lies, in a running guest. A tag LDn names the class of bad
// input in the table of tests/vhost/README.md.
#include "dead.hpp"
#include "tally.hpp"

#include <catch2/catch.hpp>

using namespace cli;

namespace {

struct Use {
    int rounds = 20;
    int at_a_time = 8;
    int patience_ms = 20'000;

    int requests() const { return 2 * rounds * at_a_time; }
};
constexpr Use one_by_one{.rounds = 80, .at_a_time = 1};
constexpr Use impatient{.patience_ms = 300};

// vhost_device with `device` behind the disk, disk_user in front of it.
Ran used(const std::string& device, const Use& use, const Words& more = {})
{
    return vireo(Words{"run", SOURCE_FOLDER "/disk.toml", "--backend",
                       "disk0=" VHOST_DEVICE " blk " + device, "-c", std::to_string(use.rounds),
                       "-c", std::to_string(use.at_a_time), "-c", std::to_string(use.patience_ms)}
                 + more);
}

Tally tally(const std::string& device, const Use& use = {}, const Words& more = {})
{
    return tally_of(used(device, use, more));
}

// Everything was done in the end, and what was read was what had been written.
void check_all_done(Tally& seen, const Use& use = {})
{
    CHECK(count(seen, "ok") == use.requests());
    CHECK(seen["wrong"] == "0");
    CHECK(seen["left"] == "0");
}

// The device was reset once; what it had failed, at most all that was at it.
void check_healed(const std::string& lie, const Use& use = {}, const Words& more = {})
{
    auto seen = tally("--lie " + lie, use, more);
    check_all_done(seen, use);
    CHECK(seen["stuck"] == "0");
    CHECK(seen["resets"] == "1");
    CHECK(count(seen, "failed") >= 1);
    CHECK(count(seen, "failed") <= use.at_a_time);
}

// That one request failed, and nothing was reset.
void check_one_error(const std::string& lie)
{
    auto seen = tally("--lie " + lie);
    check_all_done(seen);
    CHECK(seen["failed"] == "1");
    CHECK(seen["resets"] == "0");
}

// Nobody notices.
void check_ignored(const std::string& device, const Use& use = {}, const Words& more = {})
{
    auto seen = tally(device, use, more);
    check_all_done(seen, use);
    CHECK(seen["failed"] == "0");
    CHECK(seen["stuck"] == "0");
    CHECK(seen["resets"] == "0");
}

}  // namespace

TEST_CASE("a disk that is a program of the host is written and read back", "[vhost]")
{
    check_ignored("");
}

TEST_CASE("a disk that is slow to tell its serial number interrupts for what comes next", "[vhost]")
{
    check_ignored("--lie slow=100", impatient);
}

TEST_CASE("a disk with packed rings is written and read back, and reset when it lies",
          "[machine][vhost][V21][LD1][LD2][LD3]")
{
    const Words packed{"--rings", "packed=on"};
    check_ignored("--packed", {}, packed);
    check_healed("id_out_of_range=300,after=100 --packed", {}, packed);
    check_healed("id_not_given,after=100 --packed", {}, packed);
    check_healed("used_twice,after=100 --packed", {}, packed);
    check_healed("length_huge,after=100 --packed", {}, packed);
}

TEST_CASE("blkd and an id beyond the queue: reset, and on", "[vhost][LD1]")
{
    check_healed("id_out_of_range=300,after=100");
    check_healed("id_out_of_range=4294966784,after=100");
}

TEST_CASE("blkd and the id of a descriptor inside a chain: reset, and on", "[vhost][LD2]")
{
    check_healed("id_not_head,after=100");
}

TEST_CASE("blkd and an id that nobody gave: reset, and on", "[vhost][LD2]")
{
    check_healed("id_not_given,after=100");
}

TEST_CASE("blkd and a request that is returned twice: reset, and on", "[vhost][LD2]")
{
    check_healed("used_twice,after=100");
}

TEST_CASE("blkd and more bytes than the chain has: reset, and on", "[vhost][LD3]")
{
    check_healed("length_over_total,after=100");
    check_healed("length_huge,after=100");
}

TEST_CASE("blkd and a length that counts what the device could not write: no matter",
          "[vhost][LD3]")
{
    check_ignored("--lie length_of_total,after=100,times=20");
}

// Lengths of version 1 are not to be relied on.
TEST_CASE("blkd and a read that returns too few bytes: that request fails", "[machine][vhost][LD4]")
{
    check_one_error("length_short=0,after=106");
    check_one_error("length_short=511,after=106");
}

TEST_CASE("blkd and a status byte that is not written: that request fails", "[vhost][LD4]")
{
    check_one_error("status_missing,after=100");
}

TEST_CASE("blkd and a used index that jumps ahead: reset, and on", "[vhost][LD5]")
{
    check_healed("index_jumps=300,after=100", one_by_one);
}

TEST_CASE("blkd and a used index that goes back: reset, and on", "[vhost][LD5]")
{
    check_healed("index_goes_back,after=100", one_by_one);
}

// The driver reads none of it again. But it wrote the chains once and for all, so the device finds
// rubbish in the next ones, and says nothing any more: it cannot ask for a reset over vhost-user.
TEST_CASE("blkd and a device that overwrites its descriptors: requests stay there, blkd is well",
          "[vhost][LD7]")
{
    auto seen =
        tally("--lie scribbles,after=100", {.rounds = 80, .at_a_time = 1, .patience_ms = 300},
              {"--allow-line", "^queue: unknown descriptor flags$"});
    CHECK(count(seen, "ok") >= 99);
    CHECK(seen["wrong"] == "0");
    CHECK(count(seen, "stuck") >= 1);
    CHECK(seen["resets"] == "0");
}

TEST_CASE("blkd and a status that does not exist: that request fails", "[vhost][LD10]")
{
    check_one_error("status_byte=3,after=100");
    check_one_error("status_byte=255,after=100");
}

TEST_CASE("blkd and a disk that shrinks in use: what is beyond its end fails, the rest goes on",
          "[vhost][LD19]")
{
    auto seen = tally("--lie capacity=1024,after=10");
    CHECK(seen["ok"] == "256");
    CHECK(seen["left"] == "64");
    CHECK(seen["failed"] == "512");
    CHECK(seen["wrong"] == "0");
    CHECK(seen["resets"] == "0");
}

TEST_CASE("blkd and a disk that says it has no or all sectors: nothing is asked for in vain",
          "[vhost][LD19]")
{
    auto none = tally("--lie capacity=0,after=10");
    CHECK(count(none, "ok") >= 64);
    CHECK(none["stuck"] == "0");
    CHECK(none["resets"] == "0");
    check_ignored("--lie capacity=18446744073709551615,after=10");
}

TEST_CASE("blkd and blocks of an absurd size: the disk is refused", "[vhost][LD20]")
{
    const auto* const bytes = GENERATE("0", "513", "2147483648");
    const auto ran = used(std::string{"--config 20="} + bytes, {});
    CHECK(ran.status == 1);
    CHECK(ran.out == "gave_up\n");
}

TEST_CASE("blkd and an absurd number of segments: clamped", "[vhost][LD20]")
{
    check_ignored("--config 12=0");
    check_ignored("--config 12=4294967295");
}

TEST_CASE("blkd and a storm of interrupts: everything is done", "[vhost][LD21]")
{
    check_ignored("--lie storm=500,after=10");
}

TEST_CASE("blkd and completions without an interrupt: found at the client's deadline",
          "[vhost][LD22]")
{
    check_ignored("--lie no_interrupt,after=10,times=3", impatient);
}

TEST_CASE("blkd and a request that never ends: the client's deadline, and on", "[vhost][LD23]")
{
    auto seen = tally("--lie answers_nothing,after=100", impatient);
    check_all_done(seen);
    CHECK(seen["stuck"] == "1");
    CHECK(seen["failed"] == "0");
    CHECK(seen["resets"] == "0");
}

TEST_CASE("blkd and answers in the opposite order: each belongs to its request", "[vhost][LD24]")
{
    check_ignored("--reversed");
}

TEST_CASE("blkd and an answer from before a reset: reset again, and on", "[vhost][LD24]")
{
    auto seen = tally("--lie late,after=4 --lie id_out_of_range=300,after=120", impatient);
    check_all_done(seen);
    CHECK(seen["resets"] == "2");
}

TEST_CASE("blkd and a back end that dies: deadlines of clients, blkd is well", "[vhost][LD31]")
{
    auto seen = tally("--lie dies,after=10", impatient, back_end_died);
    CHECK(count(seen, "ok") >= 64);
    CHECK(seen["wrong"] == "0");
    CHECK(count(seen, "stuck") >= 8);
    CHECK(seen["resets"] == "0");
}

TEST_CASE("blkd and lies without end: it gives up after sixteen resets", "[vhost][LD1][LD12]")
{
    const auto ran = used("--lie id_out_of_range=300,after=20,times=1000", {.rounds = 60});
    CHECK(ran.status == 0);
    auto seen = tally_of(ran);
    CHECK(seen["resets"] == "gave_up");
    CHECK(seen["wrong"] == "0");
}

TEST_CASE("blkd and lies drawn from a seed: everything is done", "[vhost][LD1][LD2][LD3][LD4][LD5]")
{
    const auto seed = GENERATE(1, 2, 3);
    const Use use{.rounds = 60, .patience_ms = 1000};
    auto seen = tally("--seed " + std::to_string(seed), use);
    check_all_done(seen, use);
    CHECK(seen["stuck"] == "0");
    CHECK(count(seen, "resets") >= 1);
}
