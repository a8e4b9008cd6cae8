// tests/host/blkd/server_test.cpp - the block protocol message by message: what is attached,
// refused and given back.
#include "hand.hpp"

using block_protocol::Attach;
using block_protocol::Detach;
using block_protocol::DetachAll;
using block_protocol::Info;
using block_protocol::RangeLimits;
using block_protocol::SetWriteCache;
using block_protocol::Stats;

TEST_CASE("an attached session has a doorbell that rings its own bit only", "[blkd][server]")
{
    DiskRig rig;
    Hand hand{rig};
    REQUIRE(hand.attach({8, 0}, hand.good()) == Errc::ok);
    CHECK(hand.last.max_bytes == 8192);
    REQUIRE(sys::signal(hand.doorbell.borrow(), {~u64{0}}).has_value());
    CHECK(rig.bench.take_bits(rig.notification) == blkd::doorbell_of(hand.last.session));
    CHECK(sys::handle_info(hand.doorbell.slot())->rights.has(abi::right::wait) == false);
}

TEST_CASE("what is wrong with an Attach is said, and nothing of it stays",
          "[blkd][server][hostile][LC1][LC3]")
{
    DiskRig rig;
    rig.bench.scattered = GENERATE(false, true);
    {
        Hand hand{rig};
        const auto two_pages = block_protocol::submissions_bytes(8);
        CHECK(hand.attach({0, 0}, hand.good()) == Errc::bad_argument);
        CHECK(hand.attach({3, 0}, hand.good()) == Errc::bad_argument);
        CHECK(hand.attach({512, 0}, hand.good(512)) == Errc::bad_argument);
        CHECK(hand.attach({~0U, 0}, hand.good()) == Errc::bad_argument);
        CHECK(hand.attach({8, 2}, hand.good()) == Errc::bad_argument);
        CHECK(hand.attach({8, 0, block_protocol::Sector{1}, ~u64{0}}, hand.good())
              == Errc::bad_argument);
        CHECK(hand.attach({8, 0, block_protocol::Sector{~u64{0}}, 1}, hand.good())
              == Errc::bad_argument);
        CHECK(hand.attach({8, 0}, {}) == Errc::bad_argument);
        CHECK(hand.attach({8, 0}, hand.good(), 0) == Errc::bad_argument);
        CHECK(hand.attach({8, 0}, sys::HandleSet::of(hand.memory(two_pages), hand.memory(two_pages),
                                                     hand.memory(8192)))
              == Errc::bad_argument);
        CHECK(hand.attach({8, 0}, sys::HandleSet::of(hand.memory(two_pages), hand.bell(),
                                                     hand.memory(8192), hand.bell()))
              == Errc::wrong_kind);
        CHECK(hand.attach({8, 0}, sys::HandleSet::of(hand.memory(two_pages), hand.memory(two_pages),
                                                     hand.memory(8192), hand.memory(8192)))
              == Errc::wrong_kind);
        CHECK(hand.attach({8, 0}, sys::HandleSet::of(hand.memory(4096), hand.memory(two_pages),
                                                     hand.memory(8192), hand.bell()))
              == Errc::out_of_range);
        CHECK(hand.attach({256, 0}, hand.good(64)) == Errc::out_of_range);
        CHECK(hand.attach({8, 0}, sys::HandleSet::of(
                                      hand.memory(two_pages),
                                      hand.memory(two_pages, abi::right::transfer | sys::read_only),
                                      hand.memory(8192), hand.bell()))
              == Errc::denied);
        CHECK(hand.attach({8, 0}, sys::HandleSet::of(
                                      hand.memory(two_pages), hand.memory(two_pages),
                                      hand.memory(8192, abi::right::transfer | sys::read_only),
                                      hand.bell()))
              == Errc::denied);
        CHECK(rig.bench.mappings() == 0);
        CHECK(rig.bench.pins() == 0);
    }
    CHECK(rig.at_rest());
}

