// tests/host/init/plan_test.cpp - no table makes init read or start what is not there.
#include "plan.hpp"
#include "table_builder.hpp"

#include <random>

#include <catch2/catch.hpp>

using fake::TableBuilder;
using init::Plan;
namespace table = proto::table;

namespace {

TableBuilder good()
{
    TableBuilder builder;
    builder.device("disk0", 2, 0).device("rng0", 4, 24);
    builder.server("rng0", "rngd", 1).server("disk0", "blkd", 0);
    builder.app("demo", table::ProgramFlags::verdict, {"disk0", "rng0"}).argument("hello");
    return builder;
}

Errc refused(const std::vector<std::byte>& bytes)
{
    Plan plan;
    const auto read = Plan::read(bytes, plan);
    return read ? Errc::ok : read.error();
}

}  // namespace

TEST_CASE("a good table is read whole", "[init][plan]")
{
    const auto bytes = good().build();
    Plan plan;
    REQUIRE(Plan::read(bytes, plan));
    CHECK(plan.name() == "test");
    CHECK(plan.devices().size() == 2);
    CHECK(plan.programs().size() == 3);
    CHECK(plan.server("disk0") == 1U);
    CHECK_FALSE(plan.server("demo"));  // an app serves nobody
    CHECK_FALSE(plan.server("nic0"));
    CHECK(plan.owner(0) == 1U);
    CHECK_FALSE(plan.owner(7));
    const auto arguments = plan.arguments(plan.programs()[2]);
    CHECK(arguments.count == 1);
    CHECK(std::string_view{arguments.bytes.data()} == "hello");
}

TEST_CASE("an empty system is a system", "[init][plan]")
{
    CHECK(refused(TableBuilder{}.build()) == Errc::ok);
}

TEST_CASE("a header that promises more than there is is refused", "[init][plan][hostile]")
{
    auto bytes = good().build();
    table::Header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    SECTION("magic") { header.magic ^= 1; }
    SECTION("version") { ++header.version; }
    SECTION("size") { header.bytes = static_cast<u32>(bytes.size()) + 1; }
    SECTION("size smaller than its parts") { header.bytes = sizeof(header); }
    SECTION("too many devices") { header.device_count = table::max_devices + 1; }
    SECTION("too many programs") { header.program_count = table::max_programs + 1; }
    SECTION("counts near 2^32") { header.program_count = ~u32{0}; }
    SECTION("devices beyond the end") { header.device_offset = header.bytes - 8; }
    SECTION("programs beyond the end") { header.program_offset = ~u32{0} - 7; }
    SECTION("a name without an end") { header.system.fill('x'); }
    std::memcpy(bytes.data(), &header, sizeof(header));
    CHECK(refused(bytes) == Errc::malformed);
    bytes.resize(sizeof(header) - 1);
    CHECK(refused(bytes) == Errc::malformed);
}

TEST_CASE("a program or device that points outside is refused", "[init][plan][hostile]")
{
    auto builder = good();
    auto& server = builder.programs[1];
    auto& app = builder.programs[2];
    SECTION("device index") { server.device = 2; }
    SECTION("device with two owners") { server.device = 1; }
    SECTION("more uses than there is room for") { app.use_count = table::max_uses + 1; }
    SECTION("a use without an end") { app.uses[1].fill('x'); }
    SECTION("a use with unknown rights") { app.access[0] = static_cast<table::Access>(4); }
    SECTION("arguments beyond the end") { app.argument_bytes = 60'000; }
    SECTION("arguments that wrap") { app.argument_offset = ~u32{0}; }
    SECTION("arguments without an end") { builder.arguments.back() = 'x'; }
    SECTION("fewer arguments than counted") { app.argument_count = 2; }
    SECTION("more arguments than counted") { builder.arguments[2] = '\0'; }
    SECTION("an unknown role") { server.role = static_cast<table::Role>(3); }
    SECTION("a priority that does not exist") { server.priority = abi::priorities; }
    SECTION("no thread") { server.threads = 0; }
    SECTION("a stack too large") { server.stack_bytes = ~u32{0}; }
    SECTION("a name without an end") { server.name.fill('x'); }
    SECTION("no name") { server.name.fill('\0'); }
    SECTION("a binary without an end") { server.binary.fill('x'); }
    SECTION("two programs of one name") { app.name = server.name; }
    SECTION("more ends than are remembered") { server.restart.give_up_after = table::max_ends + 1; }
    SECTION("a slot that does not exist") { builder.devices[0].slot = table::serial_slot + 1; }
    SECTION("two devices in one slot") { builder.devices[0].slot = 24; }
    SECTION("a device name without an end") { builder.devices[0].name.fill('x'); }
    CHECK(refused(builder.build()) == Errc::malformed);
}

TEST_CASE("arguments are as many bytes as a start-up page takes and no more",
          "[init][plan][hostile]")
{
    constexpr usize most = sizeof(abi::Startup::arguments);
    const auto with = [](usize bytes) {
        TableBuilder builder;
        builder.app("demo", 0).argument(std::string(bytes - 1, 'a'));
        return refused(builder.build());
    };
    CHECK(with(most) == Errc::ok);
    CHECK(with(most + 1) == Errc::malformed);
}

TEST_CASE("a table that random bytes were written into is read inside its bounds or refused",
          "[init][plan][fuzz]")
{
    const auto original = good().build();
    std::mt19937 random{GENERATE(1U, 2U)};
    u32 accepted = 0;
    for (int round = 0; round < 5'000; ++round) {
        auto bytes = original;
        for (u32 i = 0; i < 1 + random() % 4; ++i)
            bytes[random() % bytes.size()] =
                static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
        if (random() % 8 == 0)
            bytes.resize(random() % bytes.size());
        Plan plan;
        if (!Plan::read(bytes, plan))
            continue;
        ++accepted;
        u64 sum = 0;  // ASan looks at every byte it reaches
        for (const auto& p : plan.programs()) {
            for (const char c : plan.arguments(p).bytes)
                sum += static_cast<u8>(c);
            CHECK((p.device == table::no_device || p.device < plan.devices().size()));
            sum += text::of(p.name).size();
        }
        CHECK((sum > 0 || plan.programs().empty()));
    }
    CHECK(accepted > 100);  // names and quotas may be anything
}
