// size.cpp - `size`: lines of the sources, length of functions, bytes of the images.
#include "size.hpp"

#include "elf.hpp"
#include "elf_file.hpp"
#include "failure.hpp"
#include "size_budget.hpp"
#include "source_text.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace vireo {
namespace {

const std::string kernel_room = "microkernel";
constexpr usize shown_functions = 8;
constexpr std::array rooms{"abi",         "apps",  "base",    "clients", "libsys", "libvirtio",
                           "microkernel", "proto", "servers", "tests",   "tools"};

bool is_source(const fs::path& path)
{
    constexpr std::array known{".cpp", ".hpp", ".h", ".inc", ".S"};
    return std::ranges::contains(known, path.extension().string());
}

// What the sources of the tree amount to.
struct Sources {
    std::map<std::string, LineCount> rooms;
    std::map<std::string, LineCount> folders;  // of the kernel
    std::vector<Function> functions;           // of the kernel, by rising length
};

void count_kernel_file(const fs::path& below, const std::string& text, Sources& sources)
{
    sources.folders[below.parent_path().string()] += count_lines(text);
    if (below.extension() == ".cpp" || below.extension() == ".hpp")
        for (const auto& function : functions_of(text, below.string()))
            sources.functions.push_back(function);
}

Sources count_sources(const fs::path& root)
{
    Sources sources;
    for (const std::string room : rooms) {
        if (!fs::exists(root / room))
            continue;
        for (const auto& entry : fs::recursive_directory_iterator{root / room}) {
            if (!entry.is_regular_file() || !is_source(entry.path()))
                continue;
            const auto text = read_text(entry.path());
            sources.rooms[room] += count_lines(text);
            if (room == kernel_room)
                count_kernel_file(entry.path().lexically_relative(root / room), text, sources);
        }
    }
    std::ranges::sort(sources.functions, {}, &Function::lines);
    return sources;
}

// Prints, and remembers what is above its limit.
class Report {
public:
    explicit Report(SizeBudget budget) : budget_{std::move(budget)} {}

    void lines(const Sources& sources)
    {
        fmt::print("{:<22} {:>6} {:>7} {:>7} {:>8} {:>7} {:>9}  limit\n", "room", "files", "lines",
                   "code", "comment", "blank", "bytes");
        for (const auto& [room, count] : sources.rooms) {
            const auto limit = budget_.lines.find(room);
            row(room, count,
                limit == budget_.lines.end() ? "" : judged(count.lines(), limit->second));
            if (room == kernel_room)
                for (const auto& [folder, part] : sources.folders)
                    row("  " + (folder.empty() ? "." : folder), part, "");
        }
    }
    void functions(const std::vector<Function>& all)
    {
        fmt::print("\nfunctions of the kernel: {}", all.size());
        for (const u32 percent : {90U, 99U}) {
            const auto lines = percentile(all, percent);
            fmt::print(", p{} {} lines", percent, lines);
            if (const auto limit = budget_.functions.find(percent);
                limit != budget_.functions.end())
                fmt::print(" (limit {})", judged(lines, limit->second));
        }
        fmt::print("; the longest:\n");
        for (usize i = 0; i < std::min(shown_functions, all.size()); ++i) {
            const auto& one = all[all.size() - 1 - i];
            fmt::print("{:>5}  {} ({}/{}:{})\n", one.lines, one.name, kernel_room, one.file,
                       one.line);
        }
    }
    bool exceeded() const { return exceeded_; }

private:
    static void row(const std::string& name, const LineCount& count, const std::string& limit)
    {
        fmt::print("{:<22} {:>6} {:>7} {:>7} {:>8} {:>7} {:>9}  {}\n", name, count.files,
                   count.lines(), count.code, count.comment, count.blank, count.bytes, limit);
    }
    std::string judged(u64 value, u64 limit)
    {
        exceeded_ = exceeded_ || value > limit;
        return value > limit ? fmt::format("{}, OVER by {}", limit, value - limit)
                             : std::to_string(limit);
    }

    SizeBudget budget_;
    bool exceeded_ = false;
};

void print_programs(const Project& project)
{
    fmt::print("\n{:<16} {:>9} {:>9} {:>9} {:>9}\n", "image", "code", "constants", "data",
               "zeroes");
    for (const auto& name : project.program_names()) {
        const auto path = project.program(name);
        const auto sizes = elf_sizes(read_elf(read_bytes(path), project.shown(path)));
        fmt::print("{:<16} {:>9} {:>9} {:>9} {:>9}\n", name, sizes.code, sizes.constants,
                   sizes.data, sizes.zeroes);
    }
}

void print_kernel(const Project& project)
{
    fmt::print("{:<16}", "kernel");
    if (fs::exists(project.kernel_elf()))
        for (const auto& section : ElfFile{project.kernel_elf()}.sections())
            fmt::print(" {} {},", section.name, section.bytes);
    fmt::print(" {} bytes of Image\n", fs::file_size(project.kernel_image()));
}

}  // namespace

int print_sizes(const Project& project, const SizeOptions& options)
{
    const auto file = project.size_budget();
    Report report{fs::exists(file) ? parse_size_budget(read_text(file), project.shown(file))
                                   : SizeBudget{}};
    const auto sources = count_sources(project.root);
    report.lines(sources);
    report.functions(sources.functions);
    if (!fs::exists(project.kernel_image()))
        throw Failure{Exit::build, "the kernel is not built", "", "tools/vireo build"};
    print_programs(project);
    print_kernel(project);
    return code(options.check && report.exceeded() ? Exit::test_failed : Exit::ok);
}

}  // namespace vireo
