// tests/host/clients/lying_server_test.cpp - a server that says of its disk what cannot be. Nothing
// it says makes the client divide by zero, run for ever, or ask for bytes outside the disk.
#include "bench.hpp"

#include <block/blocking.hpp>
#include <catch2/catch.hpp>

namespace {

namespace protocol = proto::block;
using block::Sector;

constexpr block::Options options{.depth = 4, .buffers = 4, .buffer_bytes = 64 * 1024};

constexpr protocol::Info::Reply honest{
    .capacity = Sector{2048},
    .logical_block = 512,
    .physical_block = 4096,
    .max_bytes = 1 << 20,
    .max_runs = 32,
    .max_entries = 256,
    .flags = 0,
    .epoch = 1,
    .serial = {},
};

// Answers every call and serves no ring.
struct Liar {
    Result<protocol::Info::Reply> on(const protocol::Info::Request&, sys::Caller&) { return info; }
    Result<protocol::Attach::Reply> on(const protocol::Attach::Request&, sys::Caller& caller)
    {
        ++attached;
        submissions = caller.take<sys::Memory>(0).value();
        if (gives_doorbell)
            (void)caller.give(
                sys::doorbell(sys::create_notification()->borrow(), {~u64{0}}).value());
        return protocol::Attach::Reply{7, max_bytes, info.capacity};
    }
    Result<protocol::Detach::Reply> on(const protocol::Detach::Request&, sys::Caller&)
    {
        return protocol::Detach::Reply{};
    }
    Result<protocol::DetachAll::Reply> on(const protocol::DetachAll::Request&, sys::Caller&)
    {
        return protocol::DetachAll::Reply{};
    }
    Result<protocol::Stats::Reply> on(const protocol::Stats::Request&, sys::Caller&)
    {
        return fail(Errc::not_supported);
    }

    Result<protocol::RangeLimits::Reply> on(const protocol::RangeLimits::Request&, sys::Caller&)
    {
        return limits;
    }
    Result<protocol::SetWriteCache::Reply> on(const protocol::SetWriteCache::Request&, sys::Caller&)
    {
        return fail(Errc::not_supported);
    }

    protocol::Info::Reply info = honest;
    protocol::RangeLimits::Reply limits{};
    u32 max_bytes = 1 << 20;
    bool gives_doorbell = true;
    u32 attached = 0;
    sys::Handle<sys::Memory> submissions;
};

struct Rig {
    Rig()
    {
        bench.offer(
            "disk0",
            [this](const sys::Incoming& in) {
                return sys::dispatch(protocol::Protocol{}, liar, in);
            },
            [](u64) {});
    }

    Errc open()
    {
        const auto opened = disk.open(bench.startup(), "disk0", options);
        return opened ? Errc::ok : opened.error();
    }
    // What the client put into the ring first.
    protocol::Submission asked() const
    {
        protocol::Submission first{};
        std::memcpy(&first, bench.at(liar.submissions.borrow().slot)->region.memory + page_bytes,
                    sizeof(first));
        return first;
    }

    model::Memory memory;
    bench::Bench bench{memory};
    Liar liar;
    block::Disk disk;
};

}  // namespace

