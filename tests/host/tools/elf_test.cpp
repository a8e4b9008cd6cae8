// elf_test.cpp - which programs go into an archive, and which are refused.
#include "elf.hpp"
#include "failure.hpp"
#include "fixtures.hpp"

#include <functional>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;

namespace {

std::string refusal(const std::vector<u8>& file)
{
    try {
        (void)read_elf(file, "x.elf");
        return "";
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::build);
        return failure.why();
    }
}

std::string refusal_after(const std::function<void(ElfSpec&)>& change)
{
    auto spec = good_elf();
    change(spec);
    return refusal(bytes_of(spec));
}

}  // namespace

TEST_CASE("segments come with their rights, bytes and sizes")
{
    const auto image = read_elf(bytes_of(good_elf()), "x.elf");
    CHECK(image.entry == 0x400010);
    REQUIRE(image.segments.size() == 3);
    CHECK(image.segments[0].rights == (abi::right::read | abi::right::execute));
    CHECK(image.segments[0].bytes == std::vector<u8>(64, 0xa0));
    CHECK(image.segments[1].rights == abi::right::read);
    CHECK(image.segments[2].rights == (abi::right::read | abi::right::write));
    CHECK(image.segments[2].memory_bytes == 9000);
    CHECK(image.segments[2].bytes == std::vector<u8>(8, 0xa2));
}

TEST_CASE("segments are sorted, and empty or other ones are left out")
{
    auto spec = good_elf();
    std::swap(spec.segments[0], spec.segments[2]);
    spec.segments.push_back({.address = 0x500000, .file_bytes = 0, .memory_bytes = 0});
    spec.segments.push_back(
        {.type = PT_GNU_STACK, .flags = PF_R | PF_W, .address = 1, .file_bytes = 0});
    const auto image = read_elf(bytes_of(spec), "x.elf");
    REQUIRE(image.segments.size() == 3);
    CHECK(image.segments[0].address == 0x400000);
}

TEST_CASE("a file that is no program for this machine is refused")
{
    CHECK_THAT(refusal({}), Contains("cut off"));
    CHECK_THAT(refusal(std::vector<u8>(64, 0)), Contains("no ELF file"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_ident[EI_CLASS] = ELFCLASS32; }),
               Contains("64-bit"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_ident[EI_DATA] = ELFDATA2MSB; }),
               Contains("little"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_machine = EM_X86_64; }),
               Contains("not for AArch64"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_type = ET_DYN; }),
               Contains("fixed-address"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_phentsize = 8; }),
               Contains("unknown size"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[1].type = PT_INTERP; }),
               Contains("dynamic linker"));
}

TEST_CASE("code that could be written is refused")
{
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[0].flags = PF_R | PF_W | PF_X; }),
               Contains("writable and executable"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[1].flags = PF_W; }),
               Contains("neither readable"));
}

TEST_CASE("segments off their pages, in the file or in memory, are refused")
{
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[1].address += 8; }),
               Contains("start on a page"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[1].offset += 8; }),
               Contains("page of the file"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[0].memory_bytes = 4097; }),
               Contains("share the page"));
}

TEST_CASE("segments outside what a process may have, or outside the file, are refused")
{
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[0].address = 0; }),
               Contains("outside"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[2].memory_bytes = ~u64{0}; }),
               Contains("outside"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[2].address = ~u64{4095}; }),
               Contains("outside"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[2].memory_bytes = 4; }),
               Contains("larger in the file"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments[2].offset = ~u64{4095}; }),
               Contains("cut off"));
    CHECK_THAT(refusal_after([](auto& spec) {
                   spec.segments[2].file_bytes = u64{1} << 32;
                   spec.segments[2].memory_bytes = u64{1} << 32;
               }),
               Contains("cut off"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_phoff = ~u64{0} - 8; }),
               Contains("cut off"));
}

TEST_CASE("the entry is in the code")
{
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_entry = 0x401000; }),
               Contains("not in its code"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_entry = 0x400040; }),
               Contains("not in its code"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.header.e_entry = 0x400002; }),
               Contains("not aligned"));
    CHECK_THAT(refusal_after([](auto& spec) { spec.segments.clear(); }),
               Contains("nothing to load"));
}

TEST_CASE("more segments than the archive has room for are refused")
{
    CHECK_THAT(refusal_after([](auto& spec) {
                   for (u64 i = 0; i < 4; ++i)
                       spec.segments.push_back({.flags = PF_R, .address = 0x500000 + i * 0x1000});
               }),
               Contains("more than 6 segments"));
}

TEST_CASE("every cut of a good file is refused, not believed")
{
    const auto whole = bytes_of(good_elf());
    for (usize bytes = 0; bytes + 1 < whole.size(); bytes += 61) {
        const std::vector<u8> cut{whole.begin(), whole.begin() + static_cast<i64>(bytes)};
        CHECK_FALSE(refusal(cut).empty());
    }
}

TEST_CASE("sizes are counted by what may be done with the bytes")
{
    const auto sizes = elf_sizes(read_elf(bytes_of(good_elf()), "x.elf"));
    CHECK(sizes.code == 64);
    CHECK(sizes.constants == 100);
    CHECK(sizes.data == 8);
    CHECK(sizes.zeroes == 9000 - 8);
}
