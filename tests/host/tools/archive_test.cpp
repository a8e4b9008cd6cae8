// archive_test.cpp - the boot archive and its table, read back the way the guest reads them.
#include "archive.hpp"
#include "failure.hpp"
#include "fixtures.hpp"
#include "pinning.hpp"

#include <cstring>

#include <base/bits.hpp>
#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
namespace table = proto::table;

namespace {

template <class T>
T read(std::span<const u8> bytes, u64 offset)
{
    REQUIRE(fits(offset, sizeof(T), bytes.size()));
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

std::string text(const abi::Name& name)
{
    return {name.data(), ::strnlen(name.data(), name.size())};
}

System demo(const std::vector<std::string>& commands = {})
{
    auto system = parse_system(system_text(), "x.toml");
    select_programs(system, commands);
    pin_devices(system);
    return system;
}

std::vector<table::Program> programs_of(std::span<const u8> bytes)
{
    const auto header = read<table::Header>(bytes, 0);
    std::vector<table::Program> programs;
    programs.reserve(header.program_count);
    for (u32 i = 0; i < header.program_count; ++i)
        programs.push_back(
            read<table::Program>(bytes, header.program_offset + u64{i} * sizeof(table::Program)));
    return programs;
}

}  // namespace

TEST_CASE("the table holds devices with their slots and programs with their grants")
{
    const auto bytes = make_table(demo());
    const auto header = read<table::Header>(bytes, 0);
    CHECK(header.magic == table::magic);
    CHECK(header.version == table::version);
    CHECK(header.bytes == bytes.size());
    CHECK(text(header.system) == "demo");
    REQUIRE(header.device_count == 3);
    CHECK(aligned(header.device_offset, 8));
    CHECK(aligned(header.program_offset, 8));
    const auto scratch = read<table::Device>(bytes, header.device_offset + sizeof(table::Device));
    CHECK(text(scratch.name) == "scratch0");
    CHECK(scratch.virtio_id == 2);
    CHECK(scratch.slot == 8);

    const auto programs = programs_of(bytes);
    REQUIRE(programs.size() == 2);
    CHECK(text(programs[0].name) == "disk0");
    CHECK(text(programs[0].binary) == "blkd");
    CHECK(programs[0].role == table::Role::server);
    CHECK(programs[0].device == 0);
    CHECK(programs[0].flags == 0);
    CHECK(programs[0].priority == 40);
    CHECK(std::memcmp(&programs[0].restart, &table::usual_restart, sizeof(table::Restart)) == 0);
    CHECK(text(programs[1].name) == "demo");
    CHECK(programs[1].device == table::no_device);
    CHECK(programs[1].flags == (table::ProgramFlags::verdict | table::ProgramFlags::after_servers));
    REQUIRE(programs[1].use_count == 1);
    CHECK(text(programs[1].uses[0]) == "disk0");
    CHECK(programs[1].access[0] == table::Access::usual);
}

TEST_CASE("the rights of a use are in the table, and not in the name")
{
    const std::string suffix = GENERATE("", ":ro", ":admin");
    const auto expected = suffix.empty()    ? table::Access::usual
                          : suffix == ":ro" ? table::Access::read_only
                                            : table::Access::admin;
    auto text_of = system_text();
    const auto at = text_of.find("uses = [\"disk0\"]");
    text_of.replace(at, 16, "uses = [\"disk0" + suffix + "\"]");
    auto system = parse_system(text_of, "x.toml");
    CHECK(system.programs[1].uses[0].text == "disk0");
    CHECK(system.programs[1].access[0] == expected);
}

TEST_CASE(
    "with commands the shell runs in place of the verdict program, and they are its arguments")
{
    const auto bytes = make_table(demo({"blk info disk0", "rand 4"}));
    const auto programs = programs_of(bytes);
    REQUIRE(programs.size() == 2);
    const auto& shell = programs[1];
    CHECK(text(shell.name) == "vsh");
    CHECK(shell.flags == (table::ProgramFlags::verdict | table::ProgramFlags::after_servers));
    REQUIRE(shell.argument_count == 2);
    const std::string expected{"blk info disk0\0rand 4\0", 22};
    REQUIRE(shell.argument_bytes == expected.size());
    REQUIRE(fits(shell.argument_offset, shell.argument_bytes, bytes.size()));
    CHECK(std::memcmp(bytes.data() + shell.argument_offset, expected.data(), expected.size()) == 0);
}

TEST_CASE("commands need a shell, and room")
{
    auto system = parse_system(system_text(), "x.toml");
    CHECK_THROWS_AS(select_programs(system, {std::string(4000, 'x')}), Failure);
    std::erase_if(system.programs,
                  [](const Program& program) { return program.start == Start::shell; });
    CHECK_THROWS_AS(select_programs(system, {"ps"}), Failure);
}

TEST_CASE("every image is in the archive once, init first")
{
    auto system = demo();
    system.images = {{"hostile", {}}, {"blkd", {}}};
    CHECK(image_names(system) == std::vector<std::string>{"init", "blkd", "demo", "hostile"});
}

TEST_CASE("the archive's segments lie on pages and hold the images' bytes")
{
    const auto elf = read_elf(bytes_of(good_elf()), "x.elf");
    const auto system_table = make_table(demo());
    const auto bytes = make_archive({{"init", elf}, {"blkd", elf}}, system_table, true);
    const auto header = read<abi::ArchiveHeader>(bytes, 0);
    CHECK(header.magic == abi::archive_magic);
    CHECK(header.version == abi::archive_version);
    CHECK(header.flags == abi::ArchiveFlags::counters);
    CHECK(header.size == bytes.size());
    CHECK(aligned(header.image_offset, 8));
    CHECK(aligned(header.table_offset, 8));
    REQUIRE(header.image_count == 2);
    REQUIRE(fits(header.table_offset, header.table_bytes, header.size));
    CHECK(std::memcmp(bytes.data() + header.table_offset, system_table.data(), system_table.size())
          == 0);

    const auto image = read<abi::Image>(bytes, header.image_offset + sizeof(abi::Image));
    CHECK(text(image.name) == "blkd");
    CHECK(image.entry == elf.entry);
    REQUIRE(image.segment_count == 3);
    for (u32 i = 0; i < image.segment_count; ++i) {
        const auto& segment = image.segments[i];
        CHECK(segment.address == elf.segments[i].address);
        CHECK(segment.memory_bytes == elf.segments[i].memory_bytes);
        CHECK(segment.rights == elf.segments[i].rights.raw);
        CHECK(aligned(segment.offset, page_bytes));
        REQUIRE(segment.file_bytes == elf.segments[i].bytes.size());
        REQUIRE(fits(segment.offset, segment.file_bytes, header.size));
        CHECK(std::memcmp(bytes.data() + segment.offset, elf.segments[i].bytes.data(),
                          segment.file_bytes)
              == 0);
    }
}

TEST_CASE("the same system makes the same archive")
{
    const auto elf = read_elf(bytes_of(good_elf()), "x.elf");
    CHECK(make_archive({{"init", elf}}, make_table(demo()), false)
          == make_archive({{"init", elf}}, make_table(demo()), false));
}