TEST_CASE("a buffer in more runs than the server lists is too big", "[blkd][server]")
{
    DiskRig rig;
    Hand hand{rig};
    rig.bench.scattered = true;
    const auto with_buffer = [&](u64 pages) {
        return hand.attach({8, 0},
                           sys::HandleSet::of(hand.memory(block_protocol::submissions_bytes(8)),
                                              hand.memory(block_protocol::completions_bytes(8)),
                                              hand.memory(pages * page_bytes), hand.bell()));
    };
    CHECK(with_buffer(common::Attachment::most_runs + 1) == Errc::too_big);
    CHECK(with_buffer(common::Attachment::most_runs) == Errc::ok);
    CHECK(hand.last.max_bytes == (32 - 1) * page_bytes);
}

TEST_CASE("a program has so many sessions, and detaching gives one back", "[blkd][server][LC9]")
{
    DiskRig rig;
    {
        rig.bench.program = 7;
        Hand hand{rig};
        Hand second{rig};  // another connect of the same program
        REQUIRE(second.attach({8, 0}, second.good()) == Errc::ok);
        for (u32 i = 1; i < common::Attachments::sessions_per_program; ++i)
            REQUIRE(hand.attach({8, 0}, hand.good()) == Errc::ok);
        CHECK(second.attach({8, 0}, second.good()) == Errc::over_quota);
        const u32 last = hand.last.session;
        CHECK(hand.attach({8, 0}, hand.good()) == Errc::over_quota);
        CHECK(hand.session.call<Detach>({last, 0}).has_value());
        CHECK(hand.session.call<Detach>({last, 0}).error() == Errc::not_found);
        CHECK(hand.attach({8, 0}, hand.good()) == Errc::ok);
        rig.bench.program = 8;
        Hand other{rig};
        CHECK(other.attach({8, 0}, other.good()) == Errc::ok);
    }
    CHECK(rig.at_rest());
}

TEST_CASE("a badge ends all its sessions at once, with what is in flight, and nobody else's",
          "[blkd][server]")
{
    DiskRig rig;
    {
        WorkingHand hand{rig};
        WorkingHand other{rig};
        rig.blk.hold = true;
        other.read(1, 5);
        hand.read(1, 5);
        REQUIRE(hand.attach({8, 0}, hand.good()) == Errc::ok);  // a second one
        const usize pins = rig.bench.pins();
        CHECK(hand.session.call<DetachAll>().has_value());
        CHECK(hand.session.call<DetachAll>().has_value());
        CHECK(hand.detach() == Errc::not_found);
        CHECK(rig.bench.pins() == pins - 1);  // the device has the memory of the first
        while (rig.blk.held() != 0)
            rig.finish(0);
        rig.settle();
        CHECK(rig.bench.pins() == pins - 2);
        CHECK(other.outcome() == Errc::ok);
        CHECK_FALSE(hand.channel.poll().has_value());
    }
    CHECK(rig.at_rest());
}

TEST_CASE("the server has so many sessions in all", "[blkd][server][LC9]")
{
    DiskRig rig;
    {
        std::vector<std::unique_ptr<Hand>> hands;
        for (u32 i = 0; i < blkd::max_sessions; ++i) {
            hands.push_back(std::make_unique<Hand>(rig));
            REQUIRE(hands.back()->attach({1, 0}, hands.back()->good(1)) == Errc::ok);
        }
        Hand late{rig};
        CHECK(late.attach({1, 0}, late.good(1)) == Errc::over_quota);
        hands.pop_back();
        CHECK(late.attach({1, 0}, late.good(1)) == Errc::ok);
    }
    CHECK(rig.at_rest());
}

TEST_CASE("a buffer in which no block has room is too big a wish", "[blkd][server]")
{
    const auto [bytes, expected] =
        GENERATE(table<u64, Errc>({{4096, Errc::too_big}, {8192, Errc::ok}, {12288, Errc::ok}}));
    DiskRig rig{{.block_bytes = 8192}};
    Hand hand{rig};
    CHECK(hand.attach({8, 0}, sys::HandleSet::of(hand.memory(block_protocol::submissions_bytes(8)),
                                                 hand.memory(block_protocol::completions_bytes(8)),
                                                 hand.memory(bytes), hand.bell()))
          == expected);
    CHECK(rig.bench.pins() == (expected == Errc::ok ? 1 : 0));
}

