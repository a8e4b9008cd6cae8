// rng_test.cpp - rngd and an entropy source that lies, in a running guest. A tag LDn names the
// class of bad input in the table of tests/vhost/README.md.
#include "dead.hpp"

#include <catch2/catch.hpp>
#include <cli/tool.hpp>

using namespace cli;
using Catch::Matchers::StartsWith;

namespace {

constexpr int first_seed_bytes = 1024;
constexpr int request_bytes = 256;

struct Use {
    int seeds = 1;
    int patience_ms = 20'000;
    std::string system = "/rng.toml";
    Words more{};
};
// Of who waits for what will not come.
constexpr int soon_ms = 1'000;

// vhost_device with these lies behind the source, rng_user in front of it: its line.
std::string seen(const std::string& lies, const Use& use = {})
{
    const auto ran = vireo(Words{"run", SOURCE_FOLDER + use.system, "--backend",
                                 "rng0=" VHOST_DEVICE " rng " + lies, "-c",
                                 std::to_string(use.seeds), "-c", std::to_string(use.patience_ms)}
                           + use.more);
    CHECK(ran.status == 0);
    return ran.out;
}

// A lie about one of the four requests of the first seed: what was asked for is asked for again.
void check_healed(const std::string& lie)
{
    CHECK(seen("--lie " + lie + ",after=2")
          == "seeds=1 served=1 late=0 why=ok device=" + std::to_string(first_seed_bytes) + "\n");
}

}  // namespace

TEST_CASE("an entropy source that is a program of the host gives seeds", "[vhost]")
{
    CHECK(seen("", {.seeds = 2})
          == "seeds=2 served=1 late=0 why=ok device="
                 + std::to_string(first_seed_bytes + request_bytes) + "\n");
}

TEST_CASE("rngd and an id beyond the queue: reset, and on", "[vhost][LD1]")
{
    check_healed("id_out_of_range=300");
}

TEST_CASE("rngd and an id that nobody gave: reset, and on", "[vhost][LD2]")
{
    check_healed("id_not_given");
}

TEST_CASE("rngd and more bytes than the buffer has: reset, and on", "[vhost][LD3]")
{
    check_healed("length_over_total");
}

TEST_CASE("rngd and a length of four gibibytes: reset, and on", "[vhost][LD3]")
{
    check_healed("length_huge");
}

TEST_CASE("rngd and a used index that jumps ahead: reset, and on", "[vhost][LD5]")
{
    CHECK_THAT(seen("--lie index_jumps=300,after=3"), StartsWith("seeds=1 served=1 late=0 why=ok"));
}

TEST_CASE("rngd and few bytes: it asks for more", "[vhost][LD4][LD29]")
{
    CHECK(seen("--lie length_short=3,after=1")
          == "seeds=1 served=1 late=0 why=ok device=" + std::to_string(first_seed_bytes + 3)
                 + "\n");
}

TEST_CASE("rngd and no bytes, ten times: it asks again", "[vhost][LD29]")
{
    CHECK_THAT(seen("--lie no_bytes,after=1,times=10"),
               StartsWith("seeds=1 served=1 late=0 why=ok"));
}

TEST_CASE("rngd and no bytes for ever: nothing is handed out", "[vhost][LD29]")
{
    CHECK_THAT(seen("--lie no_bytes,times=1000", {.patience_ms = soon_ms}),
               StartsWith("seeds=0 served=0"));
}

TEST_CASE("rngd and a storm of interrupts: everything is done", "[vhost][LD21]")
{
    CHECK_THAT(seen("--lie storm=500"), StartsWith("seeds=1 served=1 late=0 why=ok"));
}

TEST_CASE("rngd and bytes without an interrupt: found when somebody asks", "[vhost][LD22]")
{
    CHECK_THAT(seen("--lie no_interrupt", {.patience_ms = soon_ms}),
               StartsWith("seeds=1 served=1"));
}

TEST_CASE("rngd and a request that never ends: no seed, and clients wait no longer than they want",
          "[vhost][LD23]")
{
    CHECK(seen("--lie answers_nothing,after=1", {.patience_ms = soon_ms})
          == "seeds=0 served=0 late=3 why=timed_out device=768\n");
}

TEST_CASE("rngd and a back end that dies: no seed, and clients wait no longer than they want",
          "[vhost][LD31]")
{
    CHECK_THAT(seen("--lie dies", {.patience_ms = soon_ms, .more = back_end_died}),
               StartsWith("seeds=0 served=0 late=3 why=timed_out"));
}

TEST_CASE("rngd with two sources and one that never answers: the other one serves after a while",
          "[vhost][LD23][R5][R8][U19]")
{
    CHECK(seen("--lie answers_nothing", {.system = "/rng_two.toml"})
          == "seeds=1 served=1 late=0 why=ok device=768\n");  // of 1024
}

TEST_CASE("rngd with two sources: both are mixed", "[vhost][R8][U19]")
{
    CHECK_THAT(seen("", {.seeds = 2, .system = "/rng_two.toml"}),
               StartsWith("seeds=2 served=1 late=0 why=ok"));
}

TEST_CASE("rngd and a source that is throttled: clients sleep until there is a seed",
          "[vhost][R2][R3][R10]")
{
    const auto ran = vireo({"run", SOURCE_FOLDER "/rng_slow.toml", "-c", "1", "-c", "100000"});
    CHECK(ran.status == 0);
    CHECK_THAT(ran.out, StartsWith("seeds=1 served=1 late=0 why=ok device=10"));
}
