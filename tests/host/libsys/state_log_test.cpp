// tests/host/libsys/state_log_test.cpp - what is said again after a restart, and in which order.
#include <catch2/catch.hpp>
#include <sys/state_log.hpp>

namespace {

std::span<const std::byte> bytes(const char* text)
{
    return std::as_bytes(std::span{text, std::strlen(text)});
}

std::vector<u16> ordinals(const sys::StateLog& log)
{
    std::vector<u16> result;
    for (const sys::StateCall& call : log.calls())
        result.push_back(call.ordinal);
    return result;
}

}  // namespace

TEST_CASE("the last call of each method is kept, in the order of the calls", "[libsys][state_log]")
{
    sys::StateLog log;
    log.remember(1, bytes("attach"), 4);
    log.remember(2, bytes("filter"), 0);
    log.remember(3, {}, 0);
    log.remember(2, bytes("other filter"), 0);
    CHECK(ordinals(log) == std::vector<u16>{1, 3, 2});
    CHECK(log.calls()[0].handles == 4);
    CHECK(log.calls()[1].bytes().empty());
    CHECK(log.calls()[2].size == 12);
    CHECK(std::memcmp(log.calls()[2].request.data(), "other filter", 12) == 0);
    CHECK_FALSE(log.overflow());
}

TEST_CASE("what cannot be remembered is not forgotten to be said", "[libsys][state_log]")
{
    sys::StateLog log;
    SECTION("too many methods")
    {
        for (u16 n = 1; n <= sys::state_calls; ++n)
            log.remember(n, {}, 0);
        CHECK_FALSE(log.overflow());
        log.remember(99, {}, 0);
    }
    SECTION("too long a request")
    {
        const std::array<std::byte, sys::state_call_bytes + 1> request{};
        log.remember(1, request, 0);
        CHECK(log.calls().empty());
    }
    CHECK(log.overflow());
    log.clear();
    CHECK_FALSE(log.overflow());
}
