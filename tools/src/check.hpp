// check.hpp - what must hold in a system beyond the shape of its file: names, limits, who uses
// whom.
#pragma once

#include "limits.hpp"
#include "system_model.hpp"

namespace vireo {

// [a-z][a-z0-9_-]*, at most 15 characters, and none that the log or the archive uses for itself.
void check_name(const Spelled& name, std::string_view what, Diagnostics& errors);
// What is wrong with a CPU model, or nothing; features may stand behind it: "max,pauth=off".
std::string wrong_cpu(const std::string& cpu);

void check_system(const System& system, Diagnostics& errors);

// Frames that the programs may own together, and those of the machine: all must be able to have
// theirs.
u64 promised_frames(const System& system);
u64 present_frames(const Machine& machine);

// After the build: each image that the system names exists.
void check_binaries(const System& system,
                    const std::vector<std::string>& built,
                    Diagnostics& errors);

// Bytes that arguments take in abi::Startup; each ends with a zero byte.
u64 argument_bytes(const std::vector<std::string>& arguments);

}  // namespace vireo
