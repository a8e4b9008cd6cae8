// tests/host/clients/replay_test.cpp - what a channel sends again to another server, and in which
// order.
#include "channel_ends.hpp"

namespace {

// Tags of what the server sees, by their sectors; a flush is 0.
std::vector<u64> all_seen(Ends& ends)
{
    std::vector<u64> sectors;
    while (const auto next = ends.seen())
        sectors.push_back(next->first.raw());
    return sectors;
}

}  // namespace

TEST_CASE("what was not completed is sent again in its old order, then what came since",
          "[clients][replay][U3][U4]")
{
    Ends ends;
    std::vector<u32> cookies;
    for (u64 tag = 1; tag <= 5; ++tag)
        cookies.push_back(ends.read(tag));
    ends.answer(cookies[3]);
    ends.answer(cookies[0]);
    REQUIRE(ends.channel.poll()->tag == 4);
    ends.submit(Op::write, 6);  // takes the place of 4 in the table
    REQUIRE(ends.seen().has_value());
    ends.channel.stop();
    ends.submit(Op::write, 7);
    REQUIRE(ends.channel.poll()->tag == 1);  // completed before the end
    CHECK_FALSE(ends.channel.poll().has_value());
    CHECK_FALSE(ends.channel.arm());
    ends.restart();
    ends.submit(Op::write, 8);
    CHECK(all_seen(ends) == std::vector<u64>{2, 3, 5, 6, 7, 8});
    CHECK(ends.channel.outstanding() == 6);
}

TEST_CASE("what a server that left had not taken is not said twice", "[clients][replay][U15]")
{
    Ends ends;
    for (u64 tag = 1; tag <= 5; ++tag)
        ends.submit(Op::write, tag);
    ends.answer(ends.seen()->cookie);
    REQUIRE(ends.channel.poll()->tag == 1);
    const bool left = GENERATE(true, false);
    ends.server->left = left ? 1 : 0;
    ends.restart();
    CHECK(ends.channel.replayed() == (left ? 0 : 4));
    CHECK(all_seen(ends) == std::vector<u64>{2, 3, 4, 5});
}

TEST_CASE("a request that is sent again is the same one", "[clients][replay]")
{
    Ends ends;
    ends.submit(Op::write, 3);
    const auto before = ends.seen();
    ends.restart();
    const auto after = ends.seen();
    REQUIRE(after.has_value());
    CHECK(after->op == Op::write);
    CHECK(after->first == before->first);
    CHECK(after->count == before->count);
    CHECK(after->offset == before->offset);
    CHECK(after->cookie != before->cookie);
    ends.answer(after->cookie);
    const auto done = ends.channel.poll();
    REQUIRE(done.has_value());
    CHECK(done->tag == 3);
    CHECK(done->buffer.valid());
}

TEST_CASE("an answer to a server's predecessor is none", "[clients][replay][hostile]")
{
    Ends ends;
    const u32 old = ends.read(1);
    ends.restart();
    REQUIRE(ends.seen().has_value());
    ends.answer(old);
    CHECK(ends.channel.poll()->outcome == Errc::malformed);
    CHECK(ends.channel.lost() == Errc::malformed);
}

TEST_CASE("nothing is taken from the rings of a dead server once there is another one",
          "[clients][replay]")
{
    Ends ends;
    const u32 cookie = ends.read(1);
    ends.channel.stop();
    ends.channel.restart();
    ends.answer(cookie);  // too late to have been it
    CHECK_FALSE(ends.channel.poll().has_value());
    CHECK_FALSE(ends.channel.publish());
    CHECK(ends.channel.outstanding() == 1);
}

TEST_CASE("a flush waits for the writes before it to be sent and completed again",
          "[clients][replay][U4]")
{
    Ends ends;
    ends.submit(Op::write, 1);
    ends.submit(Op::write, 2);
    ends.submit(Op::flush, 50);
    ends.submit(Op::write, 3);
    ends.submit(Op::flush, 51);
    CHECK(all_seen(ends) == std::vector<u64>{1, 2, 0, 3, 0});
    ends.restart();

    const auto one = ends.seen();
    const auto two = ends.seen();
    CHECK(one->first == Sector{1});
    CHECK_FALSE(ends.seen().has_value());
    ends.answer(two->cookie);
    REQUIRE(ends.channel.poll()->tag == 2);
    CHECK_FALSE(ends.seen().has_value());
    ends.answer(one->cookie);
    REQUIRE(ends.channel.poll()->tag == 1);
    const auto flush = ends.seen();
    REQUIRE(flush.has_value());
    CHECK(flush->op == Op::flush);
    const auto three = ends.seen();
    CHECK(three->first == Sector{3});
    CHECK_FALSE(ends.seen().has_value());
    ends.answer(three->cookie);
    ends.answer(flush->cookie);
    REQUIRE(ends.channel.poll().has_value());
    REQUIRE(ends.channel.poll().has_value());
    CHECK(ends.seen()->op == Op::flush);
    CHECK_FALSE(ends.seen().has_value());
    ends.submit(Op::write, 4);  // nothing is in line any more
    CHECK(ends.seen()->first == Sector{4});
}

TEST_CASE("three deaths in flight are enough, waiting in line is none", "[clients][replay]")
{
    Ends ends;
    ends.submit(Op::write, 1);
    ends.submit(Op::flush, 50);
    REQUIRE(ends.seen().has_value());
    REQUIRE(ends.seen().has_value());
    for (int death = 0; death < 2; ++death) {
        ends.restart();
        CHECK(all_seen(ends) == std::vector<u64>{1});  // the flush waits
        CHECK_FALSE(ends.channel.poll().has_value());
    }
    ends.restart();
    CHECK_FALSE(ends.channel.arm());
    const auto done = ends.channel.poll();
    REQUIRE(done.has_value());
    CHECK(done->tag == 1);
    CHECK(done->outcome == Errc::peer_restarted);
    CHECK(done->buffer.valid());  // no device has it
    const auto flush = ends.seen();
    REQUIRE(flush.has_value());
    ends.answer(flush->cookie);
    CHECK(ends.channel.poll()->outcome == Errc::ok);
    CHECK(ends.channel.outstanding() == 0);
}

TEST_CASE("what a server that dies scribbles over its rings costs no request",
          "[clients][replay][hostile]")
{
    Ends ends;
    const u32 first = ends.read(1);
    (void)ends.read(2);
    ends.answer(first);
    SECTION("an index that cannot be") { ends.server->produced.index = 0x12345678; }
    SECTION("an answer that was not asked for") { ends.answer(~0U); }
    SECTION("a reason to end the session") { ends.server->closed = 99; }
    SECTION("nothing at all") {}
    ends.channel.stop();
    u32 completed = 0;
    while (ends.channel.poll())
        ++completed;
    CHECK(completed <= 1);
    ends.restart();
    CHECK(all_seen(ends).size() == 2 - completed);
    CHECK(ends.channel.lost() == Errc::ok);
    CHECK(ends.channel.arm());
}

TEST_CASE("as many requests as the depth wait in line, and no more", "[clients][replay]")
{
    Ends ends;
    ends.channel.stop();
    for (u64 tag = 0; tag < Ends::entries; ++tag)
        ends.submit(Op::read, tag);
    CHECK(ends.channel.submit_flush(9).error() == Errc::would_block);
    ends.channel.lose(Errc::gave_up);
    CHECK(ends.channel.submit_flush(9).error() == Errc::gave_up);
    for (u64 tag = 0; tag < Ends::entries; ++tag)
        CHECK(ends.channel.poll()->outcome == Errc::gave_up);
    CHECK(ends.channel.outstanding() == 0);
}
