// elf.hpp - reads a program's ELF file as far as the boot archive needs it, and refuses what the
// loader of the guest could not start: segments off their pages, writable code, addresses outside a
// process.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <abi/boot.hpp>
#include <base/types.hpp>

namespace vireo {

struct ElfSegment {
    u64 address = 0;
    u64 memory_bytes = 0;
    abi::Rights rights{};
    std::vector<u8> bytes{};  // the rest up to memory_bytes is zero
};

struct ElfImage {
    u64 entry = 0;
    std::vector<ElfSegment> segments;  // by rising address
};

// `name` stands in front of the reason why it fails (Exit::build).
ElfImage read_elf(std::span<const u8> file, const std::string& name);

// Bytes by what may be done with them, for `size`.
struct ElfSizes {
    u64 code = 0;
    u64 constants = 0;
    u64 data = 0;
    u64 zeroes = 0;
};
ElfSizes elf_sizes(const ElfImage& image);

}  // namespace vireo
