// tests/host/blkd/server_test.cpp - the block protocol message by message: what is attached,
// refused and given back.
#include "hand.hpp"

using block_protocol::Attach;
using block_protocol::Detach;
using block_protocol::DetachAll;
using block_protocol::Info;
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
          "[blkd][server][hostile]")
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
        CHECK(hand.attach({8, 1}, hand.good()) == Errc::bad_argument);
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

TEST_CASE("a program has so many sessions, and detaching gives one back", "[blkd][server]")
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

TEST_CASE("the server has so many sessions in all", "[blkd][server]")
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

TEST_CASE("messages that are none of the protocol get an error", "[blkd][server][hostile]")
{
    DiskRig rig;
    Hand hand{rig};
    for (const u16 ordinal : std::to_array<u16>({0, 1, 2, 3, 4, 5, 6, 0xffff}))
        for (u64 size = 0; size <= abi::message_bytes; ++size) {
            const sys::Letter letter{abi::Header::make(ordinal, size), {}};
            const auto answer = sys::call(hand.session.endpoint(), letter);
            const bool well_formed = (ordinal == Info::ordinal || ordinal == Stats::ordinal
                                      || ordinal == DetachAll::ordinal)
                                     && size == 0;
            const bool empty_request =
                (ordinal == Attach::ordinal || ordinal == Detach::ordinal) && size == 8;
            if (well_formed)
                CHECK(answer.header.status() == Errc::ok);
            else if (!empty_request)
                CHECK(answer.header.status()
                      == (ordinal >= 1 && ordinal <= 5 ? Errc::bad_argument : Errc::not_supported));
            else
                CHECK(answer.header.status() != Errc::ok);
        }
}
