// build.cpp - brings the trees under build/ up to date.
#include "build.hpp"

#include "failure.hpp"
#include "lock.hpp"
#include "process.hpp"
#include "text.hpp"

#include <fmt/format.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto silence = 2s;     // a build that takes longer is announced
constexpr auto stop_grace = 2s;  // for ninja to end its compilers
constexpr auto patience = std::chrono::seconds{20min};

// Two runs at the same time must not build the same tree at the same time.
Fd lock_tree(const fs::path& tree)
{
    return wait_for_lock(tree.string() + ".lock", "another build");
}

struct Step {
    std::vector<std::string> argv;
    std::string what;  // "building the kernel and programs"
};

void run_step(const Project& project, const Step& step, bool verbose, Deadline end)
{
    const auto output = verbose ? Output::inherit : Output::capture;
    Child child{{.argv = step.argv, .output = output, .error = output, .directory = project.root}};
    std::string text;
    const auto collect = [&](std::string_view more) { text += more; };
    const auto announced_at = Clock::now() + silence;
    const auto wait_until = [&](Deadline deadline) {
        return pump(child, {.out = collect, .err = collect, .deadline = [=] { return deadline; }});
    };
    auto result = wait_until(std::min<Deadline>(announced_at, end));
    if (result == Pumped::deadline && !verbose)
        fmt::print(stderr, "vireo: {} ...\n", step.what);
    if (result == Pumped::deadline)
        result = wait_until(end);
    if (result != Pumped::finished)
        child.stop(stop_grace);
    if (result == Pumped::interrupted)
        throw Failure{Exit::interrupted, "interrupted"};
    if (result == Pumped::deadline)
        throw Failure{Exit::build, step.what + " took too long", join(step.argv, " ")};
    if (child.wait() != 0) {
        fmt::print(stderr, "{}", text);
        throw Failure{Exit::build, step.what + " failed", join(step.argv, " ")};
    }
}

void build_tree(const Project& project,
                const Options& options,
                const fs::path& tree,
                const std::string& preset,
                const std::string& what,
                std::chrono::seconds limit,
                const std::vector<std::string>& targets = {})
{
    const auto lock = lock_tree(tree);
    const auto end = Clock::now() + limit;
    if (!fs::exists(tree / "build.ninja"))
        run_step(project, {{"cmake", "--preset", preset}, "configuring " + what}, options.verbose,
                 end);
    std::vector<std::string> build{"cmake", "--build", tree.string()};
    if (!targets.empty())
        build.emplace_back("--target");
    build.insert(build.end(), targets.begin(), targets.end());
    run_step(project, {build, "building " + what}, options.verbose, end);
}

}  // namespace

void build_target(const Project& project, const Options& options)
{
    if (!options.no_build)
        build_tree(project, options, project.target, "target", "the kernel and programs", patience);
}

void build_targets(const Project& project,
                   const Options& options,
                   const std::vector<std::string>& targets)
{
    build_tree(project, options, project.target, "target", "with a defect", patience, targets);
}

void build_all(const Project& project, const Options& options, std::chrono::seconds limit)
{
    if (options.no_build)
        return;
    const auto nested = lock_tree(project.target);
    build_tree(project, options, project.host_tree(), "host", "everything", limit);
}

}  // namespace vireo
