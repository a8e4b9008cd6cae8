// elf_file.hpp - sections and symbols of a linked image, the kernel's above all.
#pragma once

#include "file.hpp"

#include <map>
#include <optional>

namespace vireo {

struct ElfSection {
    std::string name;
    u64 bytes = 0;
};
struct ElfSymbol {
    u64 address = 0;
    u64 bytes = 0;
};

// Exit::build if the file is no 64-bit ELF or says something that cannot be.
class ElfFile {
public:
    explicit ElfFile(const fs::path& path);

    // What takes memory when it runs, in the order of the file.
    const std::vector<ElfSection>& sections() const { return sections_; }
    // By its mangled name.
    std::optional<ElfSymbol> symbol(const std::string& name) const;
    // Where it is loaded.
    std::optional<u64> physical(u64 address) const;

private:
    struct Segment {
        u64 address = 0;
        u64 physical = 0;
        u64 bytes = 0;
    };

    std::vector<Segment> segments_;
    std::vector<ElfSection> sections_;
    std::map<std::string, ElfSymbol> symbols_;
};

}  // namespace vireo
