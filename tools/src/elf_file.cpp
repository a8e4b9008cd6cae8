// elf_file.cpp - sections and symbols of a linked image.
#include "elf_file.hpp"

#include "failure.hpp"

#include <cstring>

#include <elf.h>

namespace vireo {
namespace {

// Reads what a file says is in it, and believes no offset.
class Reader {
public:
    explicit Reader(const fs::path& path) : path_{path}, bytes_{read_bytes(path)} {}

    template <class T>
    T at(u64 offset) const
    {
        T value;
        std::memcpy(&value, part(offset, sizeof(T)).data(), sizeof(T));
        return value;
    }
    std::string text(u64 offset) const
    {
        std::string out;
        for (u8 c = at<u8>(offset); c != 0; c = at<u8>(++offset))
            out += static_cast<char>(c);
        return out;
    }
    [[noreturn]] void refuse() const
    {
        throw Failure{Exit::build, path_.string() + " is no image that can be read", "",
                      "tools/vireo build"};
    }

private:
    std::span<const u8> part(u64 offset, u64 count) const
    {
        if (offset > bytes_.size() || count > bytes_.size() - offset)
            refuse();
        return std::span{bytes_}.subspan(offset, count);
    }

    fs::path path_;
    std::vector<u8> bytes_;
};

}  // namespace

ElfFile::ElfFile(const fs::path& path)
{
    const Reader in{path};
    const auto head = in.at<Elf64_Ehdr>(0);
    if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
        in.refuse();
    const auto section = [&](u64 n) {
        return in.at<Elf64_Shdr>(head.e_shoff + n * sizeof(Elf64_Shdr));
    };
    for (u64 i = 0; i < head.e_phnum; ++i) {
        const auto one = in.at<Elf64_Phdr>(head.e_phoff + i * sizeof(Elf64_Phdr));
        if (one.p_type == PT_LOAD)
            segments_.push_back({one.p_vaddr, one.p_paddr, one.p_memsz});
    }
    for (u64 i = 0; i < head.e_shnum; ++i) {
        const auto one = section(i);
        if ((one.sh_flags & SHF_ALLOC) != 0)
            sections_.push_back(
                {in.text(section(head.e_shstrndx).sh_offset + one.sh_name), one.sh_size});
        if (one.sh_type != SHT_SYMTAB)
            continue;
        for (u64 at = 0; at + sizeof(Elf64_Sym) <= one.sh_size; at += sizeof(Elf64_Sym)) {
            const auto symbol = in.at<Elf64_Sym>(one.sh_offset + at);
            symbols_[in.text(section(one.sh_link).sh_offset + symbol.st_name)] = {symbol.st_value,
                                                                                  symbol.st_size};
        }
    }
}

std::optional<u64> ElfFile::physical(u64 address) const
{
    for (const auto& segment : segments_)
        if (address >= segment.address && address - segment.address < segment.bytes)
            return segment.physical + (address - segment.address);
    return std::nullopt;
}

std::optional<ElfSymbol> ElfFile::symbol(const std::string& name) const
{
    const auto found = symbols_.find(name);
    return found == symbols_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace vireo
