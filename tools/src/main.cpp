// main.cpp - tools/vireo: does what the command line says; every error ends here as a clear line
// and a code.
#include "backend.hpp"
#include "bench.hpp"
#include "build.hpp"
#include "debug.hpp"
#include "doctor.hpp"
#include "failure.hpp"
#include "fault/fault.hpp"
#include "options.hpp"
#include "process.hpp"
#include "project.hpp"
#include "run.hpp"
#include "size.hpp"
#include "test.hpp"
#include "trace.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <system_error>

#include <fmt/format.h>
#include <peer/serve.hpp>

#include <unistd.h>

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
    auto project = find_project();
    project.flavour = options.system.kernel;
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
    case Task::trace:
        return trace(project, options);
    case Task::fault:
        return fault_lab(project, options);
    case Task::size:
        return print_sizes(project, options.size);
    }
    return code(Exit::usage);
}

// The last words: if nobody hears them, so be it.
void say(const std::string& text) { (void)std::fputs(text.c_str(), stderr); }

std::string text_of(const Failure& failure)
{
    auto text = fmt::format("vireo: error: {}\n", failure.what());
    if (!failure.why().empty())
        text += fmt::format("   why: {}\n", failure.why());
    if (!failure.fix().empty())
        text += fmt::format("   fix: {}\n", failure.fix());
    return text;
}

int unprinted(const std::system_error& error)
{
    if (error.code() == std::errc::broken_pipe)
        return code(Exit::unread);
    say(fmt::format("vireo: error: {}\n", error.what()));
    return code(Exit::environment);
}

int guarded(int argc, const char* const* argv)
{
    try {
        catch_interrupts();
        const auto parsed = parse_options(argc, argv);
        if (const int* end = std::get_if<int>(&parsed))
            return *end;
        const int status = dispatch(std::get<Options>(parsed));
        flush(stdout);
        return status;
    } catch (const Failure& failure) {
        std::fflush(stdout);
        say(text_of(failure));
        return code(failure.exit());
    } catch (const SourceErrors& errors) {
        say(errors.what());
        return code(Exit::usage);
    } catch (const std::system_error& error) {
        return unprinted(error);
    } catch (const std::exception& error) {
        say(fmt::format("vireo: error: {}\n", error.what()));
        return code(Exit::environment);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc == 2 && argv[1] == peer_argument)
        return peer::serve(STDIN_FILENO);
    return guarded(argc, argv);
}
