// qmp.hpp - asks a running QEMU: one JSON object a line over a Unix socket.
#pragma once

#include "process.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vireo {

class Qmp {
public:
    // Nothing if QEMU does not answer in time: it may be the reason why somebody asks.
    static std::optional<Qmp> connect(const fs::path& socket, std::chrono::milliseconds patience);

    // What a command of QEMU's human monitor prints.
    std::optional<std::string> monitor(const std::string& command);
    // The JSON text of what a command returns; `arguments` is a JSON object.
    std::optional<std::string> execute(const std::string& command,
                                       const std::string& arguments = "{}");

private:
    Qmp(Fd socket, std::chrono::milliseconds patience)
        : socket_{std::move(socket)}, patience_{patience}
    {
    }

    bool send(const std::string& line);
    std::optional<std::string> receive(Deadline deadline);
    // Sends one command and skips events until its answer; the JSON text of "return".
    std::optional<std::string> ask(const std::string& line);

    Fd socket_;
    std::chrono::milliseconds patience_;
    std::string unread_;
};

// Where a CPU is, from the text of `info registers -a`.
struct CpuState {
    u32 cpu = 0;
    u64 pc = 0;
    u64 link = 0;  // X30: who called, in a leaf function
};
std::vector<CpuState> parse_registers(const std::string& text);

}  // namespace vireo
