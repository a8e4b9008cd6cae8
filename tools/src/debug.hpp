// debug.hpp - `debug`: a system stopped at its first instruction, and gdb on it with the symbols of
// the kernel.
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

// What gdb runs at its start: kernel symbols, the connection, and a command symbols-NAME for each
// image. All programs are linked at the same address, so only one of them can have its symbols
// loaded.
std::string gdb_script(const Project& project,
                       const fs::path& socket,
                       const std::vector<std::string>& images,
                       const std::string& program);

int debug(const Project& project, const Options& options);

}  // namespace vireo
