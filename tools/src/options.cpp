// options.cpp - the command line of the tool.
#include "options.hpp"

#include "judge.hpp"
#include "ring_options.hpp"
#include "text.hpp"
#include "usage.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace vireo {
namespace {

constexpr auto footer = R"(exit codes:
  0..119  run: the status of the guest's verdict program, or of the last failing -c command
  1       test: a test failed; bench, size --check: a limit is exceeded
  120     usage: command line, system file, image      123  guest panic or crash
  121     environment: something missing or unreadable 124  no progress within --timeout
  122     the project does not build                   125  QEMU failed, complained or ended without verdict
  130     interrupted                                  141  nobody reads its output any more
)";

struct Raw {
    Options options;
    std::vector<std::string> qemu_opts;  // as given, each a string of words
};

CLI::Validator between(double first, double last)
{
    const auto check = [=](const std::string& text) {
        double value = 0;
        const bool good = CLI::detail::lexical_cast(text, value) && value >= first && value <= last;
        return good ? std::string{}
                    : fmt::format("'{}' is not a number from {:g} to {:.0f}", text, first, last);
    };
    return {check, fmt::format("{:g}..{:.0f}", first, last)};
}

// To CLI11 an empty word is as good as none.
CLI::Validator whole_number()
{
    const auto check = [](const std::string& text) {
        return text.empty() ? std::string{"'' is not a whole number"} : std::string{};
    };
    return {check, ""};
}

