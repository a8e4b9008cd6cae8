// symbolise.hpp - from addresses to functions, files and lines, by llvm-symbolizer and an ELF with
// debug information.
#pragma once

#include "project.hpp"

#include <span>
#include <string>
#include <vector>

#include <base/types.hpp>

namespace vireo {

struct Frame {
    std::string function;
    std::string place;  // file:line, relative to the project
    bool inlined = false;
};

class Symboliser {
public:
    explicit Symboliser(Project project) : project_{std::move(project)} {}

    // For each address its frames, innermost inlined function first. Empty where nothing is known,
    // for all if there is no such ELF or no symbolizer: an address is printed then, and the run
    // does not fail for that.
    std::vector<std::vector<Frame>> look_up(const fs::path& elf,
                                            std::span<const u64> addresses) const;

    // Numbered lines of a backtrace: where it stands, the link register, return addresses. The call
    // is just before a return address. A link register that repeats a frame is left out.
    std::string backtrace(const fs::path& elf, std::span<const u64> addresses) const;

    // One address: in the kernel if it is one of its; otherwise in each image that has code there.
    std::string where(u64 address, const std::vector<std::string>& images) const;

    const Project& project() const { return project_; }

private:
    Project project_;
};

// The upper half of the address space is the kernel's.
constexpr bool kernel_address(u64 address) { return (address >> 48) == 0xffff; }

}  // namespace vireo
