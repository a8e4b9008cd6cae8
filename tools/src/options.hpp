// options.hpp - the command line of the tool.
#pragma once

#include "exit_code.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <base/types.hpp>

namespace vireo {

enum class Task { setup, doctor, build, run, test, bench, debug, size, trace, fault };

// Which system, and how it differs from its file.
struct SystemOptions {
    std::string system = "demo";
    std::vector<std::string> disks{};
    std::vector<std::string> backends{};
    std::vector<std::string> commands{};
    std::optional<u32> cpus{};
    std::optional<std::string> memory{};
    std::optional<std::string> cpu{};
    std::optional<u32> gic{};
    std::string kernel{};  // its flavour; empty: what is shipped
    std::string rings{};   // RingOptions as text; empty: what the file says
    bool legacy = false;
    bool tags = false;
};

struct TestOptions {
    std::string filter{};
    std::string stage{};  // only those whose name begins so
    bool full = false;
    bool restart = false;  // whatever passed before
    u32 repeat = 1;
    std::string junit{};  // directory for reports, empty: none
};

struct BenchOptions {
    std::string name{};
    bool json = false;
    std::string against{};  // another system to compare with: "linux"
    u32 runs = 3;           // of each, of which medians are told
    bool csv = false;
    std::string html{};          // file, empty: none
    std::optional<u64> calls{};  // random ones for the longest times; else those of a short run
};

struct DebugOptions {
    std::string program{};                // whose symbols are loaded beside the kernel's
    std::vector<std::string> commands{};  // for gdb, which then runs them and ends
};

struct SizeOptions {
    bool check = false;  // end with 1 above a limit
};

struct TraceOptions {
    std::string output{};  // empty: build/trace.json
};

struct FaultOptions {
    std::vector<std::string> experiments{};  // none: all
    std::optional<u64> seed{};
    std::optional<u32> trials{};  // of each experiment
    bool full = false;
    double hours = 0;      // with new seeds until then
    u32 limit = 0;         // seconds after which nothing is begun; 0: none
    u32 guests = 2;        // at a time
    std::string replay{};  // a trial
    std::string html{};    // files to write, empty: none
    std::string json{};
    bool list = false;
    bool defects = false;  // those of tests/defects; `experiments` names them
    bool ledger = false;   // note what came out in docs/fault-ledger.md
};

struct Options {
    Task task = Task::run;
    bool verbose = false;
    bool dry_run = false;
    bool keep = false;
    bool no_build = false;
    bool monitor = true;  // drivers' accesses against the virtio specification
    double timeout = 60;  // seconds without progress, 0: without limit
    std::string qemu = "qemu-system-aarch64";
    std::vector<std::string> qemu_opts{};  // words
    std::vector<std::string> allow_lines{};
    SystemOptions system{};
    TestOptions test{};
    BenchOptions bench{};
    DebugOptions debug{};
    SizeOptions size{};
    TraceOptions trace{};
    FaultOptions fault{};
};

// What to do; or the code to end with, after help was printed. Throws Failure for what makes no
// sense.
std::variant<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace vireo
