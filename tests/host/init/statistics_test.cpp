// tests/host/init/statistics_test.cpp - who may read the pages in which servers count.
#include "managed.hpp"

#include <catch2/catch.hpp>

using namespace fake;

TEST_CASE("a manager gets a server's page to read, which is the one that the server writes",
          "[init][statistics][U22]")
{
    Managed world;
    const names::Statistics::Request request{text::padded<16>("disk0")};
    REQUIRE(world.ask<names::Statistics>(manager, request, 1));
    const auto memory = world.received.take<sys::Memory>(0);
    REQUIRE(memory);
    const auto about = sys::info(memory->borrow());
    REQUIRE(about);
    const auto handle = sys::handle_info(memory->slot());
    REQUIRE(handle);
    CHECK_FALSE(handle->rights.has(abi::right::write));
    CHECK(world.kernel.at(memory->slot())->bytes.data()
          == reinterpret_cast<std::byte*>(&progress(world)));
}

TEST_CASE("nobody else gets it, and there is none of an app", "[init][statistics][hostile]")
{
    Managed world;
    const names::Statistics::Request disks{text::padded<16>("disk0")};
    CHECK(world.ask<names::Statistics>(stranger, disks, 1).error() == Errc::denied);
    CHECK(world.ask<names::Statistics>(manager, disks).error() == Errc::bad_argument);
    CHECK(world.ask<names::Statistics>(manager, {text::padded<16>("demo")}, 1).error()
          == Errc::not_found);
    CHECK(world.ask<names::Statistics>(manager, {text::padded<16>("")}, 1).error()
          == Errc::not_found);
}

TEST_CASE("what a server counted is not said to be the next one's", "[init][statistics]")
{
    Managed world;
    const auto statistics = [&]() -> abi::Statistics& {
        return *reinterpret_cast<abi::Statistics*>(reinterpret_cast<std::byte*>(&progress(world))
                                                   + offsetof(abi::ServerPage, statistics));
    };
    statistics().since = 5;
    world.die("disk0", abi::ExitCause::killed);
    CHECK(statistics().since == 0);
}
