// tests/host/libsys/serve_test.cpp - every message gets one answer, and no handle is lost on the
// way.
#include "echo.hpp"
#include "fake_kernel.hpp"

#include <deque>
#include <random>

#include <catch2/catch.hpp>

namespace {

sys::Incoming request(u16 ordinal, u64 size, u64 handles = 0, u64 take = 0)
{
    return {abi::Header::make(ordinal, size, handles, take), {}, 42, {}};
}

}  // namespace

TEST_CASE("a request reaches its method, and the reply goes back", "[libsys][serve]")
{
    fake::Kernel kernel;
    echo::Server server;
    auto in = request(echo::Add::ordinal, 16);
    in.words = {40, 2};
    const auto out = sys::dispatch(echo::Protocol{}, server, in);
    CHECK(out.letter.header.status() == Errc::ok);
    CHECK(out.letter.header.ordinal() == 1);
    CHECK(out.letter.header.size() == 8);
    CHECK(out.letter.words[0] == 42);
    CHECK(out.letter.words[1] == 0);  // nothing leaks behind the payload
}

TEST_CASE("a server works for a badge from its message to the next wait", "[libsys][serve]")
{
    fake::Kernel kernel;
    echo::Server server;
    auto& progress = *sys::detail::progress;
    sys::host_counter = 77;
    sys::say_turn(progress);
    CHECK(progress.turn == 77);
    CHECK(progress.badge == 0);  // step() may end it for another client's ring
    (void)sys::dispatch(echo::Protocol{}, server, request(echo::Add::ordinal, 16));
    CHECK(progress.badge == 42);
    sys::say_turn(progress);
    CHECK(progress.badge == 0);
    progress.shut_out[1] = 42;
    const auto out = sys::dispatch(echo::Protocol{}, server, request(echo::Add::ordinal, 16));
    CHECK(out.letter.header.status() == Errc::denied);
    CHECK(progress.badge == 0);
    progress.shut_out = {};
}

TEST_CASE("what is longer than the registers travels in the message page", "[libsys][serve]")
{
    fake::Kernel kernel;
    echo::Server server;
    auto& page = sys::message_page();
    page.payload = {1, 2, 3};
    const auto out = sys::dispatch(echo::Protocol{}, server, request(echo::Reverse::ordinal, 100));
    CHECK(out.letter.header.size() == 512);
    CHECK(page.payload[99] == 1);
    CHECK(page.payload[97] == 3);
    CHECK(page.payload[511] == 0x5a);
}

TEST_CASE("a message of another size is refused, whatever its ordinal", "[libsys][serve][hostile]")
{
    fake::Kernel kernel;
    echo::Server server;
    for (const u16 ordinal : std::initializer_list<u16>{1, 2, 3, 9})
        for (u64 size = 0; size < 1024; ++size) {
            if ((ordinal == 1 && size == 16) || (ordinal == 2 && size == 100)
                || (ordinal == 3 && size == 8) || (ordinal == 9 && size == 0))
                continue;
            const auto out = sys::dispatch(echo::Protocol{}, server, request(ordinal, size));
            REQUIRE(out.letter.header.status() == Errc::bad_argument);
        }
}

TEST_CASE("an ordinal nobody knows is answered so", "[libsys][serve][hostile]")
{
    fake::Kernel kernel;
    echo::Server server;
    for (const u16 ordinal : std::initializer_list<u16>{0, 4, 8, 10, 0xffff}) {
        const auto out = sys::dispatch(echo::Protocol{}, server, request(ordinal, 16));
        CHECK(out.letter.header.raw == static_cast<u64>(Errc::not_supported));
    }
}

TEST_CASE("the error of a method is its answer, without a payload", "[libsys][serve]")
{
    fake::Kernel kernel;
    echo::Server server;
    auto in = request(echo::Add::ordinal, 16);
    in.words = {13, 1};
    const auto out = sys::dispatch(echo::Protocol{}, server, in);
    CHECK(out.letter.header.raw == static_cast<u64>(Errc::busy));
    CHECK(out.letter.words == sys::Words{});
}

TEST_CASE("handles are taken, given, and the rest is closed", "[libsys][serve]")
{
    fake::Kernel kernel;
    echo::Server server;
    auto in = request(echo::Attach::ordinal, 8, 3, 1);
    in.words = {1};
    auto& page = sys::message_page();
    page.handles = {kernel.give(abi::Kind::memory), kernel.give(abi::Kind::endpoint),
                    kernel.give(abi::Kind::memory)};
    {
        const auto out = sys::dispatch(echo::Protocol{}, server, in);
        CHECK(out.letter.header.status() == Errc::ok);
        CHECK(out.letter.header.handles() == 1);
        CHECK(out.letter.words[0] == 42);
        CHECK(kernel.handles() == 2);  // the memory that was taken, the endpoint that goes back
    }
    CHECK(kernel.handles() == 1);
}

