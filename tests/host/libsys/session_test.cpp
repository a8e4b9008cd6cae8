// tests/host/libsys/session_test.cpp - a client and a server in one thread, joined by a kernel that
// passes the call on.
#include "echo.hpp"
#include "fake_kernel.hpp"

#include <catch2/catch.hpp>
#include <sys/session.hpp>

namespace {

struct Connect {
    static constexpr u16 ordinal = 1;
    static constexpr auto kind = MethodKind::query;
    struct Request {
        abi::Name service;
    };
    struct Reply {
        u64 badge;
    };
};

struct World {
    fake::Kernel kernel;
    echo::Server server;
    Errc refusal = Errc::ok;  // of the kernel
    u64 deadline = 0;

    World()
    {
        kernel.other = [this](abi::Syscall call, sys::Registers& r) {
            REQUIRE(call == abi::Syscall::call);
            deadline = r.x9;
            if (refusal != Errc::ok) {
                r.x[0] = static_cast<u64>(refusal);
                return;
            }
            sys::Incoming in{{r.x[0]}, {}, 7, {}};
            std::copy(r.x.begin() + 1, r.x.end(), in.words.begin());
            auto out = sys::dispatch(echo::Protocol{}, server, in);
            r.x[0] = out.letter.header.raw;
            std::copy(out.letter.words.begin(), out.letter.words.end(), r.x.begin() + 1);
            out.handles.to_page();
            out.handles.forget();  // they are the client's now; the table is shared
        };
    }

    sys::Session session()
    {
        return sys::Session{sys::Handle<sys::Endpoint>{kernel.give(abi::Kind::endpoint)}};
    }
    sys::Handle<sys::Memory> memory()
    {
        return sys::Handle<sys::Memory>{kernel.give(abi::Kind::memory)};
    }
};

}  // namespace

TEST_CASE("a typed call gives the typed reply", "[libsys][session]")
{
    World world;
    auto session = world.session();
    CHECK(session.call<echo::Add>({40, 2}).value().sum == 42);
    CHECK(world.deadline == abi::never.raw());
    CHECK(session.call<echo::Add>({13, 2}, abi::Ticks{99}).error() == Errc::busy);
    CHECK(world.deadline == 99);

    echo::Reverse::Request request{};
    request.bytes[0] = 1;
    const auto reversed = session.call<echo::Reverse>(request);
    REQUIRE(reversed);
    CHECK(reversed->bytes[99] == 1);
    CHECK(reversed->more[411] == 0x5a);
}

TEST_CASE("handles move to the server and back", "[libsys][session]")
{
    World world;
    {
        auto session = world.session();
        auto response = session.call<echo::Attach>({5}, sys::HandleSet::of(world.memory()), 1);
        REQUIRE(response);
        CHECK(response->reply.badge == 7);
        CHECK(world.server.kept.size() == 1);
        CHECK(response->handles.take<sys::Memory>(0).error() == Errc::wrong_kind);
        const auto endpoint = response->handles.take<sys::Endpoint>(0);
        REQUIRE(endpoint);
        CHECK(response->handles.take<sys::Endpoint>(0).error() == Errc::bad_argument);
        CHECK(world.kernel.handles() == 3);
    }
    CHECK(world.kernel.handles() == 1);  // the server's
}

TEST_CASE("handles of a call that failed are not lost", "[libsys][session]")
{
    World world;
    auto session = world.session();
    SECTION("refused by the server") {}
    SECTION("refused by the kernel") { world.refusal = Errc::peer_restarted; }
    SECTION("timed out") { world.refusal = Errc::timed_out; }
    CHECK_FALSE(session.call<echo::Attach>({0}, sys::HandleSet::of(world.memory()), 1));
    CHECK(world.kernel.handles() == 1);  // the endpoint
    CHECK(session.states().calls().empty());
}

TEST_CASE("only successful state calls are remembered, and can be said again", "[libsys][session]")
{
    World world;
    auto session = world.session();
    REQUIRE(session.call<echo::Add>({1, 2}));
    REQUIRE(session.call<echo::Attach>({5}, sys::HandleSet::of(world.memory()), 1));
    REQUIRE(session.call<echo::Nothing>());
    CHECK_FALSE(session.call<echo::Attach>({0}, sys::HandleSet::of(world.memory()), 1));
    world.refusal = Errc::peer_restarted;
    CHECK_FALSE(session.call<echo::Nothing>());
    world.refusal = Errc::ok;

    const auto states = session.states().calls();
    REQUIRE(states.size() == 2);
    CHECK(states[0].ordinal == echo::Attach::ordinal);
    CHECK(states[0].handles == 1);
    CHECK(states[0].request[0] == std::byte{5});
    CHECK(states[1].ordinal == echo::Nothing::ordinal);

    REQUIRE(session.repeat(states[1]));
    CHECK(world.server.nothings == 2);
    CHECK(session.repeat(states[0]).error() == Errc::bad_argument);  // its handles are missing
    session.forget_states();
    CHECK(session.states().calls().empty());
}

TEST_CASE("a reply that is none of this method is malformed", "[libsys][session][hostile]")
{
    World world;
    auto session = world.session();
    world.kernel.other = [&](abi::Syscall, sys::Registers& r) {
        r.x[0] = abi::Header::make(1, 16, 1).raw;
        sys::message_page().handles[0] = world.kernel.give(abi::Kind::memory);
    };
    CHECK(session.call<echo::Add>({1, 2}).error() == Errc::malformed);
    CHECK(world.kernel.handles() == 1);  // what came with it is closed
}

TEST_CASE("connecting gives a session with the service", "[libsys][session]")
{
    World world;
    abi::Startup page{};
    page.grant_count = 1;
    page.grants[0] = {text::padded<16>("names"), world.kernel.give(abi::Kind::endpoint),
                      static_cast<u32>(abi::Kind::endpoint), 0};
    const sys::Startup given{page};
    std::string asked;
    bool handle = true;
    world.kernel.other = [&](abi::Syscall, sys::Registers& r) {
        CHECK(abi::Header{r.x[0]}.take() == 1);
        std::array<char, 16> name;
        std::memcpy(name.data(), &r.x[1], sizeof(name));
        asked = text::of(name);
        r.x[0] = abi::Header::make(1, 8, handle ? 1 : 0).raw;
        sys::message_page().handles[0] = world.kernel.give(abi::Kind::endpoint);
    };
    CHECK(sys::connect<Connect>(given, "disk0"));
    CHECK(asked == "disk0");
    handle = false;
    CHECK(sys::connect<Connect>(given, "disk0").error() == Errc::malformed);

    const abi::Startup empty{};
    CHECK(sys::connect<Connect>(sys::Startup{empty}, "disk0").error() == Errc::not_found);
}
