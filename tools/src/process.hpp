// process.hpp - programs that the tool starts: QEMU, cmake, ctest, the symbolizer. Whatever happens
// to the tool, none of them stays behind: each has a process group of its own, is killed with its
// owner object, and by the kernel when the tool dies.
#pragma once

#include "file.hpp"

#include <chrono>
#include <functional>
#include <optional>

#include <sys/types.h>

namespace vireo {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
inline constexpr Deadline no_deadline = Deadline::max();

// From here on Ctrl-C and termination do not end the tool at once: whoever waits in pump() learns
// of it. Nor does it end when nobody reads its output any more: printing fails then.
void catch_interrupts();
// Somebody wants the tool to end. For those who wait elsewhere.
bool interrupted();

enum class Output { inherit, capture };

struct Command {
    std::vector<std::string> argv{};
    Output output = Output::capture;
    Output error = Output::capture;
    std::optional<fs::path> directory{};
    bool own_group = true;  // not for programs that read from the terminal
    int input = -1;         // its standard input, with a group of its own; -1: nothing to read
};

class Child {
public:
    // Exit::environment if the program cannot be started.
    explicit Child(const Command& command);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { kill(); }

    // Its exit code, or 128 + the signal that ended it. Waits.
    int wait();
    // The same without waiting.
    std::optional<int> poll();
    // Asks it to end, and ends it if it does not within `grace`.
    void stop(std::chrono::milliseconds grace);
    void kill();

    Fd out;  // what it writes, if captured
    Fd err;

private:
    pid_t pid_ = -1;
    bool own_group_ = true;
    std::optional<int> status_;
};

// Something else that is looked at meanwhile: `ready` says whether to go on.
struct Watched {
    int fd;
    short events;  // of poll()
    std::function<bool()> ready;
};

struct Pump {
    std::function<void(std::string_view)> out = [](std::string_view) {};
    std::function<void(std::string_view)> err = [](std::string_view) {};
    std::function<Deadline()> deadline = [] { return no_deadline; };  // asked before each sleep
    std::function<std::vector<Watched>()> others = [] { return std::vector<Watched>{}; };  // so too
};
enum class Pumped { finished, deadline, interrupted };  // interrupted: or `others` want to end

// Hands on what the child writes until it has closed both pipes, and ended.
Pumped pump(Child& child, const Pump& handlers);

struct Captured {
    int status = 0;
    std::string out;
    std::string err;
};

// Runs a program to its end. Failing to start is Failure, as is the time limit and an interrupt.
Captured run_captured(const std::vector<std::string>& argv, std::chrono::seconds limit);

// The program is found, by path or in PATH.
bool program_exists(const std::string& name);

}  // namespace vireo
