// elf.cpp - reads a program's ELF file as far as the boot archive needs it.
#include "elf.hpp"

#include "failure.hpp"

#include <algorithm>
#include <cstring>

#include <base/bits.hpp>
#include <fmt/format.h>

#include <elf.h>

namespace vireo {
namespace {

class Reader {
public:
    Reader(std::span<const u8> file, const std::string& name) : file_{file}, name_{name} {}

    ElfImage read();

private:
    [[noreturn]] void refuse(const std::string& why) const
    {
        throw Failure{Exit::build, name_ + " cannot be put into a boot archive", why};
    }
    void require(bool holds, const std::string& why) const
    {
        if (!holds)
            refuse(why);
    }
    template <class T>
    T at(u64 offset) const
    {
        require(fits(offset, sizeof(T), file_.size()), "it is cut off");
        T value;
        std::memcpy(&value, file_.data() + offset, sizeof(T));
        return value;
    }

    void check_header(const Elf64_Ehdr& header) const;
    void check_segment(const Elf64_Phdr& program) const;
    ElfSegment segment(const Elf64_Phdr& program) const;
    void check_image(const ElfImage& image) const;

    std::span<const u8> file_;
    std::string name_;
};

void Reader::check_header(const Elf64_Ehdr& header) const
{
    require(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0, "it is no ELF file");
    require(header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB,
            "it is not a 64-bit little-endian ELF file");
    require(header.e_machine == EM_AARCH64, "it is not for AArch64");
    require(header.e_type == ET_EXEC, "it is not a fixed-address executable");
    require(header.e_phentsize == sizeof(Elf64_Phdr), "its program headers have an unknown size");
}

void Reader::check_segment(const Elf64_Phdr& program) const
{
    const auto where = fmt::format("the segment at {:#x}", program.p_vaddr);
    require(aligned(program.p_vaddr, page_bytes), where + " does not start on a page");
    require(aligned(program.p_offset, page_bytes), where + " does not start on a page of the file");
    require((program.p_flags & (PF_W | PF_X)) != (PF_W | PF_X),
            where + " is writable and executable");
    require((program.p_flags & (PF_R | PF_X)) != 0, where + " is neither readable nor executable");
    require(program.p_filesz <= program.p_memsz, where + " is larger in the file than in memory");
    require(fits(program.p_offset, program.p_filesz, file_.size()), where + " is cut off");
    require(program.p_vaddr >= abi::image_base
                && fits(program.p_vaddr, program.p_memsz, abi::mapping_base),
            where + " is outside the part of the address space that images may use");
}

ElfSegment Reader::segment(const Elf64_Phdr& program) const
{
    ElfSegment out{.address = program.p_vaddr, .memory_bytes = program.p_memsz};
    const auto bytes = file_.subspan(program.p_offset, program.p_filesz);
    out.bytes.assign(bytes.begin(), bytes.end());
    if ((program.p_flags & PF_R) != 0)
        out.rights = out.rights | abi::right::read;
    if ((program.p_flags & PF_W) != 0)
        out.rights = out.rights | abi::right::write;
    if ((program.p_flags & PF_X) != 0)
        out.rights = out.rights | abi::right::execute;
    return out;
}

void Reader::check_image(const ElfImage& image) const
{
    require(!image.segments.empty(), "it has nothing to load");
    require(image.segments.size() <= abi::max_segments,
            fmt::format("it has more than {} segments", abi::max_segments));
    for (usize i = 1; i < image.segments.size(); ++i) {
        const auto& before = image.segments[i - 1];
        require(align_up(before.address + before.memory_bytes, page_bytes)
                    <= image.segments[i].address,
                fmt::format("two segments share the page at {:#x}", image.segments[i].address));
    }
    const bool enters_code = std::ranges::any_of(image.segments, [&](const ElfSegment& segment) {
        return segment.rights.has(abi::right::execute) && image.entry >= segment.address
               && image.entry - segment.address < segment.bytes.size();
    });
    require(enters_code, fmt::format("its entry {:#x} is not in its code", image.entry));
    require(aligned(image.entry, 4), "its entry is not aligned");
}

ElfImage Reader::read()
{
    const auto header = at<Elf64_Ehdr>(0);
    check_header(header);
    ElfImage image{.entry = header.e_entry, .segments = {}};
    for (u32 i = 0; i < header.e_phnum; ++i) {
        require(header.e_phoff <= file_.size(), "it is cut off");
        const auto program = at<Elf64_Phdr>(header.e_phoff + u64{i} * sizeof(Elf64_Phdr));
        require(program.p_type != PT_INTERP && program.p_type != PT_DYNAMIC,
                "it wants a dynamic linker");
        if (program.p_type != PT_LOAD || program.p_memsz == 0)
            continue;
        check_segment(program);
        image.segments.push_back(segment(program));
    }
    std::ranges::sort(image.segments, {}, &ElfSegment::address);
    check_image(image);
    return image;
}

}  // namespace

ElfImage read_elf(std::span<const u8> file, const std::string& name)
{
    return Reader{file, name}.read();
}

ElfSizes elf_sizes(const ElfImage& image)
{
    ElfSizes sizes;
    for (const auto& segment : image.segments) {
        const bool code = segment.rights.has(abi::right::execute);
        const bool data = segment.rights.has(abi::right::write);
        auto& sum = code ? sizes.code : data ? sizes.data : sizes.constants;
        sum += segment.bytes.size();
        sizes.zeroes += segment.memory_bytes - segment.bytes.size();
    }
    return sizes;
}

}  // namespace vireo
