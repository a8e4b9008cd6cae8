// run.cpp - `run`: boot a system, show what it says, end with its verdict.
#include "run.hpp"

#include "command_line.hpp"
#include "guest.hpp"
#include "screen.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <ranges>

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr usize shown_log_lines = 200;
constexpr usize shown_violations = 20;

void print_line(std::FILE* to, const std::string& text)
{
    fmt::print(to, "{}\n", text);
    flush(to);  // whoever reads along sees it now
}

std::string shell_of(const System& system)
{
    const auto found = std::ranges::find(system.programs, Start::shell, &Program::start);
    return found == system.programs.end() ? "" : found->name.text;
}

// At a terminal the log is written around the prompt.
GuestListener screen_of(const std::string& shell)
{
    const auto show = [](const std::string& what) {
        fmt::print(stdout, "{}", what);
        flush(stdout);
    };
    const auto screen = std::make_shared<Screen>(shell);
    return {.line = [=](const std::string& text) { show(screen->line(text)); },
            .console = [=](std::string_view bytes) { show(screen->console(bytes)); },
            .notice =
                [=](const std::string& text) {
                    for (const auto& line : lines_of(text))
                        show(screen->line(line));
                },
            .ended = [=] { show(screen->end()); }};
}

// With commands stdout is what the shell printed and nothing else, so that scripts can use it.
GuestListener listener_of(const Options& options, const std::string& shell)
{
    if (options.system.commands.empty())
        return {.line = [](const std::string& text) { print_line(stdout, text); }};
    GuestListener listener;
    if (options.verbose)
        listener.line = [](const std::string& text) { print_line(stderr, text); };
    listener.output = [shell](const std::string& program, const std::string& text) {
        if (program == shell)
            print_line(stdout, text);
    };
    return listener;
}

void show_log(const fs::path& directory)
{
    const auto lines = lines_of(read_text(directory / "serial.log"));
    const usize first = lines.size() > shown_log_lines ? lines.size() - shown_log_lines : 0;
    fmt::print(stderr, "-- log of the guest{}\n", first == 0 ? "" : ", its end");
    for (usize i = first; i < lines.size(); ++i)
        fmt::print(stderr, "{}\n", lines[i]);
}

void explain(const Launch& launch,
             const Options& options,
             const GuestEnd& end,
             const Judgement& judgement)
{
    const bool log_was_hidden = !options.system.commands.empty() && !options.verbose;
    if (log_was_hidden && !judgement.reason.empty())
        show_log(launch.directory.path());
    for (const auto& line : end.complaints)
        fmt::print(stderr, "qemu: {}\n", line);
    for (const auto& line : end.violations | std::views::take(shown_violations))
        fmt::print(stderr, "monitor: {}\n", line);
    if (end.violations.size() > shown_violations)
        fmt::print(stderr, "monitor: and {} more\n", end.violations.size() - shown_violations);
    if (!judgement.reason.empty())
        fmt::print(stderr, "vireo: error: {}\n", judgement.reason);
    else
        fmt::print(stderr, "vireo: the guest ended with status {}\n", judgement.code);
    fmt::print(stderr, "   run directory, kept: {}\n", launch.directory.path().string());
}

}  // namespace

int run(const Project& project, const Options& options, const RunKind& kind)
{
    // Whoever looks at the guest's memory afterwards does not talk with it.
    const auto input = kind.stopped ? InputKind::none : standard_input();
    auto launch = prepare_launch(
        project, options, {.qemu = kind.qemu, .variant = options.system.kernel, .input = input});
    if (options.dry_run) {
        fmt::print("{}", printed_command_line(launch.argv));
        return code(Exit::ok);
    }
    if (options.verbose)
        fmt::print(stderr, "{}", printed_command_line(launch.argv));
    auto listener = launch.input == InputKind::terminal
                        ? screen_of(shell_of(launch.system))
                        : listener_of(options, shell_of(launch.system));
    if (launch.input == InputKind::terminal)
        listener.notice("vireo: Ctrl-A x ends the run, whatever the guest does");
    if (kind.stopped)
        listener.stopped = [&](Qmp& qmp) { kind.stopped(qmp, launch.directory.path()); };
    const auto end = run_guest(project, launch, options, listener);
    const auto judgement = judge(end);
    // A command that fails is an answer, not an accident; anything else is worth looking at.
    const bool answered = judgement.reason.empty()
                          && (!options.system.commands.empty() || launch.input != InputKind::none);
    const bool interrupted = end.ending == Ending::interrupted;
    if (options.keep || (judgement.code != 0 && !answered && !interrupted))
        launch.directory.keep();
    if (judgement.code != 0 && !answered && !interrupted)
        explain(launch, options, end, judgement);
    else if (options.keep)
        fmt::print(stderr, "vireo: run directory: {}\n", launch.directory.path().string());
    return judgement.code;
}

}  // namespace vireo