TEST_CASE("a method that fails keeps and gives nothing", "[libsys][serve]")
{
    fake::Kernel kernel;
    echo::Server server;
    auto in = request(echo::Attach::ordinal, 8, 1, 1);
    in.words = {1};
    auto& page = sys::message_page();
    page.handles[0] = kernel.give(abi::Kind::memory);
    Errc expected{};
    SECTION("by its own decision")
    {
        in.words = {0};
        expected = Errc::bad_argument;
    }
    SECTION("since the caller takes no handle")
    {
        in.header = abi::Header::make(echo::Attach::ordinal, 8, 1, 0);
        expected = Errc::bad_argument;
    }
    SECTION("since the handle is of another kind")
    {
        page.handles[0] = kernel.give(abi::Kind::device);
        kernel.at(page.handles[0]);
        in.header = abi::Header::make(echo::Attach::ordinal, 8, 2, 1);
        page.handles[1] = kernel.give(abi::Kind::memory);
        expected = Errc::wrong_kind;
    }
    SECTION("since no handle came")
    {
        in.header = abi::Header::make(echo::Attach::ordinal, 8, 0, 1);
        expected = Errc::bad_argument;
    }
    const usize lost = kernel.handles() - in.header.handles();
    const auto out = sys::dispatch(echo::Protocol{}, server, in);
    CHECK(out.letter.header.raw == static_cast<u64>(expected));
    CHECK(out.handles.size() == 0);
    CHECK(kernel.handles() == lost);
    CHECK(server.kept.empty());
}

TEST_CASE("any message at all is answered, and leaves no handle behind", "[libsys][serve][fuzz]")
{
    fake::Kernel kernel;
    echo::Server server;
    std::mt19937_64 random{GENERATE(1U, 2U, 3U)};
    for (int round = 0; round < 20'000; ++round) {
        sys::Incoming in{{random()}, {}, random() | 1, {}};
        if (random() % 2 == 0)  // often enough nearly right
            in.header = abi::Header::make(static_cast<u16>(random() % 12),
                                          random() % 2 == 0 ? 8 : random() % 513, random() % 5,
                                          random() % 5);
        for (u64& word : in.words)
            word = random() % 4;
        auto& page = sys::message_page();
        for (usize i = 0; i < std::min<u64>(in.header.handles(), 4); ++i)
            page.handles[i] =
                kernel.give(random() % 2 == 0 ? abi::Kind::memory : abi::Kind::endpoint);
        {
            const auto out = sys::dispatch(echo::Protocol{}, server, in);
            REQUIRE((out.letter.header.status() == Errc::ok || out.letter.header.size() == 0));
            REQUIRE(out.handles.size() <= in.header.take());
        }
        REQUIRE(kernel.handles() == server.kept.size());
    }
}

TEST_CASE("the answer travels with the next wait", "[libsys][serve][inbox]")
{
    fake::Kernel kernel;
    std::vector<abi::Syscall> calls;
    std::vector<abi::Header> headers;
    std::deque<std::pair<Errc, u64>> script{
        {Errc::ok, 5}, {Errc::timed_out, 0}, {Errc::peer_gone, 5}, {Errc::ok, 0}};
    kernel.other = [&](abi::Syscall call, sys::Registers& r) {
        calls.push_back(call);
        headers.push_back({r.x[0]});
        r.x[0] = static_cast<u64>(script.front().first);
        r.x9 = script.front().second;
        r.x10 = 8;
        script.pop_front();
    };
    sys::Inbox inbox{{kernel.give(abi::Kind::endpoint)}, 3};

    const auto first = inbox.next();
    REQUIRE(first);
    CHECK(first->request());
    inbox.answer(sys::Answer::failure(Errc::busy));
    const auto second = inbox.next();
    CHECK_FALSE(second->request());
    CHECK_FALSE(second->gone());
    CHECK(second->bits == abi::Bits{8});
    CHECK(inbox.next()->gone());
    CHECK_FALSE(inbox.next()->request());  // only bits

    using enum abi::Syscall;
    CHECK(calls == std::vector{recv, reply_recv, recv, recv});
    CHECK(headers[1].status() == Errc::busy);
    for (const auto header : headers)
        CHECK(header.take() == 3);
}

