// tests/host/clients/channel_test.cpp - the rings of a session over plain memory: what a server
// answers, and what it answers without having been asked.
#include "channel_ends.hpp"

namespace {

// The session is lost, and the only request outstanding is this one.
void check_lost(Ends& ends, u64 tag)
{
    const auto done = ends.channel.poll();
    REQUIRE(done.has_value());
    CHECK(done->tag == tag);
    CHECK(done->outcome == Errc::malformed);
    CHECK_FALSE(done->buffer.valid());  // the server may have it
    CHECK(ends.channel.lost() == Errc::malformed);
    CHECK_FALSE(ends.channel.poll().has_value());
    CHECK(ends.channel.outstanding() == 0);
    CHECK(ends.channel.submit_flush(99).error() == Errc::malformed);
}

}  // namespace

TEST_CASE("an answer ends its own request, once, in whatever order answers come",
          "[clients][channel]")
{
    Ends ends;
    for (u64 round = 0; round < 100; ++round) {
        const u32 first = ends.read(round);
        const u32 second = ends.read(1000 + round);
        ends.answer(second, Status::device_error);
        ends.answer(first);
        const auto one = ends.channel.poll();
        REQUIRE(one.has_value());
        CHECK(one->tag == 1000 + round);
        CHECK(one->outcome == Errc::device_fault);
        const auto two = ends.channel.poll();
        REQUIRE(two.has_value());
        CHECK(two->tag == round);
        CHECK(two->outcome == Errc::ok);
        CHECK_FALSE(ends.channel.poll().has_value());
    }
    CHECK(ends.channel.lost() == Errc::ok);
}

TEST_CASE("an answer that comes again does not meet the next request",
          "[clients][channel][hostile]")
{
    Ends ends{1};
    const u32 first = ends.read(1);
    ends.answer(first);
    REQUIRE(ends.channel.poll()->tag == 1);
    SECTION("nor does it count while there is none")
    {
        ends.answer(first);
        CHECK_FALSE(ends.channel.poll().has_value());
        CHECK(ends.channel.lost() == Errc::malformed);
    }
    SECTION("in the same place")
    {
        const u32 second = ends.read(2);
        CHECK((second & 0xff) == (first & 0xff));
        ends.answer(first);
        check_lost(ends, 2);
    }
}

TEST_CASE("an answer to what was never asked loses the session", "[clients][channel][hostile]")
{
    Ends ends;
    const u32 before = ends.read(1);
    ends.answer(before);
    REQUIRE(ends.channel.poll()->tag == 1);
    const u32 asked = ends.read(2);
    constexpr u32 live = u32{1} << 31;
    const u32 place = asked & 0xff;
    const u32 other = (place + 1) % Ends::entries;
    const auto [what, cookie] = GENERATE_COPY(table<const char*, u32>({
        {"the place of a request that was never sent", other},
        {"the same, as if it had been sent", other | live},
        {"the request outstanding, without its mark", asked & ~live},
        {"the next one of its place", asked + 256},
        {"a place that the table does not have so far", 200},
        {"the same, as if it had been sent", 200 | live},
        {"all ones", ~0U},
    }));
    INFO(what);
    ends.answer(cookie);
    check_lost(ends, 2);
}

TEST_CASE("a channel refuses rings and depths that cannot be", "[clients][channel]")
{
    Ends ends;
    block::Channel channel;
    const auto open = [&](usize down, usize up, u32 depth) {
        std::vector<proto::block::Submission> submissions(down);
        std::vector<proto::block::Completion> completions(up);
        const auto opened =
            channel.open(*ends.client, submissions, *ends.server, completions, ends.pool, depth);
        channel.close();
        return opened ? Errc::ok : opened.error();
    };
    CHECK(open(8, 8, 8) == Errc::ok);
    CHECK(open(8, 8, 0) == Errc::bad_argument);
    CHECK(open(8, 8, 9) == Errc::bad_argument);
    CHECK(open(8, 4, 4) == Errc::bad_argument);
    CHECK(open(6, 6, 4) == Errc::bad_argument);
    CHECK(open(256, 256, 256) == Errc::ok);
    CHECK(open(512, 512, 4) == Errc::bad_argument);
    CHECK_FALSE(channel.poll().has_value());
    CHECK(channel.submit_flush(1).error() == Errc::bad_argument);
}
