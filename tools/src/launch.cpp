// launch.cpp - from options to everything that QEMU needs to start.
#include "launch.hpp"

#include "archive.hpp"
#include "backend.hpp"
#include "build.hpp"
#include "check.hpp"
#include "command_line.hpp"
#include "disk.hpp"
#include "failure.hpp"
#include "limits.hpp"
#include "pinning.hpp"
#include "process.hpp"
#include "system_file.hpp"
#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo {
namespace {

u64 memory_of(const std::string& text)
{
    const auto bytes = parse_size(text);
    if (!bytes || !memory_range.has(*bytes) || *bytes % memory_unit != 0)
        throw Failure{Exit::usage, "cannot use --memory " + text,
                      "it is from 64M to 4G, in whole megabytes: 64M, 256M, 4G"};
    return *bytes;
}

void apply(const SystemOptions& options, Machine& machine)
{
    if (options.gic && !gic_range.has(*options.gic))
        throw Failure{Exit::usage, fmt::format("there is no GIC version {}", *options.gic),
                      "versions are 2 and 3"};
    if (options.cpus && !cpu_range.has(*options.cpus))
        throw Failure{Exit::usage, fmt::format("cannot use --cpus {}", *options.cpus),
                      "it is from 1 to 8"};
    if (const auto wrong = options.cpu ? wrong_cpu(*options.cpu) : ""; !wrong.empty())
        throw Failure{Exit::usage, wrong,
                      "known are: " + fmt::format("{}", fmt::join(cpu_models, ", ")),
                      "--qemu-opts '-cpu NAME' asks QEMU for any other"};
    machine.gic = options.gic.value_or(machine.gic);
    machine.cpus = options.cpus.value_or(machine.cpus);
    machine.cpu = options.cpu.value_or(machine.cpu);
    if (options.memory)
        machine.memory_bytes = memory_of(*options.memory);
    machine.legacy = machine.legacy || options.legacy;
    machine.tags = options.tags;
    if (options.rings.empty())
        return;
    const auto rings = parse_rings(options.rings);
    if (!rings)
        throw Failure{Exit::usage, "cannot use --rings " + options.rings,
                      std::string{"it is "} + rings_help + ": packed=on,event_idx=off"};
    machine.rings = *rings;
}

void check_frames(const System& system)
{
    const u64 promised = promised_frames(system);
    const u64 present = present_frames(system.machine);
    if (promised > present)
        throw Failure{Exit::usage,
                      fmt::format("system '{}' does not fit {} of memory", system.name,
                                  size_text(system.machine.memory_bytes)),
                      fmt::format("its programs may own {} frames together, the machine has {}",
                                  promised, present),
                      "give it more --memory, or lower 'frames' of its programs"};
}

// Found out here rather than by a run that waits until its time is up.
void check_that_it_ends(const System& system, const Options& options)
{
    const auto is_shell = [](const Program& one) { return one.start == Start::shell; };
    const auto judges = [&](const Program& one) { return one.verdict && !is_shell(one); };
    const bool endless_is_fine = options.timeout == 0;
    const bool ends_as_it_likes = system.init.text != "init";
    if (!options.system.commands.empty() || endless_is_fine || ends_as_it_likes
        || std::ranges::any_of(system.programs, judges))
        return;
    const auto what = fmt::format("a run of system '{}' would never end", system.name);
    if (std::ranges::any_of(system.programs, is_shell))
        throw Failure{
            Exit::usage, what, "its shell runs only with commands, and no app gives a verdict",
            fmt::format("tools/vireo run {} -c help", shell_quote(options.system.system))};
    throw Failure{Exit::usage, what, "none of its programs gives the verdict",
                  "write verdict = true into the app that ends last, or run it with --timeout 0"};
}

// `input`: who talks with the shell.
System
load(const Project& project, const Options& options, const LaunchKind& kind, InputKind& input)
{
    auto file = load_system(project.systems(), options.system.system);
    auto& system = file.system;
    apply(options.system, system.machine);
    replace_disks(system, options.system.disks);
    choose_backends(system, options.system.backends);
    build_target(project, options);
    const auto built = project.program_names();
    if (built.empty())
        throw Failure{Exit::build, "no program is built",
                      "there is none in " + project.programs().string(), "tools/vireo build"};
    Diagnostics errors{file.path.string(), file.text};
    check_binaries(system, built, errors);
    errors.check();
    input =
        asks_at_console(system) && options.system.commands.empty() ? kind.input : InputKind::none;
    if (!kind.debugger && input == InputKind::none)
        check_that_it_ends(system, options);
    if (input == InputKind::none)
        select_programs(system, options.system.commands);
    else
        select_shell(system, input == InputKind::terminal);
    check_frames(system);
    pin_devices(system);
    return std::move(system);
}

void require_file(const fs::path& path, const std::string& what)
{
    if (!fs::exists(path))
        throw Failure{Exit::build, what + " is not built", path.string() + " does not exist",
                      "tools/vireo build"};
}

std::vector<u8>
archive_of(const Project& project, const System& system, const std::vector<std::string>& names)
{
    std::vector<NamedImage> images;
    for (const auto& name : names) {
        const auto path = project.program(name == "init" ? system.init.text : name);
        require_file(path, "program '" + name + "'");
        images.push_back({name, read_elf(read_bytes(path), project.shown(path))});
    }
    return make_archive(images, make_table(system), system.counters);
}

bool has_own_log(const std::vector<std::string>& user)
{
    return std::ranges::any_of(
        user, [](const std::string& word) { return word == "-d" || word == "-D"; });
}

void make_scratch_images(const Launch& launch)
{
    for (const auto& device : launch.system.devices)
        if (const auto* scratch = std::get_if<ScratchImage>(&device.image);
            scratch != nullptr && device.type == DeviceType::block && !device.vhost_user)
            make_sparse(scratch_file(launch.directory.path(), device), scratch->bytes);
    for (const auto& device : launch.system.devices)
        if (device.journal)
            make_sparse(journal_file(launch.directory.path(), device), 0);
}

std::vector<std::string> gdb_options(const fs::path& socket)
{
    return {"-S", "-chardev",
            fmt::format("socket,path={},server=on,wait=off,id=gdb0", qemu_escape(socket.string())),
            "-gdb", "chardev:gdb0"};
}

std::vector<std::string> command_line_of(const Project& project,
                                         const Options& options,
                                         const LaunchKind& kind,
                                         const Launch& launch)
{
    const auto& directory = launch.directory.path();
    const QemuFiles files{.kernel = project.kernel_image(),
                          .archive = directory / "boot.archive",
                          .directory = directory,
                          .qmp_socket = launch.qmp_socket,
                          .sockets = launch.directory.sockets(),
                          .log = launch.qemu_log,
                          .trace = launch.monitored};
    QemuOptions qemu{.program = options.qemu, .extra = kind.qemu, .user = options.qemu_opts};
    if (kind.debugger) {
        qemu.serial = "file:" + (directory / "serial.log").string();
        for (const auto& word : gdb_options(launch.gdb_socket))
            qemu.extra.push_back(word);
    }
    return qemu_command_line(launch.system, files, qemu);
}

RunDirectory directory_for(const Project& project,
                           const Options& options,
                           const LaunchKind& kind,
                           const System& system)
{
    if (!options.dry_run)
        return {project.runs(), system.name};
    const auto variant = kind.debugger ? "-debug" : kind.variant.empty() ? "" : "-" + kind.variant;
    return RunDirectory::lasting(project.runs(), system.name + "-dry" + variant);
}

}  // namespace

Launch prepare_launch(const Project& project, const Options& options, const LaunchKind& kind)
{
    auto input = InputKind::none;
    auto system = load(project, options, kind, input);
    require_file(project.kernel_image(), "the kernel");
    const auto images = image_names(system);
    const auto archive = archive_of(project, system, images);
    auto directory_of_run = directory_for(project, options, kind, system);
    Launch launch{
        .system = std::move(system), .directory = std::move(directory_of_run), .images = images};
    const auto& directory = launch.directory.path();
    launch.input = input;
    launch.qmp_socket = launch.directory.sockets() / "qmp";
    launch.gdb_socket = launch.directory.sockets() / "gdb";
    launch.qemu_log = has_own_log(options.qemu_opts) ? fs::path{} : directory / "qemu.log";
    launch.monitored =
        options.monitor && launch.system.monitor && !kind.debugger && !launch.qemu_log.empty();
    write_file(directory / "boot.archive", archive);
    make_scratch_images(launch);

    launch.argv = command_line_of(project, options, kind, launch);
    write_file(directory / "command.sh", "#!/bin/sh\n" + printed_command_line(launch.argv));
    return launch;
}

}  // namespace vireo
