// trace.cpp - `trace`: a run of the traced kernel, and a file that shows what happened in it.
#include "trace.hpp"

#include "elf_file.hpp"
#include "failure.hpp"
#include "run.hpp"
#include "trace_events.hpp"

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr auto header_symbol = "vireo_trace";

u64 header_of(const fs::path& kernel)
{
    const ElfFile elf{kernel};
    const auto symbol = elf.symbol(header_symbol);
    const auto address = symbol ? elf.physical(symbol->address) : std::nullopt;
    if (!address)
        throw Failure{Exit::build, kernel.string() + " does not trace", "", "tools/vireo build"};
    return *address;
}

}  // namespace

int trace(Project project, Options options)
{
    project.flavour = options.system.kernel = "traced";
    std::optional<Trace> trace;
    // A guest that ends stands still, so that its memory can be read.
    const RunKind kind{.qemu = {"-no-shutdown"},
                       .stopped = [&](Qmp& qmp, const fs::path& directory) {
                           trace = read_trace(qmp, header_of(project.kernel_elf()), directory);
                       }};
    const int status = run(project, options, kind);
    if (options.dry_run)
        return status;
    if (!trace)
        throw Failure{Exit::qemu, "the guest's memory could not be read", "QEMU ended before"};
    const auto file = options.trace.output.empty() ? project.root / "build/trace.json"
                                                   : fs::path{options.trace.output};
    write_file(file, chrome_trace(*trace));
    fmt::print(stderr, "vireo: {}: {} records, {} older ones lost; ui.perfetto.dev shows them\n",
               project.shown(file), trace->records.size(), trace->lost);
    return status;
}

}  // namespace vireo
