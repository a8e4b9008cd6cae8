// judge.hpp - from what was seen of a guest to the code that a run ends with. Pure.
#pragma once

#include "exit_code.hpp"

#include <optional>
#include <string>
#include <vector>

#include <base/types.hpp>

namespace vireo {

enum class Ending { exited, no_progress, interrupted };

struct GuestEnd {
    Ending ending = Ending::exited;
    int qemu_status = 0;                    // 128 + signal if one ended it
    std::optional<u32> verdict{};           // that only init can give
    std::optional<u64> stood_at{};          // pc of a CPU, if it fell silent
    bool panic = false;                     // of the kernel
    bool crash = false;                     // init logged an exit record
    std::vector<std::string> complaints{};  // QEMU's stderr and its log of guest errors
    std::vector<std::string> violations{};  // of the virtio specification, by drivers
};

struct Judgement {
    int code = 0;
    std::string reason;  // empty if the guest's own verdict stands
};

Judgement judge(const GuestEnd& end);

// Exit::usage if one of the expressions of --allow-line cannot be read.
void check_allowed(const std::vector<std::string>& allowed);
// Lines that none of them matches.
std::vector<std::string> complaints_of(const std::string& text,
                                       const std::vector<std::string>& allowed);

}  // namespace vireo
