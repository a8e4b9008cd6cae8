// doctor.hpp - `doctor` and `setup`: is everything on this machine that the project needs, and new
// enough?
#pragma once

#include "options.hpp"
#include "project.hpp"

namespace vireo {

// A line of tools/packages.txt.
struct Package {
    std::string name;
    std::string least;  // version
    std::string reason;
    bool optional = false;  // one command needs it, nothing else
};
std::vector<Package> parse_packages(const std::string& text);

struct Finding {
    bool good = false;
    bool optional = false;
    std::string what{};
    std::string why{};  // if not good
    std::string fix{};
};

// QEMU's version line against the oldest that works.
Finding judge_qemu_version(const std::string& output);

// Everything that was looked at.
std::vector<Finding> examine(const Project& project, const Options& options);

// Prints findings; Exit::environment if something needed is not good.
int doctor(const Project& project, const Options& options);

}  // namespace vireo
