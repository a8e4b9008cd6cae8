// fixtures.hpp - what tests of the tool are made from: directories that go away, small ELF files, a
// project that has just enough to be run.
#pragma once

#include "file.hpp"
#include "process.hpp"
#include "system_file.hpp"

#include <elf.h>

namespace vireo::test {

class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const fs::path& path() const { return path_; }
    fs::path operator/(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

// One program header and the bytes behind it. Tests change a field to see it refused.
struct Segment {
    u32 type = PT_LOAD;
    u32 flags = PF_R | PF_X;
    u64 address = 0x400000;
    u64 offset = 0x1000;
    u64 file_bytes = 64;
    u64 memory_bytes = 64;
};
struct ElfSpec {
    Elf64_Ehdr header;
    std::vector<Segment> segments;
};
// A good one: code at 0x400000, constants and data behind it.
ElfSpec good_elf();
std::vector<u8> bytes_of(const ElfSpec& spec);

// A real program with debug information: functions `inner`, at 0x401000 or so, and `_start`, which
// calls it. Its source is root/crash.c.
void compile_program(const fs::path& root, const fs::path& elf);

// A system file with a disk, its server, an app and a shell; `more` is put behind it.
std::string system_text(const std::string& more = "");
// The errors in a system file's text; empty if it is good.
std::string errors_in(const std::string& text);

// Code that prints the text behind it on the serial line and powers off; byte 1 in the text: it
// hangs instead.
std::vector<u8> printing_kernel(const std::string& text);

// A project directory with systems/demo.toml and built programs; its kernel prints `log`.
class FakeProject {
public:
    explicit FakeProject(const std::string& log = "");

    const fs::path& root() const { return dir_.path(); }
    // A program that plays QEMU: a shell script.
    fs::path script(const std::string& body);
    void system(const std::string& name, const std::string& text);
    std::vector<fs::path> run_directories() const;

private:
    TempDir dir_;
};

}  // namespace vireo::test
