// main.cpp - tools/vireo: does what the command line says; every error ends here as a clear line
// and a code.
#include "bench.hpp"
#include "build.hpp"
#include "debug.hpp"
#include "doctor.hpp"
#include "failure.hpp"
#include "options.hpp"
#include "process.hpp"
#include "project.hpp"
#include "run.hpp"
#include "size.hpp"
#include "test.hpp"

#include <chrono>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

namespace {

using namespace vireo;
using namespace std::chrono_literals;

int build(const Project& project, const Options& options)
{
    build_all(project, options, 30min);
    return code(Exit::ok);
}

int dispatch(const Options& options)
{
    const auto project = find_project();
    switch (options.task) {
    case Task::setup:  // the shim has installed what was missing; this says whether that was enough
    case Task::doctor:
        return doctor(project, options);
    case Task::build:
        return build(project, options);
    case Task::run:
        return run(project, options);
    case Task::test:
        return test(project, options);
    case Task::bench:
        return bench(project, options);
    case Task::debug:
        return debug(project, options);
    case Task::size:
        return print_sizes(project);
    }
    return code(Exit::usage);
}

void print(const Failure& failure)
{
    fmt::print(stderr, "vireo: error: {}\n", failure.what());
    if (!failure.why().empty())
        fmt::print(stderr, "   why: {}\n", failure.why());
    if (!failure.fix().empty())
        fmt::print(stderr, "   fix: {}\n", failure.fix());
}

int guarded(int argc, const char* const* argv)
{
    try {
        catch_interrupts();
        const auto parsed = parse_options(argc, argv);
        if (const int* end = std::get_if<int>(&parsed))
            return *end;
        return dispatch(std::get<Options>(parsed));
    } catch (const Failure& failure) {
        std::fflush(stdout);
        print(failure);
        return code(failure.exit());
    } catch (const SourceErrors& errors) {
        fmt::print(stderr, "{}", errors.what());
        return code(Exit::usage);
    } catch (const std::exception& error) {
        fmt::print(stderr, "vireo: error: {}\n", error.what());
        return code(Exit::environment);
    }
}

}  // namespace

int main(int argc, char** argv) { return guarded(argc, argv); }
