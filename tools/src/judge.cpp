// judge.cpp - from what was seen of a guest to the code that a run ends with.
#include "judge.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

namespace vireo {
namespace {

Judgement failed(Exit exit, const std::string& reason) { return {code(exit), reason}; }

Judgement without_verdict(const GuestEnd& end)
{
    if (end.crash)
        return failed(Exit::panic,
                      "a program of the guest crashed, and the guest ended without a verdict");
    return failed(Exit::qemu, "QEMU ended without a verdict of the guest");
}

std::vector<std::regex> patterns_of(const std::vector<std::string>& expressions)
{
    std::vector<std::regex> patterns;
    for (const auto& one : expressions) {
        try {
            patterns.emplace_back(one);
        } catch (const std::regex_error& error) {
            throw Failure{Exit::usage, "cannot read --allow-line " + one, error.what()};
        }
    }
    return patterns;
}

}  // namespace

Judgement judge(const GuestEnd& end)
{
    if (end.ending == Ending::interrupted)
        return failed(Exit::interrupted, "interrupted");
    if (end.panic)
        return failed(Exit::panic, "the kernel panicked");
    if (end.ending == Ending::no_progress)
        return failed(Exit::time_limit, "no progress within --timeout");
    if (end.qemu_status != 0)
        return failed(Exit::qemu, fmt::format("QEMU ended with status {}", end.qemu_status));
    if (!end.complaints.empty())
        return failed(Exit::qemu, "QEMU complained");
    if (!end.violations.empty())
        return failed(Exit::qemu, "a driver broke the virtio specification");
    if (!end.verdict)
        return without_verdict(end);
    if (*end.verdict > static_cast<u32>(last_guest_status))
        return failed(Exit::panic,
                      fmt::format("the verdict program crashed or ended with a status above {}: {}",
                                  last_guest_status, *end.verdict));
    return {static_cast<int>(*end.verdict), ""};
}

void check_allowed(const std::vector<std::string>& allowed) { (void)patterns_of(allowed); }

std::vector<std::string> complaints_of(const std::string& text,
                                       const std::vector<std::string>& allowed)
{
    const auto patterns = patterns_of(allowed);
    auto lines = lines_of(text);
    std::erase_if(lines, [&](const std::string& line) {
        return line.empty() || std::ranges::any_of(patterns, [&](const std::regex& pattern) {
                   return std::regex_search(line, pattern);
               });
    });
    return lines;
}

}  // namespace vireo
