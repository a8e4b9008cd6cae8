// tests/host/libsys/loader_test.cpp - a process is made whole or not at all.
#include "archive_builder.hpp"
#include "fake_kernel.hpp"

#include <catch2/catch.hpp>
#include <sys/loader.hpp>
#include <sys/startup.hpp>

namespace {

namespace right = abi::right;

struct World {
    fake::Kernel kernel;
    std::vector<std::byte> bytes = fake::ArchiveBuilder{}.image("blkd", "machine code").build();
    sys::Archive archive = sys::Archive::open(bytes).value();
    sys::Borrowed<sys::Process> self{kernel.give(abi::Kind::process)};
    abi::Slot names = kernel.give(abi::Kind::endpoint);
    sys::Borrowed<sys::Device> device{kernel.give_device(2)};
    abi::ProcessQuota quota{100, 50, 1, 40, text::padded<16>("disk0"), 3, 0};

    Result<sys::Handle<sys::Process>> start()
    {
        auto launch = sys::Launch::create(self, archive, "blkd", quota);
        if (!launch)
            return fail(launch.error());
        if (const auto done = launch->grant("names", names, abi::Kind::endpoint, right::call);
            !done)
            return fail(done.error());
        if (const auto done = launch->lend("device", device, right::map | right::dma); !done)
            return fail(done.error());
        constexpr std::string_view arguments{"one\0two\0", 8};
        return launch->start(3 * page_bytes - 5, 40, {arguments, 2});
    }
};

const fake::Object::Placed& placed_at(const fake::Object& process, u64 address)
{
    for (const auto& p : process.placed)
        if (p.address == address)
            return p;
    throw std::runtime_error{"nothing is mapped there"};
}

}  // namespace

TEST_CASE("a process gets its segments, stack, start-up page and thread", "[libsys][loader]")
{
    World world;
    const auto handle = world.start();
    REQUIRE(handle);
    const auto process = world.kernel.at(handle->slot());
    CHECK(process->quota.frames == 100);
    CHECK(text::of(process->quota.name) == "disk0");

    const auto& text_segment = placed_at(*process, abi::image_base);
    CHECK(text_segment.rights == (right::read | right::execute));
    CHECK(std::memcmp(text_segment.memory->bytes.data(), "machine code", 12) == 0);
    const auto& data = placed_at(*process, abi::image_base + page_bytes);
    CHECK(data.rights == (right::read | right::write));
    CHECK(data.bytes == 2 * page_bytes);
    const auto& stack = placed_at(*process, sys::first_stack_top.raw() - 3 * page_bytes);
    CHECK(stack.bytes == 3 * page_bytes);
    CHECK(process->placed.size() == 4);  // and nothing below the stack

    REQUIRE(process->threads.size() == 1);
    CHECK(process->threads[0].entry == abi::image_base + 16);
    CHECK(process->threads[0].stack == sys::first_stack_top.raw());
    CHECK(process->threads[0].argument == sys::startup_address.raw());
    CHECK(process->threads[0].priority == 40);
}

TEST_CASE("the start-up page says what was given", "[libsys][loader]")
{
    World world;
    const auto handle = world.start();
    REQUIRE(handle);
    const auto process = world.kernel.at(handle->slot());
    const auto& page = placed_at(*process, sys::startup_address.raw());
    CHECK(page.rights == right::read);
    abi::Startup startup;
    std::memcpy(&startup, page.memory->bytes.data(), sizeof(startup));
    const sys::Startup given{startup};
    CHECK(startup.magic == abi::startup_magic);
    CHECK(given.name() == "disk0");
    CHECK(given.epoch() == 3);
    CHECK(given.argument_count() == 2);
    CHECK(given.argument(1) == "two");

    const auto names = given.grant<sys::Endpoint>("names").value();
    CHECK(process->table.at(names.slot.raw()) == world.kernel.at(world.names));
    const auto device = given.grant<sys::Device>("device").value();
    CHECK(process->table.at(device.slot.raw()) == world.kernel.at(world.device.slot));
}

TEST_CASE("whichever call fails, nothing of the process is left", "[libsys][loader]")
{
    u64 nth = 0;
    for (;; ++nth) {
        World world;
        const usize handles = world.kernel.handles();
        world.kernel.refuse(nth);
        const auto handle = world.start();
        if (!world.kernel.refused()) {
            REQUIRE(handle);
            break;
        }
        INFO("call " << nth);
        REQUIRE_FALSE(handle);
        CHECK(handle.error() == Errc::no_memory);
        CHECK(world.kernel.handles() == handles);
        CHECK(world.kernel.mappings() == 0);
        CHECK(world.kernel.processes().size() == 1);  // the payer
        CHECK(world.kernel.abandoned() == 0);
    }
    CHECK(nth == 14);  // it did try them all
}

TEST_CASE("arguments, stacks and grants have limits", "[libsys][loader]")
{
    World world;
    const usize handles = world.kernel.handles();
    {
        auto launch = sys::Launch::create(world.self, world.archive, "blkd", world.quota);
        REQUIRE(launch);
        for (u32 i = 0; i < abi::max_grants; ++i)
            REQUIRE(launch->grant("names", world.names, abi::Kind::endpoint, right::call));
        CHECK(launch->grant("names", world.names, abi::Kind::endpoint, right::call).error()
              == Errc::no_space);
        CHECK(launch->lend("device", world.device, right::map).error() == Errc::no_space);
        const std::vector<char> long_arguments(sizeof(abi::Startup::arguments) + 1);
        CHECK(launch->start(page_bytes, 1, {long_arguments, 1}).error() == Errc::too_big);
        CHECK(launch->start(sys::max_stack_bytes + 1, 1).error() == Errc::too_big);
    }
    CHECK(world.kernel.handles() == handles);
    CHECK(sys::Launch::create(world.self, world.archive, "netd", world.quota).error()
          == Errc::not_found);
}
