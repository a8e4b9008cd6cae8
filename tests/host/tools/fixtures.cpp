// fixtures.cpp - what tests of the tool are made from.
#include "fixtures.hpp"

#include "bytes.hpp"
#include "failure.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace vireo::test {

TempDir::TempDir()
{
    std::string pattern = (fs::temp_directory_path() / "vireo-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
}

TempDir::~TempDir()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

ElfSpec good_elf()
{
    ElfSpec spec{};
    std::memcpy(spec.header.e_ident, ELFMAG, SELFMAG);
    spec.header.e_ident[EI_CLASS] = ELFCLASS64;
    spec.header.e_ident[EI_DATA] = ELFDATA2LSB;
    spec.header.e_type = ET_EXEC;
    spec.header.e_machine = EM_AARCH64;
    spec.header.e_entry = 0x400010;
    spec.header.e_phoff = sizeof(Elf64_Ehdr);
    spec.header.e_phentsize = sizeof(Elf64_Phdr);
    spec.segments = {
        {.flags = PF_R | PF_X,
         .address = 0x400000,
         .offset = 0x1000,
         .file_bytes = 64,
         .memory_bytes = 64},
        {.flags = PF_R,
         .address = 0x401000,
         .offset = 0x2000,
         .file_bytes = 100,
         .memory_bytes = 100},
        {.flags = PF_R | PF_W,
         .address = 0x402000,
         .offset = 0x3000,
         .file_bytes = 8,
         .memory_bytes = 9000},
    };
    return spec;
}

std::vector<u8> bytes_of(const ElfSpec& spec)
{
    ByteWriter out;
    auto header = spec.header;
    header.e_phnum = static_cast<Elf64_Half>(spec.segments.size());
    out.reserve<Elf64_Ehdr>();
    out.put(0, header);
    for (const auto& segment : spec.segments) {
        Elf64_Phdr program{};
        program.p_type = segment.type;
        program.p_flags = segment.flags;
        program.p_vaddr = segment.address;
        program.p_offset = segment.offset;
        program.p_filesz = segment.file_bytes;
        program.p_memsz = segment.memory_bytes;
        out.put(out.reserve<Elf64_Phdr>(), program);
    }
    auto bytes = out.take();
    for (usize i = 0; i < spec.segments.size(); ++i) {
        const auto& segment = spec.segments[i];
        if (segment.offset > 0x10000 || segment.file_bytes > 0x10000)
            continue;  // a lie that the reader has to notice
        bytes.resize(std::max<usize>(bytes.size(), segment.offset + segment.file_bytes));
        std::fill_n(bytes.begin() + static_cast<i64>(segment.offset), segment.file_bytes,
                    static_cast<u8>(0xa0 + i));
    }
    return bytes;
}

void compile_program(const fs::path& root, const fs::path& elf)
{
    const auto source = root / "crash.c";
    write_file(source, std::string_view{
                           "__attribute__((noinline, section(\".text.1\"))) int inner(int* p)\n"
                           "{\n    return *p;\n}\n"
                           "__attribute__((section(\".text.2\"))) int _start(int* p)\n"
                           "{\n    return inner(p) + 1;\n}\n"});
    const auto done = run_captured({"clang-19", "--target=aarch64-none-elf", "-g", "-O0",
                                    "-nostdlib", "-static", "-fuse-ld=lld",
                                    "-Wl,-z,separate-loadable-segments,-z,max-page-size=4096,--"
                                    "image-base=0x400000,-Ttext=0x401000",
                                    source.string(), "-o", elf.string()},
                                   std::chrono::seconds{100});
    if (done.status != 0)
        throw std::runtime_error{done.err};
}

std::string system_text(const std::string& more)
{
    return R"([system]
name = "demo"

[device.disk0]
type = "virtio-blk"
image = { size = "1M" }

[device.scratch0]
type = "virtio-blk"
image = { size = "1M" }
scratch = true

[device.rng0]
type = "virtio-rng"

[server.disk0]
binary = "blkd"
device = "disk0"

[app.demo]
binary = "demo"
uses = ["disk0"]
verdict = true

[app.vsh]
binary = "vsh"
uses = ["disk0"]
start = "shell"
)" + more;
}

std::string errors_in(const std::string& text)
{
    try {
        (void)parse_system(text, "x.toml");
        return "";
    } catch (const SourceErrors& errors) {
        return errors.what();
    }
}

std::vector<u8> printing_kernel(const std::string& text)
{
    constexpr std::array<u32, 13> code{
        0x100001a1,  // adr x1, text
        0xd2a12002,  // mov x2, #0x09000000, the data register of the PL011
        0x38401420,  // next: ldrb w0, [x1], #1
        0x340000a0,  // cbz w0, off
        0x7100041f,  // cmp w0, #1
        0x540000c0,  // b.eq hang
        0xb9000040,  // str w0, [x2]
        0x17fffffb,  // b next
        0x52b08000,  // off: mov w0, #0x84000008, PSCI SYSTEM_OFF
        0x72800100,
        0xd4000002,  // hvc #0
        0xd503207f,  // hang: wfi
        0x17ffffff,  // b hang
    };
    ByteWriter out;
    for (const u32 word : code)
        out.put(out.reserve<u32>(), word);
    out.append_string(text);
    return out.take();
}

FakeProject::FakeProject(const std::string& log)
{
    const auto target = dir_ / "build/target";
    for (const auto& folder :
         {dir_ / "systems", dir_ / "tests", target / "programs", target / "microkernel"})
        fs::create_directories(folder);
    system("demo", system_text());
    for (const std::string name : {"init", "blkd", "demo", "vsh"})
        write_file(target / "programs" / (name + ".elf"),
                   std::span<const u8>{bytes_of(good_elf())});
    write_file(target / "microkernel/Image", std::span<const u8>{printing_kernel(log)});
}

fs::path FakeProject::script(const std::string& body)
{
    const auto path = dir_ / "qemu.sh";
    write_file(path, "#!/bin/bash\n" + body + "\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
}

void FakeProject::system(const std::string& name, const std::string& text)
{
    write_file(dir_ / ("systems/" + name + ".toml"), text);
}

std::vector<fs::path> FakeProject::run_directories() const
{
    std::vector<fs::path> found;
    std::error_code none_yet;
    for (const auto& entry : fs::directory_iterator{dir_.path() / "build/run", none_yet})
        found.push_back(entry.path());
    return found;
}

}  // namespace vireo::test
