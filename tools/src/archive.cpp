// archive.cpp - the boot archive and the system table in it.
#include "archive.hpp"

#include "bytes.hpp"
#include "check.hpp"
#include "failure.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo {
namespace {

namespace table = proto::table;

abi::Name name_of(std::string_view text)
{
    abi::Name name{};
    std::ranges::copy(text.substr(0, name.size() - 1), name.begin());
    return name;
}

u32 flags_of(const Program& program)
{
    u32 flags = 0;
    flags |= program.verdict ? table::ProgramFlags::verdict : 0;
    flags |= program.self ? table::ProgramFlags::self : 0;
    flags |= program.archive ? table::ProgramFlags::archive : 0;
    flags |= program.manage ? table::ProgramFlags::manage : 0;
    flags |= program.start != Start::boot ? table::ProgramFlags::after_servers : 0;
    return flags;
}

u32 device_index(const System& system, const Program& program)
{
    if (!program.device)
        return table::no_device;
    const auto found = std::ranges::find_if(system.devices, [&](const Device& device) {
        return device.name.text == program.device->text;
    });
    return static_cast<u32>(found - system.devices.begin());
}

table::Program entry_of(const System& system, const Program& program)
{
    table::Program out{};
    out.name = name_of(program.name.text);
    out.binary = name_of(program.binary.text);
    out.role = program.role;
    out.flags = flags_of(program);
    out.priority = program.priority;
    out.frames = program.frames;
    out.handles = program.handles;
    out.threads = program.threads;
    out.stack_bytes = program.stack_bytes;
    out.device = device_index(system, program);
    out.use_count = static_cast<u32>(program.uses.size());
    out.argument_bytes = static_cast<u32>(argument_bytes(program.arguments));
    out.argument_count = static_cast<u32>(program.arguments.size());
    for (usize i = 0; i < program.uses.size(); ++i) {
        out.uses[i] = name_of(program.uses[i].text);
        out.access[i] = program.access[i];
    }
    out.restart = program.restart;
    return out;
}

void put_image(ByteWriter& archive, u64 at, const NamedImage& image)
{
    abi::Image out{};
    out.name = name_of(image.name);
    out.entry = image.elf.entry;
    out.segment_count = static_cast<u32>(image.elf.segments.size());
    for (usize i = 0; i < image.elf.segments.size(); ++i) {
        const auto& segment = image.elf.segments[i];
        archive.align(page_bytes);
        const u64 offset = archive.append(segment.bytes);
        out.segments[i] = {.address = segment.address,
                           .offset = offset,
                           .file_bytes = segment.bytes.size(),
                           .memory_bytes = segment.memory_bytes,
                           .rights = segment.rights.raw,
                           .reserved = 0};
    }
    archive.put(at, out);
}

}  // namespace

void select_programs(System& system, const std::vector<std::string>& commands)
{
    const auto shell = [](const Program& program) { return program.start == Start::shell; };
    if (commands.empty()) {
        std::erase_if(system.programs, shell);
        return;
    }
    if (std::ranges::none_of(system.programs, shell))
        throw Failure{Exit::usage, fmt::format("system '{}' has no shell for -c", system.name),
                      "none of its apps says start = \"shell\"",
                      "leave -c away, or give it an app with binary = \"vsh\""};
    std::erase_if(system.programs,
                  [&](const Program& program) { return program.verdict && !shell(program); });
    for (auto& program : system.programs) {
        if (!shell(program))
            continue;
        program.arguments.insert(program.arguments.end(), commands.begin(), commands.end());
        program.verdict = true;
        if (argument_bytes(program.arguments) > argument_limit)
            throw Failure{Exit::usage,
                          fmt::format("the commands take more than {} bytes", argument_limit),
                          "the shell gets them as its arguments", "run some of them later"};
    }
}

bool asks_at_console(const System& system)
{
    const auto is_console = [&](const Spelled& service) {
        const auto found = std::ranges::find_if(system.devices, [&](const Device& device) {
            return device.name.text == service.text && device.type == DeviceType::serial;
        });
        return found != system.devices.end();
    };
    return std::ranges::any_of(system.programs, [&](const Program& program) {
        return program.start == Start::shell && program.self && program.archive
               && std::ranges::any_of(program.uses, is_console);
    });
}

void select_shell(System& system, bool attended)
{
    for (auto& program : system.programs)
        program.verdict = program.start == Start::shell || (program.verdict && !attended);
}

std::vector<u8> make_table(const System& system)
{
    ByteWriter out;
    out.reserve<table::Header>();
    out.align(8);
    const u64 devices = out.reserve<table::Device>(system.devices.size());
    out.align(8);
    const u64 programs = out.reserve<table::Program>(system.programs.size());
    for (usize i = 0; i < system.devices.size(); ++i) {
        const auto& device = system.devices[i];
        out.put(devices + i * sizeof(table::Device),
                table::Device{.name = name_of(device.name.text),
                              .virtio_id = kind_of(device.type).virtio_id,
                              .slot = device.slot});
    }
    for (usize i = 0; i < system.programs.size(); ++i) {
        auto entry = entry_of(system, system.programs[i]);
        entry.argument_offset = static_cast<u32>(out.size());
        for (const auto& argument : system.programs[i].arguments)
            out.append_string(argument);
        out.put(programs + i * sizeof(table::Program), entry);
    }
    out.align(8);
    out.put(0, table::Header{.magic = table::magic,
                             .version = table::version,
                             .bytes = static_cast<u32>(out.size()),
                             .system = name_of(system.name),
                             .device_count = static_cast<u32>(system.devices.size()),
                             .program_count = static_cast<u32>(system.programs.size()),
                             .device_offset = static_cast<u32>(devices),
                             .program_offset = static_cast<u32>(programs),
                             .hang = system.hang});
    return out.take();
}

std::vector<std::string> image_names(const System& system)
{
    std::vector<std::string> names{"init"};
    const auto add = [&](const std::string& name) {
        if (!std::ranges::contains(names, name))
            names.push_back(name);
    };
    for (const auto& program : system.programs)
        add(program.binary.text);
    for (const auto& image : system.images)
        add(image.text);
    return names;
}

std::vector<u8>
make_archive(const std::vector<NamedImage>& images, std::span<const u8> table, bool counters)
{
    ByteWriter out;
    out.reserve<abi::ArchiveHeader>();
    const u64 image_offset = out.align(8);
    out.reserve<abi::Image>(images.size());
    const u64 table_offset = out.align(8);
    out.append(table);
    for (usize i = 0; i < images.size(); ++i)
        put_image(out, image_offset + i * sizeof(abi::Image), images[i]);
    out.align(page_bytes);
    out.put(0, abi::ArchiveHeader{.magic = abi::archive_magic,
                                  .version = abi::archive_version,
                                  .flags = counters ? abi::ArchiveFlags::counters : 0,
                                  .size = out.size(),
                                  .image_count = static_cast<u32>(images.size()),
                                  .image_offset = static_cast<u32>(image_offset),
                                  .table_offset = static_cast<u32>(table_offset),
                                  .table_bytes = static_cast<u32>(table.size())});
    return out.take();
}

}  // namespace vireo
