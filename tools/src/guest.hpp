// guest.hpp - runs QEMU to its end and reads what the guest says meanwhile.
#pragma once

#include "judge.hpp"
#include "launch.hpp"
#include "qmp.hpp"

#include <cstdio>
#include <functional>

#include <fmt/format.h>

namespace vireo {

struct GuestListener {
    // Every line of the serial log.
    std::function<void(const std::string&)> line = [](const std::string&) {};
    // What a program printed for its user, in whole lines.
    std::function<void(const std::string& program, const std::string& text)> output =
        [](const std::string&, const std::string&) {};
    // What the guest's console writes, between those lines.
    std::function<void(std::string_view)> console = [](std::string_view) {};
    // What is to be said about it, in whole lines.
    std::function<void(const std::string&)> notice = [](const std::string& text) {
        fmt::print(stderr, "{}", text);
    };
    // There will be no more.
    std::function<void()> ended = [] {};
    // Whether reports of crashes, and of where the CPUs of a guest stand that fell silent, are
    // made.
    bool crashes = true;
    // Its end is near, and it stands still, if QEMU was told to let it (-no-shutdown).
    std::function<void(Qmp&)> stopped{};
};

// Crashes go to stderr as they happen; so does, when nothing moves any more, where every CPU
// stands. The run directory receives serial.log and qemu.stderr. No QEMU is left behind.
GuestEnd run_guest(const Project& project,
                   const Launch& launch,
                   const Options& options,
                   const GuestListener& listener);

}  // namespace vireo
