// symbolise.cpp - from addresses to functions, files and lines.
#include "symbolise.hpp"

#include "elf.hpp"
#include "failure.hpp"
#include "process.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto symbolizer = "llvm-symbolizer-19";

Frame frame_of(const Json& symbol, const Project& project, bool inlined)
{
    const auto file = symbol.value("FileName", "");
    const auto line = symbol.value("Line", 0);
    const auto place = file.empty() ? "" : fmt::format("{}:{}", project.shown(file), line);
    return {.function = symbol.value("FunctionName", ""), .place = place, .inlined = inlined};
}

std::vector<Frame> frames_of(const Json& entry, const Project& project)
{
    std::vector<Frame> frames;
    if (!entry.contains("Symbol"))
        return frames;
    const auto& symbols = entry["Symbol"];
    for (usize i = 0; i < symbols.size(); ++i)
        if (!symbols[i].value("FunctionName", "").empty())
            frames.push_back(frame_of(symbols[i], project, i + 1 < symbols.size()));
    return frames;
}

bool has_code_at(const fs::path& elf, u64 address)
{
    try {
        const auto image = read_elf(read_bytes(elf), elf.string());
        return std::ranges::any_of(image.segments, [&](const ElfSegment& segment) {
            return segment.rights.has(abi::right::execute) && address >= segment.address
                   && address - segment.address < segment.bytes.size();
        });
    } catch (const Failure&) {
        return false;  // nothing is known of an image that cannot be read
    }
}

std::string line_of(const Frame& frame)
{
    return fmt::format("{}{}  {}", frame.function, frame.inlined ? " (inlined)" : "", frame.place);
}

std::string lines_of(const std::string& number, const std::vector<Frame>& frames)
{
    if (frames.empty())
        return number + "?\n";
    std::string out;
    for (const auto& frame : frames)
        out += number + line_of(frame) + "\n";
    return out;
}

// The link register, which comes second, names the caller of a function that made no frame. In any
// other function it is what the last call left there: the next frame once more, or the same
// function.
bool link_says_nothing(std::span<const u64> addresses, std::span<const std::vector<Frame>> known)
{
    if (addresses.size() > 2 && addresses[1] == addresses[2])
        return true;
    return known.size() > 1 && !known[0].empty() && !known[1].empty()
           && known[0].back().function == known[1].back().function;
}

}  // namespace

std::vector<std::vector<Frame>> Symboliser::look_up(const fs::path& elf,
                                                    std::span<const u64> addresses) const
{
    std::vector<std::vector<Frame>> out(addresses.size());
    if (addresses.empty() || !fs::exists(elf) || !program_exists(symbolizer))
        return out;
    std::vector<std::string> argv{symbolizer, "--output-style=JSON", "--obj=" + elf.string()};
    for (const u64 address : addresses)
        argv.push_back(fmt::format("{:#x}", address));
    const auto answer = run_captured(argv, 20s);
    const auto json = Json::parse(answer.out, nullptr, false);
    if (!json.is_array())
        return out;
    for (usize i = 0; i < std::min(out.size(), json.size()); ++i)
        out[i] = frames_of(json[i], project_);
    return out;
}

std::string Symboliser::backtrace(const fs::path& elf, std::span<const u64> addresses) const
{
    std::vector<u64> calls{addresses.begin(), addresses.end()};
    for (usize i = 1; i < calls.size(); ++i)
        calls[i] -= std::min<u64>(calls[i], 4);
    const auto known = look_up(elf, calls);
    const bool left_out = link_says_nothing(addresses, known);
    std::string out;
    usize number = 0;
    for (usize i = 0; i < calls.size(); ++i)
        if (i != 1 || !left_out)
            out += lines_of(fmt::format("  #{:<2} {:#x}  ", number++, addresses[i]), known[i]);
    return out;
}

std::string Symboliser::where(u64 address, const std::vector<std::string>& images) const
{
    const auto in = [&](const fs::path& elf) -> std::string {
        const auto frames = look_up(elf, std::array{address}).front();
        return frames.empty() ? "?" : line_of(frames.front());
    };
    if (kernel_address(address))
        return in(project_.kernel_elf());
    std::string out;
    for (const auto& image : images)
        if (has_code_at(project_.program(image), address))
            out += fmt::format("{}{}: {}", out.empty() ? "" : "; or ", image,
                               in(project_.program(image)));
    return out.empty() ? "in no image of this system" : out;
}

}  // namespace vireo