void add_global(CLI::App& app, Raw& raw)
{
    auto& options = raw.options;
    app.add_flag("-v,--verbose", options.verbose, "show command lines, builds and the whole log");
    app.add_flag("--dry-run", options.dry_run,
                 "print the QEMU command line, runnable as it is, and stop");
    app.add_flag("--keep", options.keep, "keep the run directory, also after success");
    app.add_flag("--no-build", options.no_build,
                 "use what is built, whether or not it is up to date");
    app.add_flag("!--no-monitor", options.monitor,
                 "do not hold what drivers do to their devices against the virtio specification");
    app.add_option("--timeout", options.timeout,
                   "seconds without progress until a run ends; 0: never")
        ->check(between(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--qemu", options.qemu, "QEMU's program")->capture_default_str();
    app.add_option("--qemu-opts", raw.qemu_opts, "further options for QEMU, quoted as for a shell")
        ->allow_extra_args(false);
    app.add_option("--allow-line", options.allow_lines,
                   "regular expression of a line that QEMU may print without failing the run")
        ->allow_extra_args(false);
}

void add_system(CLI::App& app, SystemOptions& system)
{
    app.add_option("system", system.system, "name of a file in systems/, or a path to a .toml")
        ->capture_default_str();
    app.add_option("--disk", system.disks,
                   "NAME=FILE[,ro|,rw][,raw|,qcow2]: this image behind that disk; raw, unless "
                   "it is named *.qcow2")
        ->allow_extra_args(false);
    app.add_option("--backend", system.backends,
                   "NAME=COMMAND: this program of the host behind that device, whose system file "
                   "says backend = \"vhost-user\" or \"stream\"")
        ->allow_extra_args(false);
    app.add_option("--cpus", system.cpus, "number of CPUs")->check(whole_number());
    app.add_option("--memory", system.memory, "memory of the guest, such as 64M or 4G");
    app.add_option("--cpu", system.cpu, "QEMU's CPU model");
    app.add_option("--gic", system.gic, "version of the interrupt controller, 2 or 3")
        ->check(whole_number());
    app.add_option("--kernel", system.kernel, "its flavour: checked, traced or fault")
        ->check(CLI::IsMember({"checked", "traced", "fault"}));
    app.add_flag("--tags", system.tags,
                 "memory with allocation tags, for --kernel checked --cpu max");
    app.add_flag("--legacy", system.legacy, "version 1 registers in every virtio-mmio slot");
    app.add_option("--rings", system.rings,
                   std::string{"what all virtio devices offer: "} + rings_help);
}

void add_command(CLI::App& app, SystemOptions& system)
{
    app.add_option("-c,--command", system.commands,
                   "run this in the guest's shell, end with its status; may be repeated")
        ->allow_extra_args(false);
}

void add_test(CLI::App& app, TestOptions& test)
{
    app.add_option("filter", test.filter, "regular expression that names of tests must match");
    app.add_option("--stage", test.stage, "only stages whose name begins so");
    app.add_flag("--full", test.full,
                 "also what takes long, on many machines; goes on where it was interrupted");
    app.add_flag("--restart", test.restart, "forget what --full or --repeat have done already");
    app.add_option("--repeat", test.repeat, "run each stage so often, stop at its first failure")
        ->check(between(1, 100'000));
    app.add_option("--junit", test.junit, "directory for reports in JUnit's format");
}

void add_comparison(CLI::App& bench, BenchOptions& options)
{
    auto* against = bench
                        .add_option("--against", options.against,
                                    "run another system's workloads too, and compare: linux")
                        ->check(CLI::IsMember({"linux"}));
    bench.add_option("--runs", options.runs, "of each system, of which medians are told")
        ->check(between(1, 99))
        ->needs(against);
    bench.add_flag("--csv", options.csv, "comma-separated values")->needs(against);
    bench.add_option("--html", options.html, "write a page to this file too")->needs(against);
}

void add_fault(CLI::App& app, Options& options)
{
    auto& fault = options.fault;
    app.add_option("experiment", fault.experiments,
                   "files of tests/fault, without .toml; with --defects, of tests/defects");
    app.add_flag("--defects", fault.defects,
                 "build mistakes that are known, each in a copy: what must tell of it must do so");
    auto* seed = app.add_option("--seed", fault.seed, "instead of that of each experiment")
                     ->check(whole_number());
    app.add_option("--trials", fault.trials, "of each experiment")->check(whole_number());
    app.add_flag("--full", fault.full, "as many trials as each experiment has for a long run");
    app.add_option("--hours", fault.hours, "go on with new seeds for so long, with the ledger")
        ->check(between(0, 1'000));
    app.add_option("--guests", fault.guests, "at a time")
        ->check(between(1, 16))
        ->capture_default_str();
    app.add_option("--limit", fault.limit, "begin nothing after so many seconds")
        ->check(whole_number());
    app.add_option("--replay", fault.replay, "repeat this trial alone: EXPERIMENT.SEED.NUMBER");
    app.add_option("--cpus", options.system.cpus, "number of CPUs")->check(whole_number());
    app.add_option("--json", fault.json, "file for all trials, as JSON");
    app.add_option("--html", fault.html, "file for a page with figures");
    app.add_flag("--ledger", fault.ledger,
                 "take seeds that docs/fault-ledger.md does not have, and note there what came out")
        ->excludes(seed);
    app.add_flag("--list", fault.list, "what experiments there are");
}

CLI::App*
add_task(CLI::App& app, Raw& raw, Task task, const std::string& name, const std::string& what)
{
    auto* sub = app.add_subcommand(name, what);
    sub->fallthrough();
    sub->footer("Options of all commands, and exit codes: tools/vireo --help\n");
    sub->callback([&raw, task] { raw.options.task = task; });
    return sub;
}

void add_tasks(CLI::App& app, Raw& raw)
{
    auto& options = raw.options;
    add_task(app, raw, Task::setup, "setup", "install what is missing on this machine");
    add_task(app, raw, Task::doctor, "doctor",
             "check versions and needed features, say how to fix them");
    add_task(app, raw, Task::build, "build", "build everything");
    auto* run =
        add_task(app, raw, Task::run, "run", "build, boot a system in QEMU, end with its verdict");
    add_system(*run, options.system);
    add_command(*run, options.system);
    add_test(*add_task(app, raw, Task::test, "test", "run all tests"), options.test);
    auto* bench =
        add_task(app, raw, Task::bench, "bench", "count guest instructions of the hot paths");
    bench->add_option("name", options.bench.name, "only regions whose name starts so");
    bench->add_flag("--json", options.bench.json, "one JSON object a line");
    bench->add_option("--calls", options.bench.calls,
                      "random calls for kernel.*, more than a short run's");
    bench->add_option("--cpu", options.system.cpu,
                      "another CPU model, for which there are no budgets");
    add_comparison(*bench, options.bench);
    auto* debug = add_task(app, raw, Task::debug, "debug",
                           "boot under gdb, stopped at the first instruction");
    add_system(*debug, options.system);
    add_command(*debug, options.system);
    debug->add_option("--program", options.debug.program, "load the symbols of this program too");
    debug
        ->add_option("--ex", options.debug.commands,
                     "let gdb run this command, then end; may be repeated")
        ->allow_extra_args(false);
    auto* trace = add_task(app, raw, Task::trace, "trace",
                           "boot the traced kernel, write what happened to a file");
    add_system(*trace, options.system);
    add_command(*trace, options.system);
    trace->add_option("-o,--output", options.trace.output,
                      "file for Perfetto, if it is not build/trace.json");
    add_fault(*add_task(app, raw, Task::fault, "fault",
                        "let servers suffer faults by the thousand, judge what becomes of it"),
              options);
    add_task(app, raw, Task::size, "size", "lines of the sources, bytes of the images")
        ->add_flag("--check", options.size.check, "end with 1 above a limit of tests/sizes.toml");
}

std::optional<std::string> from_environment(const char* name)
{
    const char* given = std::getenv(name);
    return given == nullptr || *given == '\0' ? std::nullopt : std::optional<std::string>{given};
}

std::optional<u32> number_from_environment(const char* name)
{
    const auto text = from_environment(name);
    u32 value = 0;
    if (text && !CLI::detail::lexical_cast(*text, value))
        throw CLI::ValidationError{name, fmt::format("'{}' is not a whole number", *text)};
    return text ? std::optional{value} : std::nullopt;
}

// The machine of a whole run of tests, where a single one does not care.
void read_environment(SystemOptions& system)
{
    if (!system.cpus)
        system.cpus = number_from_environment("VIREO_CPUS");
    if (!system.gic)
        system.gic = number_from_environment("VIREO_GIC");
    if (!system.cpu)
        system.cpu = from_environment("VIREO_CPU");
    system.legacy = system.legacy || from_environment("VIREO_LEGACY") == "true";
    if (system.rings.empty())
        system.rings = from_environment("VIREO_RINGS").value_or("");
}

void split_qemu_options(Raw& raw)
{
    for (const auto& text : raw.qemu_opts) {
        const auto words = shell_words(text);
        if (!words)
            throw CLI::ValidationError{"--qemu-opts", "a quote is not closed: " + text};
        raw.options.qemu_opts.insert(raw.options.qemu_opts.end(), words->begin(), words->end());
    }
}

}  // namespace

std::variant<Options, int> parse_options(int argc, const char* const* argv)
{
    CLI::App app{"Vireo: build, boot, test and measure the system.", "tools/vireo"};
    app.require_subcommand(1);
    app.footer(footer);
    Raw raw;
    // The shim's word for the same; it has decided already.
    const char* no_build = std::getenv("VIREO_NO_BUILD");
    raw.options.no_build = no_build != nullptr && std::string_view{no_build} == "1";
    add_global(app, raw);
    add_tasks(app, raw);
    try {
        app.parse(argc, argv);
        split_qemu_options(raw);
        const auto task = raw.options.task;
        if (task == Task::run || task == Task::debug || task == Task::trace)
            read_environment(raw.options.system);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0)
            throw usage_failure(app, error);
        return app.exit(error);  // prints the help that was asked for
    }
    check_allowed(raw.options.allow_lines);
    return raw.options;
}

}  // namespace vireo
