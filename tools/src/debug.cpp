// debug.cpp - `debug`: a system stopped at its first instruction, and gdb on it.
#include "debug.hpp"

#include "backend.hpp"
#include "command_line.hpp"
#include "failure.hpp"
#include "launch.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto debugger = "gdb-multiarch";
constexpr auto socket_patience = 10s;

void await_socket(const fs::path& socket, Child& qemu)
{
    for (const auto end = Clock::now() + socket_patience; !fs::exists(socket);) {
        if (const auto status = qemu.poll())
            throw Failure{Exit::qemu, fmt::format("QEMU ended with status {}", *status)};
        if (Clock::now() >= end)
            throw Failure{Exit::qemu, "QEMU does not open its socket for gdb", socket.string()};
        std::this_thread::sleep_for(10ms);
    }
}

std::vector<std::string> gdb_words(const fs::path& script, const DebugOptions& options)
{
    std::vector<std::string> words{debugger, "--quiet", "--nx", "--command", script.string()};
    for (const auto& command : options.commands)
        words.insert(words.end(), {"--eval-command", command});
    // Else the guest would go on, and its end would race with the debugger's.
    if (!options.commands.empty())
        words.insert(words.end(), {"--eval-command", "disconnect", "--batch"});
    return words;
}

// Removes what is loaded, whichever that is; gdb calls it an error to remove nothing.
std::string unload_command(const Project& project, const std::vector<std::string>& images)
{
    std::string text = "set $vireo_program = 0\ndefine symbols-none\n";
    for (usize i = 0; i < images.size(); ++i)
        text += fmt::format("  if $vireo_program == {}\n    remove-symbol-file \"{}\"\n  end\n",
                            i + 1, project.program(images[i]).string());
    return text + "  set $vireo_program = 0\nend\n";
}

std::string load_command(const Project& project, const std::string& image, usize number)
{
    return fmt::format(
        "define symbols-{0}\n  symbols-none\n  add-symbol-file \"{1}\"\n"
        "  set $vireo_program = {2}\nend\n"
        "document symbols-{0}\nLoads the symbols of {0} in place of another program's.\nend\n",
        image, project.program(image).string(), number);
}

// What knows the kernel's objects, and which program each process of the system runs.
std::string object_commands(const Project& project, const System& system)
{
    const auto file = project.gdb_commands();
    if (!fs::exists(file))
        return "";
    auto text = fmt::format("source {}\npython programs.update(init='init')\n", file.string());
    for (const auto& program : system.programs)
        text += fmt::format("python programs.update({{'{}': '{}'}})\n", program.name.text,
                            program.binary.text);
    return text;
}

void check_program(const std::vector<std::string>& images, const std::string& program)
{
    if (!program.empty() && !std::ranges::contains(images, program))
        throw Failure{Exit::usage,
                      fmt::format("there is no program '{}' in this system{}", program,
                                  suggestion(program, images)),
                      "its programs are: " + join(images, ", ")};
}

}  // namespace

std::string gdb_script(const Project& project,
                       const fs::path& socket,
                       const std::vector<std::string>& images,
                       const std::string& program)
{
    auto text =
        fmt::format("set confirm off\nset architecture aarch64\nfile \"{}\"\ntarget remote {}\n",
                    project.kernel_elf().string(), socket.string());
    text += unload_command(project, images);
    for (usize i = 0; i < images.size(); ++i)
        text += load_command(project, images[i], i + 1);
    if (!program.empty())
        text += "symbols-" + program + "\n";
    return text;
}

int debug(const Project& project, const Options& options)
{
    auto launch = prepare_launch(project, options, {.debugger = true});
    const auto& directory = launch.directory.path();
    check_program(launch.images, options.debug.program);
    if (options.dry_run) {
        fmt::print("{}", printed_command_line(launch.argv));
        return code(Exit::ok);
    }
    const auto script = directory / "gdb.commands";
    write_file(script, gdb_script(project, launch.gdb_socket, launch.images, options.debug.program)
                           + object_commands(project, launch.system));
    const Backends backends{launch.system, launch.directory.sockets()};
    Child qemu{{.argv = launch.argv, .output = Output::inherit, .error = Output::inherit}};
    await_socket(launch.gdb_socket, qemu);
    fmt::print("the guest's log: {}\nsymbols-NAME loads the symbols of a program: {}\n"
               "of the kernel's objects know: ps, handles, endpoints, notifications, rings, "
               "symbols\n",
               (directory / "serial.log").string(), join(launch.images, ", "));
    flush(stdout);
    // gdb has the terminal; Ctrl-C is for it.
    Child gdb{{.argv = gdb_words(script, options.debug),
               .output = Output::inherit,
               .error = Output::inherit,
               .own_group = false}};
    const int status = gdb.wait();
    qemu.kill();
    if (options.keep)
        launch.directory.keep();
    return code(status == 0 ? Exit::ok : Exit::environment);
}

}  // namespace vireo
