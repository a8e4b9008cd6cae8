// process.cpp - programs that the tool starts.
#include "process.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 10ms;  // at a child that has closed its pipes and not ended yet

// Readable once somebody wants the tool to end; never read, so everybody who waits later sees it
// too.
Fd& interrupts()
{
    static Fd fd;
    return fd;
}

struct Pipe {
    Fd read;
    Fd write;
};

Pipe make_pipe()
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Failure{Exit::environment, "cannot make a pipe", std::strerror(errno)};
    return {Fd{ends[0]}, Fd{ends[1]}};
}

// What happens between fork and exec: async-signal-safe calls only.
struct Birth {
    const Command* command;
    std::vector<char*> argv;
    pid_t parent;
    int out;
    int err;
    int report;

    [[noreturn]] void run() const
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent)
            ::_exit(127);
        if (command->own_group)
            ::setpgid(0, 0);
        std::signal(SIGPIPE, SIG_DFL);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        if (command->own_group) {
            // Without /dev/null it gets no input at all, never the terminal's.
            if (command->input >= 0)
                ::dup2(command->input, STDIN_FILENO);
            else if (const int null = ::open("/dev/null", O_RDONLY); null >= 0)
                ::dup2(null, STDIN_FILENO);
            else
                ::close(STDIN_FILENO);
        }
        if (out >= 0)
            ::dup2(out, STDOUT_FILENO);
        if (err >= 0)
            ::dup2(err, STDERR_FILENO);
        if (!command->directory || ::chdir(command->directory->c_str()) == 0)
            ::execvp(argv[0], argv.data());
        const int why = errno;
        (void)!::write(report, &why, sizeof(why));
        ::_exit(127);
    }
};

int decoded(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Reads once; false at the end of the stream.
bool forward(Fd& from, const std::function<void(std::string_view)>& to)
{
    std::array<char, 16384> part{};
    const auto got = ::read(from.raw(), part.data(), part.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got <= 0)
        return false;
    to({part.data(), static_cast<usize>(got)});
    return true;
}

int poll_timeout(Deadline deadline)
{
    if (deadline == no_deadline)
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<i64>(left, 0, 3'600'000));
}

// The pipes are closed, or there were none: wait for the end itself.
Pumped await_end(Child& child, const Pump& handlers)
{
    while (!child.poll()) {
        if (Clock::now() >= handlers.deadline())
            return Pumped::deadline;
        pollfd interrupt{interrupts().raw(), POLLIN, 0};
        if (::poll(&interrupt, 1, static_cast<int>(look_interval.count())) > 0)
            return Pumped::interrupted;
    }
    return Pumped::finished;
}

}  // namespace

void catch_interrupts()
{
    // What is opened first would stand in for a standard stream that is closed, and be written to.
    int null = ::open("/dev/null", O_RDONLY);
    while (null >= 0 && null <= STDERR_FILENO)
        null = ::open("/dev/null", O_RDONLY);
    ::close(null);
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    interrupts() = Fd{::signalfd(-1, &signals, SFD_CLOEXEC)};
}

bool interrupted()
{
    pollfd interrupt{interrupts().raw(), POLLIN, 0};
    return ::poll(&interrupt, 1, 0) > 0;
}

Child::Child(const Command& command) : own_group_{command.own_group}
{
    Pipe out_pipe = command.output == Output::capture ? make_pipe() : Pipe{};
    Pipe err_pipe = command.error == Output::capture ? make_pipe() : Pipe{};
    Pipe report = make_pipe();
    Birth birth{&command,          {}, ::getpid(), out_pipe.write.raw(), err_pipe.write.raw(),
                report.write.raw()};
    for (const auto& word : command.argv)
        birth.argv.push_back(const_cast<char*>(word.c_str()));  // exec does not write to it
    birth.argv.push_back(nullptr);

    pid_ = ::fork();
    if (pid_ < 0)
        throw Failure{Exit::environment, "cannot start a process", std::strerror(errno)};
    if (pid_ == 0)
        birth.run();
    if (own_group_)
        ::setpgid(pid_, pid_);  // here too: whoever comes first
    report.write.close();
    int why = 0;
    if (::read(report.read.raw(), &why, sizeof(why)) > 0) {
        (void)wait();
        throw Failure{Exit::environment, "cannot start " + command.argv[0], std::strerror(why),
                      "tools/vireo doctor says what is missing"};
    }
    out = std::move(out_pipe.read);
    err = std::move(err_pipe.read);
}

int Child::wait()
{
    int status = 0;
    while (!status_) {
        if (::waitpid(pid_, &status, 0) == pid_)
            status_ = decoded(status);
        else if (errno != EINTR)
            status_ = 127;
    }
    return *status_;
}

std::optional<int> Child::poll()
{
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
        status_ = decoded(status);
    return status_;
}

void Child::stop(std::chrono::milliseconds grace)
{
    if (pid_ > 0 && !poll())
        ::kill(own_group_ ? -pid_ : pid_, SIGTERM);
    for (const auto end = Clock::now() + grace; !poll() && Clock::now() < end;)
        std::this_thread::sleep_for(look_interval);
    kill();
}

void Child::kill()
{
    if (pid_ <= 0 || status_)
        return;
    ::kill(own_group_ ? -pid_ : pid_, SIGKILL);
    (void)wait();
}

Pumped pump(Child& child, const Pump& handlers)
{
    while (child.out.open() || child.err.open()) {
        std::vector<pollfd> ready{pollfd{child.out.raw(), POLLIN, 0},
                                  pollfd{child.err.raw(), POLLIN, 0},
                                  pollfd{interrupts().raw(), POLLIN, 0}};
        const auto others = handlers.others();
        for (const auto& other : others)
            ready.push_back({other.fd, other.events, 0});
        const int events = ::poll(ready.data(), ready.size(), poll_timeout(handlers.deadline()));
        if (events < 0 && errno != EINTR)
            throw Failure{Exit::environment, "cannot wait for a process", std::strerror(errno)};
        if (ready[2].revents != 0)
            return Pumped::interrupted;
        if (ready[0].revents != 0 && !forward(child.out, handlers.out))
            child.out.close();
        if (ready[1].revents != 0 && !forward(child.err, handlers.err))
            child.err.close();
        for (usize i = 0; i < others.size(); ++i)
            if (ready[3 + i].revents != 0 && !others[i].ready())
                return Pumped::interrupted;
        // Asked again: what was read just now may have been the progress that moves it.
        if (Clock::now() >= handlers.deadline())
            return Pumped::deadline;
    }
    return await_end(child, handlers);
}

Captured run_captured(const std::vector<std::string>& argv, std::chrono::seconds limit)
{
    Child child{{.argv = argv}};
    Captured captured;
    const auto end = Clock::now() + limit;
    const auto result = pump(child, {.out = [&](std::string_view text) { captured.out += text; },
                                     .err = [&](std::string_view text) { captured.err += text; },
                                     .deadline = [&] { return end; }});
    if (result == Pumped::interrupted)
        throw Failure{Exit::interrupted, "interrupted"};
    if (result == Pumped::deadline)
        throw Failure{Exit::environment,
                      fmt::format("{} did not end within {} s", argv[0], limit.count())};
    captured.status = child.wait();
    return captured;
}

bool program_exists(const std::string& name)
{
    if (name.contains('/'))
        return ::access(name.c_str(), X_OK) == 0;
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "";
    while (!rest.empty()) {
        const auto end = std::min(rest.find(':'), rest.size());
        if (::access((fs::path{rest.substr(0, end)} / name).c_str(), X_OK) == 0)
            return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace vireo
