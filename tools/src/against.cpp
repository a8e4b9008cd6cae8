// against.cpp - `bench --against linux`: runs both systems and compares them.
#include "against.hpp"

#include "bench_phases.hpp"
#include "comparison.hpp"
#include "failure.hpp"
#include "guest.hpp"
#include "guest_log.hpp"
#include "initramfs.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto prepare_limit = 10min;
// What makes Linux quicker on this machine; the rest is tuned by its init.
constexpr std::string_view linux_arguments =
    "quiet console=ttyAMA0 panic=-1 nokaslr mitigations=off randomize_kstack_offset=off "
    "init_on_alloc=0 psi=0";
constexpr std::array modules{"failover",   "net_failover", "virtio_mmio",
                             "virtio_blk", "virtio_net",   "virtio-rng"};

// Of tools/linux/prepare.
struct Prepared {
    fs::path image;
    fs::path counter;
    std::string version;
    std::vector<u8> initramfs;
};

Prepared prepare(const Project& project)
{
    fmt::print(stderr, "vireo: preparing Linux (once, Debian's kernel is downloaded: 60 MB)\n");
    const auto script = project.root / "tools/linux/prepare";
    const auto done = run_captured({script.string()}, prepare_limit);
    if (done.status != 0)
        throw Failure{Exit::environment, "there is no Linux to compare with", done.err,
                      "look at what apt says; the script is " + project.shown(script)};
    const fs::path cache{done.out.substr(0, done.out.find('\n'))};
    std::vector<InitramfsFile> files{{"init", read_bytes(cache / "init"), true}};
    for (const std::string name : modules)
        files.push_back({name + ".ko", read_bytes(cache / "image" / (name + ".ko")), false});
    const auto version = read_text(cache / "image/version");
    return {cache / "image/Image", cache / "counter.so", version.substr(0, version.find('\n')),
            make_initramfs(files)};
}

void replace_after(std::vector<std::string>& words, const std::string& option, const fs::path& by)
{
    const auto found = std::ranges::find(words, option);
    if (found != words.end() && found + 1 != words.end())
        *(found + 1) = by.string();
}

void boot_linux_instead(Launch& launch, const Prepared& prepared)
{
    const auto initramfs = launch.directory.path() / "initramfs";
    write_file(initramfs, prepared.initramfs);
    replace_after(launch.argv, "-kernel", prepared.image);
    replace_after(launch.argv, "-initrd", initramfs);
    launch.argv.insert(launch.argv.end(), {"-append", std::string{linux_arguments}});
}

// What a guest says on its console or, ours, as a program's output.
struct Heard {
    Run run;
    bool done = false;

    void hear(std::string text)
    {
        while (text.ends_with('\r'))
            text.pop_back();
        done = done || text == "PB-DONE";
        if (const auto region = parse_region(text))
            run.push_back(*region);
    }
};

[[noreturn]] void give_up(Launch& launch, const std::string& who)
{
    launch.directory.keep();
    throw Failure{Exit::test_failed, fmt::format("{} did not get to the end", who),
                  "it never said PB-DONE",
                  "look at " + (launch.directory.path() / "serial.log").string()};
}

// Counters from outside replace what our own guest says it counted.
Run times_of(Run run)
{
    for (auto& region : run)
        std::erase_if(region.counters, [](const auto& one) { return one.first != "ns"; });
    return run;
}

class Comparison {
public:
    Comparison(const Project& project, const Options& options)
        : project_{&project}, options_{options}, prepared_{prepare(project)}
    {
        options_.system = system_of(
            options,
            {.system = "bench-io", .argument = "against", .icount = {}, .regions = {}, .runs = 1});
        options_.monitor = false;  // its trace takes the host's time, and one system's only
    }

    void round()
    {
        for (const bool with_counter : {true, false}) {
            ours_.push_back(run(false, with_counter));
            theirs_.push_back(run(true, with_counter));
        }
    }

    std::vector<Row> rows() const { return compare(ours_, theirs_); }
    const std::string& linux_version() const { return prepared_.version; }

private:
    Run run(bool linux_guest, bool with_counter)
    {
        auto launch = prepare_launch(*project_, options_, {});
        const auto counts = launch.directory.path() / "counts";
        if (linux_guest)
            boot_linux_instead(launch, prepared_);
        if (with_counter)
            launch.argv.insert(
                launch.argv.end(),
                {"-plugin", fmt::format("{},out={}", prepared_.counter.string(), counts.string())});
        if (options_.verbose)
            fmt::print(stderr, "{}\n", fmt::join(launch.argv, " "));
        Heard heard;
        GuestListener listener;
        if (linux_guest)
            listener.line = [&](const std::string& text) { heard.hear(text); };
        else
            listener.output = [&](const std::string&, const std::string& text) {
                heard.hear(text);
            };
        (void)run_guest(*project_, launch, options_, listener);
        if (!heard.done)
            give_up(launch, linux_guest ? "Linux" : "Vireo");
        return with_counter ? counted(heard.run, read_text(counts)) : times_of(heard.run);
    }

    const Project* project_;
    Options options_;
    Prepared prepared_;
    std::vector<Run> ours_;
    std::vector<Run> theirs_;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

int bench_against(const Project& project, const Options& options)
{
    Comparison comparison{project, options};
    for (u32 n = 0; n < options.bench.runs; ++n)
        comparison.round();
    auto rows = comparison.rows();
    std::erase_if(rows, [&](const Row& row) { return !row.name.starts_with(options.bench.name); });
    if (rows.empty())
        throw Failure{Exit::usage, "no region of the comparison begins with " + options.bench.name,
                      "the word behind bench chooses regions",
                      "tools/vireo bench --against linux shows all"};
    const Subject subject{
        .qemu = first_line(run_captured({options.qemu, "--version"}, 10s).out),
        .theirs = comparison.linux_version(),
        .runs = options.bench.runs,
    };
    if (!options.bench.html.empty())
        write_file(options.bench.html, as_html(rows, subject));
    const auto text = options.bench.json  ? as_json(rows, subject)
                      : options.bench.csv ? as_csv(rows)
                                          : as_table(rows, subject);
    fmt::print("{}", text);
    flush(stdout);
    return code(Exit::ok);
}

}  // namespace vireo