TEST_CASE("messages that are none of the protocol get an error", "[blkd][server][hostile][LC1]")
{
    DiskRig rig;
    Hand hand{rig};
    for (const u16 ordinal : std::to_array<u16>({0, 1, 2, 3, 4, 5, 6, 7, 8, 0xffff}))
        for (u64 size = 0; size <= abi::message_bytes; ++size) {
            const sys::Letter letter{abi::Header::make(ordinal, size), {}};
            const auto answer = sys::call(hand.session.endpoint(), letter);
            const bool well_formed =
                (ordinal == Info::ordinal || ordinal == Stats::ordinal
                 || ordinal == RangeLimits::ordinal || ordinal == DetachAll::ordinal)
                && size == 0;
            const bool empty_request =
                ((ordinal == Detach::ordinal || ordinal == SetWriteCache::ordinal) && size == 8)
                || (ordinal == Attach::ordinal && size == 24);
            if (well_formed)
                CHECK(answer.header.status() == Errc::ok);
            else if (!empty_request)
                CHECK(answer.header.status()
                      == (ordinal >= 1 && ordinal <= 8 && ordinal != 2 ? Errc::bad_argument
                                                                       : Errc::not_supported));
            else
                CHECK(answer.header.status() != Errc::ok);
        }
}

TEST_CASE("B26: CONFIG_WCE is set by a session with the admin right, and by no other",
          "[blkd][server][hostile][LC15]")
{
    DiskRig rig;
    const auto access = GENERATE(proto::table::Access::usual, proto::table::Access::read_only,
                                 proto::table::Access::admin);
    rig.bench.access = access;
    Hand hand{rig};
    const auto set = [&](u32 on, u32 reserved = 0) {
        return hand.session.call<SetWriteCache>({on, reserved})
            .transform([](auto&&) {})
            .error_or(Errc::ok);
    };
    const auto cached = [&] {
        return (hand.session.ask<Info>()->flags & block_protocol::InfoFlags::write_cache) != 0;
    };
    CHECK(cached());
    if (access == proto::table::Access::admin) {
        CHECK(set(2) == Errc::bad_argument);
        CHECK(set(0, 1) == Errc::bad_argument);
        CHECK(set(0) == Errc::ok);
        CHECK_FALSE(cached());
        CHECK(rig.blk.config()[32] == 0);
        CHECK(set(1) == Errc::ok);
    } else {
        CHECK(set(0) == Errc::denied);
    }
    CHECK(cached());
}

TEST_CASE("a cache that cannot be chosen is not", "[blkd][server]")
{
    DiskRig rig{{.offers_flush = false}};
    rig.bench.access = proto::table::Access::admin;
    Hand hand{rig};
    CHECK(hand.session.call<SetWriteCache>({0, 0}).error() == Errc::not_supported);
    CHECK((hand.session.ask<Info>()->flags & block_protocol::InfoFlags::cache_settable) == 0);
}

TEST_CASE("a program whose table lets it read writes nothing", "[blkd][server][hostile][LC15]")
{
    DiskRig rig{{.max_discard = 8, .max_write_zeroes = 8}};
    rig.bench.access = proto::table::Access::read_only;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", {.depth = 8, .buffers = 8, .buffer_bytes = 512})
                .has_value());
    CHECK(disk.read_only());
    REQUIRE(disk.write(1, block::Sector{0}, 1, *disk.buffer()).has_value());
    REQUIRE(disk.write_fua(2, block::Sector{0}, 1, *disk.buffer()).has_value());
    REQUIRE(disk.discard(3, block::Sector{0}, 1).has_value());
    REQUIRE(disk.write_zeroes(4, block::Sector{0}, 1, true).has_value());
    for (int i = 0; i < 4; ++i)
        CHECK(disk.wait()->outcome == Errc::read_only);
    REQUIRE(disk.read(5, block::Sector{0}, 1, *disk.buffer()).has_value());
    CHECK(disk.wait()->outcome == Errc::ok);
    CHECK(rig.blk.requests == 2);  // with the serial number
}
