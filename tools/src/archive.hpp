// archive.hpp - the boot archive (abi/boot.hpp) and the system table in it (proto/table.hpp).
#pragma once

#include "elf.hpp"
#include "system_model.hpp"

namespace vireo {

// It has a shell that can ask at the console.
bool asks_at_console(const System& system);

// The shell has somebody to ask: all programs are kept. Attended, the run ends with the shell;
// with commands from a file or pipe it waits for the app that gives the verdict, too.
void select_shell(System& system, bool attended);
// Keeps the programs of one kind of run. Without commands: all but the shell. With commands: the
// shell, which gets them as its arguments and gives the verdict; apps that would give it are left
// out.
void select_programs(System& system, const std::vector<std::string>& commands);

std::vector<u8> make_table(const System& system);

struct NamedImage {
    std::string name;
    ElfImage elf;
};

// "init" first, then every image that the system names, each once.
std::vector<std::string> image_names(const System& system);

std::vector<u8>
make_archive(const std::vector<NamedImage>& images, std::span<const u8> table, bool counters);

}  // namespace vireo
