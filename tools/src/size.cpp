// size.cpp - `size`: bytes of the kernel and of every program.
#include "size.hpp"

#include "elf.hpp"
#include "failure.hpp"

#include <fmt/format.h>

namespace vireo {

int print_sizes(const Project& project)
{
    if (!fs::exists(project.kernel_image()))
        throw Failure{Exit::build, "the kernel is not built", "", "tools/vireo build"};
    fmt::print("{:<16} {:>9} {:>9} {:>9} {:>9}\n", "image", "code", "constants", "data", "zeroes");
    for (const auto& name : project.program_names()) {
        const auto path = project.program(name);
        const auto sizes = elf_sizes(read_elf(read_bytes(path), project.shown(path)));
        fmt::print("{:<16} {:>9} {:>9} {:>9} {:>9}\n", name, sizes.code, sizes.constants,
                   sizes.data, sizes.zeroes);
    }
    fmt::print("{:<16} {:>9} bytes of Image\n", "kernel", fs::file_size(project.kernel_image()));
    return code(Exit::ok);
}

}  // namespace vireo