TEST_CASE("a disk that cannot be is refused before anything is made for it",
          "[clients][block][hostile]")
{
    Rig rig;
    auto& info = rig.liar.info;
    SECTION("no logical block") { info.logical_block = 0; }
    SECTION("a logical block smaller than a sector") { info.logical_block = 256; }
    SECTION("a logical block that is no power of two") { info.logical_block = 1536; }
    SECTION("the largest logical block that can be said") { info.logical_block = ~0U; }
    SECTION("no physical block") { info.physical_block = 0; }
    SECTION("a physical block smaller than the logical one") { info.logical_block = 8192; }
    SECTION("a physical block that is no power of two") { info.physical_block = 4096 + 512; }
    SECTION("a sector more than can be counted") { info.capacity = Sector{(u64{1} << 54) + 1}; }
    SECTION("as many sectors as can be said") { info.capacity = Sector{~u64{0}}; }
    SECTION("requests of nothing") { info.max_bytes = 0; }
    SECTION("requests of less than a sector") { info.max_bytes = 511; }
    SECTION("requests without a run") { info.max_runs = 0; }
    SECTION("rings without entries") { info.max_entries = 0; }
    SECTION("rings of no power of two") { info.max_entries = 3; }
    SECTION("rings larger than the protocol has") { info.max_entries = 512; }
    const usize before = rig.bench.handles();
    CHECK(rig.open() == Errc::malformed);
    CHECK(rig.liar.attached == 0);
    CHECK(rig.bench.handles() == before);

    block::Blocking blocking{rig.disk};
    std::array<std::byte, 16> bytes{};
    CHECK(blocking.pread(0, bytes).value() == 0);
    CHECK(blocking.pwrite(0, bytes).error() == Errc::out_of_range);
}

TEST_CASE("the strangest disk that can be is used within its bounds", "[clients][block][hostile]")
{
    Rig rig;
    auto& info = rig.liar.info;
    info.capacity = Sector{GENERATE(u64{1}, u64{2048}, u64{1} << 54)};
    info.logical_block = GENERATE(512U, 4096U, 65536U);
    info.physical_block = 1U << 31;
    info.max_entries = GENERATE(1U, 256U);
    info.max_runs = 1;
    REQUIRE(rig.open() == Errc::ok);
    CHECK(rig.disk.depth() <= info.max_entries);

    block::Blocking blocking{rig.disk};
    std::array<std::byte, 16> bytes{};
    const u64 end = rig.disk.bytes();
    CHECK(blocking.pread(end, bytes).value() == 0);
    CHECK(blocking.pwrite(end - 15, bytes).error() == Errc::out_of_range);
    CHECK_FALSE(rig.bench.stuck());
    // Nobody answers; what was asked for holds the last byte of the disk.
    CHECK(blocking.pread(end - 1, bytes, sys::after_ms(1)).error() == Errc::timed_out);
    const auto asked = rig.asked();
    const u64 block_sectors = info.logical_block / 512;
    CHECK(asked.count == block_sectors);
    CHECK(asked.first.raw() == (info.capacity.raw() - 1) / block_sectors * block_sectors);
}

TEST_CASE("whatever a server says a discard may be, it is cut within its bounds",
          "[clients][block][hostile]")
{
    Rig rig;
    const u32 most = GENERATE(1U, 7U, ~0U);
    rig.liar.info.capacity = Sector{u64{1} << 54};
    rig.liar.limits = {most, GENERATE(0U, 3U, ~0U), most, 0};
    REQUIRE(rig.open() == Errc::ok);
    block::Blocking blocking{rig.disk};
    const u64 first = (u64{1} << 54) - 9;
    CHECK(blocking.discard(Sector{first}, 9, sys::after_ms(1)).error() == Errc::timed_out);
    const auto asked = rig.asked();
    CHECK(asked.first.raw() == first);
    CHECK((asked.count >= 1 && asked.count <= 9 && asked.count <= most));
}

TEST_CASE("blocks larger than the buffers of a session are refused", "[clients][block][hostile]")
{
    Rig rig;
    rig.liar.info.logical_block = GENERATE(128U * 1024, 1U << 31);
    rig.liar.info.physical_block = 1U << 31;
    CHECK(rig.open() == Errc::bad_argument);
    CHECK(rig.liar.attached == 0);
}

TEST_CASE("an answer to Attach that makes no sense ends the session", "[clients][block][hostile]")
{
    Rig rig;
    SECTION("no doorbell")
    {
        rig.liar.gives_doorbell = false;
        CHECK(rig.open() == Errc::malformed);
    }
    SECTION("requests smaller than the buffers")
    {
        rig.liar.max_bytes = GENERATE(0U, 64U * 1024 - 1);
        CHECK(rig.open() == Errc::too_big);
    }
    CHECK(rig.disk.outstanding() == 0);
}