TEST_CASE(
    "a doorbell is rung with the next receive, an earlier one and one before an answer at once",
    "[libsys][serve][inbox]")
{
    fake::Kernel kernel;
    using Seen = std::pair<abi::Syscall, u64>;  // and what was rung
    std::vector<Seen> calls;
    kernel.other = [&](abi::Syscall call, sys::Registers& r) {
        const bool fused = call == abi::Syscall::signal_recv;
        const u64 whom = call == abi::Syscall::signal ? abi::CallSlot::get(r.x8) : r.x[1];
        calls.emplace_back(call, fused || call == abi::Syscall::signal ? whom : 0);
        r.x[0] = 0;
        r.x9 = 0;
        r.x10 = 1;
    };
    const abi::Slot one = kernel.give(abi::Kind::notification);
    const abi::Slot two = kernel.give(abi::Kind::notification);
    sys::Inbox inbox{{kernel.give(abi::Kind::endpoint)}, 0};

    inbox.ring({one});
    inbox.ring({two});
    REQUIRE(inbox.next());
    REQUIRE(inbox.next());  // nothing is owed any more
    inbox.answer(sys::Answer::failure(Errc::busy));
    inbox.ring({one});
    REQUIRE(inbox.next());
    inbox.ring({two});
    inbox.ring_now();
    REQUIRE(inbox.next());

    using enum abi::Syscall;
    CHECK(calls
          == std::vector{Seen{signal, one.raw()}, Seen{signal_recv, two.raw()}, Seen{recv, 0},
                         Seen{signal, one.raw()}, Seen{reply_recv, 0}, Seen{signal, two.raw()},
                         Seen{recv, 0}});
}

TEST_CASE("a server without room for handles has rung its doorbell", "[libsys][serve][inbox]")
{
    fake::Kernel kernel;
    std::vector<abi::Syscall> calls;
    kernel.other = [&](abi::Syscall call, sys::Registers& r) {
        calls.push_back(call);
        r.x[0] = static_cast<u64>(call == abi::Syscall::signal_recv ? Errc::over_quota : Errc::ok);
        r.x9 = 0;
    };
    sys::Inbox inbox{{kernel.give(abi::Kind::endpoint)}, 4};
    inbox.ring({kernel.give(abi::Kind::notification)});
    REQUIRE(inbox.next());
    using enum abi::Syscall;
    CHECK(calls == std::vector{signal_recv, signal, recv});
}

TEST_CASE("a caller whose answer the kernel refuses gets the reason", "[libsys][serve][inbox]")
{
    fake::Kernel kernel;
    std::vector<std::pair<abi::Syscall, Errc>> calls;
    std::deque<Errc> script{Errc::denied, Errc::denied, Errc::ok, Errc::ok};
    kernel.other = [&](abi::Syscall call, sys::Registers& r) {
        calls.emplace_back(call, abi::Header{r.x[0]}.status());
        r.x[0] = static_cast<u64>(script.front());
        r.x9 = 1;
        script.pop_front();
    };
    sys::Inbox inbox{{kernel.give(abi::Kind::endpoint)}, 0};
    sys::Answer answer{};
    REQUIRE(answer.handles.add(sys::Handle<sys::Memory>{kernel.give(abi::Kind::memory)}));
    inbox.answer(std::move(answer));
    CHECK(inbox.next()->request());

    using enum abi::Syscall;
    CHECK(calls
          == std::vector{std::pair{reply_recv, Errc::ok},
                         {reply, Errc::ok},
                         {reply, Errc::denied},
                         {recv, Errc::ok}});
    CHECK(kernel.handles() == 1);  // the handle that could not go is closed
}

TEST_CASE("a server whose handle table is full answers on", "[libsys][serve][inbox][hostile]")
{
    fake::Kernel kernel;
    std::vector<std::pair<abi::Syscall, u64>> calls;
    kernel.other = [&](abi::Syscall call, sys::Registers& r) {
        const u64 take = abi::Header{r.x[0]}.take();
        calls.emplace_back(call, take);
        r.x[0] = static_cast<u64>(take > 0 ? Errc::over_quota : Errc::ok);
        r.x9 = 1;
    };
    sys::Inbox inbox{{kernel.give(abi::Kind::endpoint)}, 4};
    REQUIRE(inbox.next()->request());
    inbox.answer({{abi::Header::make(7, 8), {42}}, {}});
    REQUIRE(inbox.next()->request());

    using enum abi::Syscall;
    CHECK(
        calls
        == std::vector{
            std::pair{recv, u64{4}}, {recv, 0}, {reply_recv, 4}, {reply, 0}, {recv, 4}, {recv, 0}});
}

TEST_CASE("an inbox that cannot receive says why", "[libsys][serve][inbox]")
{
    fake::Kernel kernel;
    kernel.other = [&](abi::Syscall, sys::Registers& r) {
        r.x[0] = static_cast<u64>(Errc::bad_handle);
        r.x9 = 0;
    };
    sys::Inbox inbox{{abi::Slot{77}}, 0};
    CHECK(inbox.next().error() == Errc::bad_handle);
}
