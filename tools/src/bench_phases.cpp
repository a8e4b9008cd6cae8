// bench_phases.cpp - boots the measuring systems and takes down what they say.
#include "bench_phases.hpp"

#include "backend.hpp"
#include "command_line.hpp"
#include "failure.hpp"
#include "guest.hpp"
#include "guest_log.hpp"
#include "input_events.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr std::string_view kernel_prefix = "kernel.";

// With sleep=off virtual time jumps over idle spells, which makes counts exact; with host I/O under
// way it would jump by seconds, so paths through devices run with sleep=on, and the worst of
// several runs counts, since what devices end meanwhile is as the host likes.
const std::vector<Phase>& phases()
{
    static const std::vector<Phase> all{
        {"bench", "cpu", "shift=0,sleep=off", {"boot", "idle.", "ipc.", "irq.", "sys."}, 1},
        {"bench", "blk", "shift=0,sleep=on", {"blk."}, 3},
        {"bench-io",
         "io",
         "shift=0,sleep=on",
         {"input.", "memory.", "net.", "restart.", "rng."},
         3},
    };
    return all;
}

// One of them begins the other.
bool akin(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

bool measures(const Phase& phase, std::string_view prefix)
{
    return std::ranges::any_of(phase.regions,
                               [&](const std::string& each) { return akin(each, prefix); });
}

// A guest without the counter says zero.
bool counts_nothing(const Region& region)
{
    const auto insn = region.counters.find("insn");
    return insn == region.counters.end() ? !region.counters.contains("bytes") : insn->second == 0;
}

class NoCounter : public Failure {
public:
    NoCounter()
        : Failure{Exit::environment,
                  "the guest has no instruction counter, so there are no figures",
                  "its numbers would be times of this host, not costs of the system",
                  "run it with -icount and with counters = true in systems/bench.toml"}
    {
    }
};

// What the measuring program says, and asks for.
class Listening {
public:
    explicit Listening(const Launch& launch) : launch_{&launch} {}

    void hear(const std::string& text)
    {
        done_ = done_ || text == "PB-DONE";
        if (const auto region = parse_region(text))
            regions_.push_back(*region);
        if (text == "PB-KEY")
            type();
    }
    bool done() const { return done_; }
    const std::vector<Region>& regions() const { return regions_; }

private:
    // A guest that waits for a key in vain says nothing more, and is stopped for that.
    void type()
    {
        constexpr std::chrono::seconds patience{20};
        constexpr std::chrono::milliseconds bedtime{2};  // until then the guest sleeps
        std::this_thread::sleep_for(bedtime);
        if (!qmp_)
            qmp_ = Qmp::connect(launch_->qmp_socket, patience);
        down_ = !down_;
        const std::array<InputEvent, 1> packet{KeyPress{"a", down_}};
        if (!qmp_ || !send_input(*qmp_, packet))
            fmt::print(stderr, "vireo: QEMU does not type\n");
    }

    const Launch* launch_;
    std::optional<Qmp> qmp_;
    bool down_ = false;
    bool done_ = false;
    std::vector<Region> regions_;
};

GuestListener listener_of(Listening& listening, bool verbose)
{
    GuestListener listener;
    if (verbose)
        listener.line = [](const std::string& text) { fmt::print(stderr, "{}\n", text); };
    listener.output = [&listening](const std::string&, const std::string& text) {
        listening.hear(text);
    };
    return listener;
}

[[noreturn]] void give_up(Launch& launch, const Phase& phase, const Judgement& judgement)
{
    launch.directory.keep();
    const bool answered = judgement.reason.empty();
    const auto why = answered ? fmt::format("status {}", judgement.code) : judgement.reason;
    throw Failure{answered ? Exit::test_failed : static_cast<Exit>(judgement.code),
                  "the measuring run '" + phase.argument + "' failed",
                  judgement.code == 0 ? "it never said PB-DONE" : why,
                  "look at " + (launch.directory.path() / "serial.log").string()};
}

// What the traced kernel says at its end: how long the lock was held and interrupts were masked.
std::vector<Region> longest_once(const Project& project, Options asked, const fs::path& system)
{
    auto traced = project;
    traced.flavour = "traced";
    asked.system.system = system.string();
    const Phase phase{"", system.stem().string(), "shift=0,sleep=off", {}, 1};
    auto launch = prepare_launch(traced, asked, {.qemu = {"-icount", phase.icount}});
    std::vector<Region> regions;
    GuestListener listener;
    listener.line = [&](const std::string& text) {
        if (asked.verbose)
            fmt::print(stderr, "{}\n", text);
        const auto held = number_field(text, "lock_held");
        const auto masked = number_field(text, "irqs_masked");
        if (held && masked)
            regions = {{"kernel.lock_hold_max", 1, {{"insn", *held}}},
                       {"kernel.irq_masked_max", 1, {{"insn", *masked}}}};
    };
    const auto judgement = judge(run_guest(traced, launch, asked, listener));
    if (judgement.code != 0 || regions.empty())
        give_up(launch, phase, judgement);
    return regions;
}

}  // namespace

std::vector<Phase> phases_for(std::string_view prefix)
{
    std::vector<Phase> wanted;
    std::ranges::copy_if(phases(), std::back_inserter(wanted),
                         [&](const Phase& phase) { return measures(phase, prefix); });
    if (wanted.empty() && !wants_longest(prefix))
        wanted.push_back(phases().front());  // to tell what there is
    return wanted;
}

bool wants_longest(std::string_view prefix) { return akin(prefix, kernel_prefix); }

SystemOptions system_of(const Options& options, const Phase& phase)
{
    SystemOptions asked{.system = phase.system, .commands = {phase.argument}};
    asked.cpu = options.system.cpu;
    if (phase.system != "bench")
        asked.backends = {peer_backend("nic0")};
    return asked;
}

std::vector<Region> measure_once(const Project& project, const Options& options, const Phase& phase)
{
    auto asked = options;
    asked.system = system_of(options, phase);
    auto launch = prepare_launch(project, asked, {.qemu = {"-icount", phase.icount}});
    if (options.verbose)
        fmt::print(stderr, "{}", printed_command_line(launch.argv));
    Listening listening{launch};
    const auto judgement =
        judge(run_guest(project, launch, asked, listener_of(listening, options.verbose)));
    if (judgement.code != 0 || !listening.done())
        give_up(launch, phase, judgement);
    auto regions = listening.regions();
    std::erase_if(regions, [&](const Region& region) { return !measures(phase, region.name); });
    for (const auto& region : regions)
        if (counts_nothing(region))
            throw NoCounter{};
    return regions;
}

std::vector<Region> measure_longest(const Project& project, const Options& options)
{
    std::vector<Region> regions;
    const auto suites = project.root / "tests/system/kernel";
    merge_worst(regions, longest_once(project, options, suites / "steps/exact.toml"));
    auto random = options;
    if (options.bench.calls)
        random.system.commands = {"77", std::to_string(*options.bench.calls), "20000"};
    merge_worst(regions, longest_once(project, random, suites / "fuzz/fuzz.toml"));
    return regions;
}

}  // namespace vireo
