// net_test.cpp - netd and a network device that lies, in a running guest. A tag LDn names the class
// of bad input in the table of tests/vhost/README.md.
#include "dead.hpp"
#include "tally.hpp"

#include <catch2/catch.hpp>

using namespace cli;

namespace {

struct Use {
    int rounds = 20;
    int at_a_time = 8;
    int patience_ms = 20'000;

    int frames() const { return rounds * at_a_time; }
};
constexpr Use impatient{.patience_ms = 300};
constexpr Use one_by_one{.rounds = 80, .at_a_time = 1, .patience_ms = 300};

// vhost_device with `device` behind the network device, net_user in front of it.
Ran run_net(const std::string& device, const Use& use, const Words& more = {})
{
    return vireo(Words{"run", SOURCE_FOLDER "/net.toml", "--backend",
                       "nic0=" VHOST_DEVICE " net " + device, "-c", std::to_string(use.rounds),
                       "-c", std::to_string(use.at_a_time), "-c", std::to_string(use.patience_ms)}
                 + more);
}

Tally tally(const std::string& device, const Use& use = {}, const Words& more = {})
{
    return tally_of(run_net(device, use, more));
}

// Nobody notices.
void check_ignored(const std::string& device, const Use& use = {}, const Words& more = {})
{
    auto seen = tally(device, use, more);
    CHECK(count(seen, "ok") == use.frames());
    CHECK(seen["wrong"] == "0");
    CHECK(seen["resets"] == "0");
    CHECK(seen["malformed"] == "0");
}

// The device was reset once. What it had may be lost, once; all else comes back.
void check_healed(const std::string& device, const Use& use = impatient, const Words& more = {})
{
    auto seen = tally(device, use, more);
    CHECK(seen["resets"] == "1");
    CHECK(seen["wrong"] == "0");
    CHECK(seen["why"] == "ok");
    CHECK(count(seen, "missing") <= 2 * use.at_a_time);
    CHECK(count(seen, "ok") + count(seen, "missing") == use.frames());
}

// A frame was no frame, and nothing was reset.
void check_one_dropped(const std::string& device)
{
    auto seen = tally(device, impatient);
    CHECK(seen["ok"] == std::to_string(impatient.frames() - 1));
    CHECK(seen["missing"] == "1");
    CHECK(seen["wrong"] == "0");
    CHECK(seen["malformed"] == "1");
    CHECK(seen["resets"] == "0");
}

}  // namespace

TEST_CASE("a network device that is a program of the host sends frames back", "[vhost]")
{
    check_ignored(GENERATE("", "--mergeable"));
}

TEST_CASE("a network device with packed rings sends frames back, and is reset when it lies",
          "[machine][vhost][V21][LD1][LD2]")
{
    const Words packed{"--rings", "packed=on"};
    check_ignored("--packed", {}, packed);
    check_ignored("--packed --mergeable", {}, packed);
    check_healed("--packed --lie id_out_of_range=300,after=50,queue=1", impatient, packed);
    check_healed("--packed --lie used_twice,after=50,queue=1", impatient, packed);
    check_healed("--packed --lie length_over_total,after=50,queue=0", impatient, packed);
}

TEST_CASE("netd and an id beyond the queue: reset, and on", "[vhost][LD1]")
{
    check_healed(std::string{"--lie id_out_of_range=300,after=50,queue="} + GENERATE("0", "1"));
}

TEST_CASE("netd and what the device does not have, or returned before: reset, and on",
          "[vhost][LD2]")
{
    // Of what is sent: a receive buffer may be the device's again by the time that it is named.
    check_healed("--lie id_not_given,after=50,queue=1");
    check_healed("--lie used_twice,after=50,queue=1");
}

TEST_CASE("netd and more bytes than the buffer has: reset, and on", "[vhost][LD3][LD25]")
{
    check_healed("--lie length_over_total,after=50,queue=0");
    check_healed("--lie length_huge,after=50,queue=1");
    check_healed("--lie frame_long=1,after=50");
}

TEST_CASE("netd and a frame of few bytes, or none: dropped and counted", "[vhost][LD4][LD25]")
{
    check_one_dropped("--lie length_short=0,after=50,queue=0");
    check_one_dropped("--lie length_short=11,after=50,queue=0");
    check_one_dropped("--lie frame_short=13,after=50");
}

TEST_CASE("netd and a used index that jumps or goes back: reset, and on", "[vhost][LD5]")
{
    check_healed("--lie index_jumps=300,after=50,queue=0", one_by_one);
    check_healed("--lie index_goes_back,after=50,queue=0", one_by_one);
}

TEST_CASE("netd and a number of buffers that cannot be: reset, and on", "[vhost][LD25]")
{
    check_healed(std::string{"--mergeable --lie num_buffers="} + GENERATE("0", "200", "65535")
                 + ",after=50");
}

TEST_CASE("netd and a header that claims what was not negotiated: dropped and counted",
          "[vhost][LD26]")
{
    check_one_dropped("--lie header_bits=1,after=50");
    check_one_dropped("--lie header_bits=256,after=50");
}

TEST_CASE("netd and a device that never stops lying: reset sixteen times, then by init",
          "[vhost][LD12]")
{
    const auto ran = run_net("--lie id_out_of_range=300,after=20,times=1000,queue=0",
                             {.rounds = 40, .patience_ms = 40}, {"--keep"});
    auto seen = tally_of(ran);
    CHECK(seen["wrong"] == "0");
    CHECK(seen["why"] == "ok");
    // A round is a reset, unless the host is busy.
    CHECK_FALSE(lines_with(ran.kept.text("serial.log"), "msg=\"restarted\" program=nic0").empty());
    CHECK(count(seen, "resets") <= 16);
}

TEST_CASE("netd and a storm of interrupts: everything comes back", "[vhost][LD21]")
{
    check_ignored("--lie storm=500");
}

TEST_CASE("netd and a back end that dies: deadlines of clients, netd is well", "[vhost][LD31]")
{
    auto seen = tally("--lie dies,after=10", {.rounds = 10, .patience_ms = 300}, back_end_died);
    CHECK(count(seen, "missing") >= 8);
    CHECK(seen["wrong"] == "0");
    CHECK(seen["resets"] == "0");
}
