// doctor.cpp - `doctor` and `setup`: is everything there, and new enough?
#include "doctor.hpp"

#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include <unistd.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

struct Version {
    u32 major_number;
    u32 minor_number;
};
constexpr Version least_qemu{7, 2};
constexpr std::array needed_devices{
    "virtio-blk-device",   "virtio-rng-device",    "virtio-net-device",   "virtio-keyboard-device",
    "virtio-mouse-device", "virtio-tablet-device", "virtio-serial-device"};
constexpr std::array needed_formats{"raw", "qcow2", "null-co", "blkdebug"};
constexpr auto limit = 30s;

std::string apt_line(const std::string& names)
{
    const std::string sudo = ::geteuid() == 0 ? "" : "sudo ";  // root may have none
    return sudo + "apt-get update && " + sudo + "apt-get install --no-install-recommends " + names;
}

std::map<std::string, std::string> installed_versions(const std::vector<Package>& packages)
{
    std::vector<std::string> argv{"dpkg-query", "--show", "--showformat",
                                  "${Package} ${db:Status-Abbrev} ${Version}\\n"};
    for (const auto& package : packages)
        argv.push_back(package.name);
    std::map<std::string, std::string> versions;
    for (const auto& line : lines_of(run_captured(argv, limit).out)) {
        std::istringstream words{line};
        std::string name;
        std::string state;
        std::string version;
        if (words >> name >> state >> version && state == "ii")
            versions[name] = version;
    }
    return versions;
}

Finding examine_package(const Package& package, const std::map<std::string, std::string>& versions)
{
    Finding finding{.optional = package.optional,
                    .what = fmt::format("package {} (at least {}): {}", package.name, package.least,
                                        package.reason),
                    .fix = apt_line(package.name)};
    const auto found = versions.find(package.name);
    if (found == versions.end()) {
        finding.why = "it is not installed";
        return finding;
    }
    finding.good =
        run_captured({"dpkg", "--compare-versions", found->second, "ge", package.least}, limit)
            .status
        == 0;
    finding.why = finding.good ? "" : "installed is " + found->second;
    return finding;
}

// One feature for each name that must occur as a word in what a program prints.
void examine_list(std::vector<Finding>& findings,
                  const std::vector<std::string>& argv,
                  const std::string& what,
                  std::span<const char* const> names)
{
    const auto answer = run_captured(argv, limit);
    const auto printed = answer.out + answer.err;
    for (const std::string name : names) {
        const std::regex word{"(^|[\\s\"])" + name + "([\\s\",]|$)"};
        const bool found = std::regex_search(printed, word);
        findings.push_back({.good = found,
                            .what = fmt::format("{} {} {}", argv.front(), what, name),
                            .why = found ? "" : "this QEMU was built without it",
                            .fix = apt_line("qemu-system-arm qemu-utils")});
    }
}

void examine_qemu(std::vector<Finding>& findings, const std::string& qemu)
{
    if (!program_exists(qemu)) {
        findings.push_back(
            {.what = qemu, .why = "there is no such program", .fix = apt_line("qemu-system-arm")});
        return;
    }
    findings.push_back(judge_qemu_version(run_captured({qemu, "--version"}, limit).out));
    examine_list(findings, {qemu, "-machine", "help"}, "machine", std::array{"virt"});
    examine_list(findings, {qemu, "-machine", "virt", "-device", "help"}, "device", needed_devices);
    if (program_exists("qemu-img"))
        examine_list(findings, {"qemu-img", "--help"}, "format", needed_formats);
}

void examine_packages(std::vector<Finding>& findings, const Project& project)
{
    if (!program_exists("dpkg-query")) {
        findings.push_back({.what = "Debian packages",
                            .why = "there is no dpkg: versions cannot be checked",
                            .fix = "build on Debian 12, in a container for example"});
        return;
    }
    const auto packages = parse_packages(read_text(project.packages()));
    const auto versions = installed_versions(packages);
    for (const auto& package : packages)
        findings.push_back(examine_package(package, versions));
}

void print(const Finding& finding)
{
    const auto* mark = finding.good ? "ok      " : finding.optional ? "optional" : "MISSING ";
    fmt::print("{} {}\n", mark, finding.what);
    if (!finding.good)
        fmt::print("   why: {}\n   fix: {}\n", finding.why, finding.fix);
}

}  // namespace

std::vector<Package> parse_packages(const std::string& text)
{
    std::vector<Package> packages;
    for (const auto& line : lines_of(text)) {
        std::istringstream words{line};
        Package package;
        if (!(words >> package.name >> package.least) || package.name.starts_with('#'))
            continue;
        std::getline(words >> std::ws, package.reason);
        package.optional = package.reason.starts_with('(');
        packages.push_back(package);
    }
    return packages;
}

Finding judge_qemu_version(const std::string& output)
{
    Finding finding{.fix =
                        apt_line("qemu-system-arm") + "\n        or: tools/vireo run --qemu PATH"};
    const auto first = output.substr(0, output.find('\n'));
    std::smatch found;
    static const std::regex version{R"(version (\d+)\.(\d+))"};
    if (!std::regex_search(first, found, version)) {
        finding.what = "QEMU's version";
        finding.why = "it does not say one: '" + first + "'";
        return finding;
    }
    const auto major_number = static_cast<u32>(std::stoul(found[1]));
    const auto minor_number = static_cast<u32>(std::stoul(found[2]));
    finding.good = std::pair{major_number, minor_number}
                   >= std::pair{least_qemu.major_number, least_qemu.minor_number};
    finding.what = fmt::format("QEMU {}.{} (at least {}.{})", major_number, minor_number,
                               least_qemu.major_number, least_qemu.minor_number);
    finding.why =
        finding.good ? "" : "older ones have other defaults and devices than the ones used here";
    return finding;
}

std::vector<Finding> examine(const Project& project, const Options& options)
{
    std::vector<Finding> findings;
    examine_packages(findings, project);
    examine_qemu(findings, options.qemu);
    return findings;
}

int doctor(const Project& project, const Options& options)
{
    const auto findings = examine(project, options);
    for (const auto& finding : findings)
        print(finding);
    const auto missing = std::ranges::count_if(
        findings, [](const Finding& finding) { return !finding.good && !finding.optional; });
    if (missing == 0) {
        fmt::print("everything needed is here\n");
        return code(Exit::ok);
    }
    fmt::print("{} missing: tools/vireo setup installs packages as root or with sudo\n", missing);
    return code(Exit::environment);
}

}  // namespace vireo
