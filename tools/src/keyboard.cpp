// keyboard.cpp - who talks with the guest's shell.
#include "keyboard.hpp"

#include "failure.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace vireo {
namespace {

constexpr char control_a = 1;
constexpr char end_of_input = 4;              // Ctrl-D
constexpr usize most_typed = usize{1} << 16;  // then the file or pipe has to wait

// As xterm says it; nothing if nobody knows.
std::string size_report()
{
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return "";
    return fmt::format("\x1b[8;{};{}t", size.ws_row, size.ws_col);
}

}  // namespace

InputKind standard_input()
{
    struct stat about{};
    if (::isatty(STDIN_FILENO) == 1)
        return ::isatty(STDOUT_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp()
                   ? InputKind::terminal
                   : InputKind::none;
    if (::fstat(STDIN_FILENO, &about) != 0)
        return InputKind::none;
    const bool commands =
        S_ISREG(about.st_mode) || S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode);
    return commands ? InputKind::stream : InputKind::none;
}

RawTerminal::RawTerminal(int terminal) : terminal_{terminal}
{
    if (::tcgetattr(terminal_, &before_) != 0)
        throw Failure{Exit::environment, "cannot use the terminal", std::strerror(errno)};
    termios raw = before_;
    raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | IGNCR | INLCR | ISTRIP | IXON);
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (::tcsetattr(terminal_, TCSANOW, &raw) != 0)
        throw Failure{Exit::environment, "cannot use the terminal", std::strerror(errno)};
}

RawTerminal::~RawTerminal() { (void)::tcsetattr(terminal_, TCSANOW, &before_); }

std::string_view EscapeKeys::pass(std::string_view bytes)
{
    for (usize i = 0; i < bytes.size(); ++i) {
        if (escape_ && (bytes[i] == 'x' || bytes[i] == 'X')) {
            ended_ = true;
            return bytes.substr(0, i);
        }
        escape_ = bytes[i] == control_a && !escape_;
    }
    return bytes;
}

Keyboard::Keyboard(InputKind kind) : kind_{kind}
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Failure{Exit::environment, "cannot make a pipe", std::strerror(errno)};
    read_ = Fd{ends[0]};
    write_ = Fd{ends[1]};
    ::fcntl(write_.raw(), F_SETFL, O_NONBLOCK);
    if (kind != InputKind::terminal)
        return;
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGWINCH);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    resizes_ = Fd{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
    raw_.emplace(STDIN_FILENO);
}

void Keyboard::guest_listens()
{
    const bool first = !std::exchange(listens_, true);
    size_told_ = false;
    if (first || size_changed_)
        tell_size(first ? 0 : typed_.size());
}

// Another report waits until the guest has done something about this one: while a command runs
// nobody reads them.
void Keyboard::tell_size(usize at)
{
    size_changed_ = size_told_;
    if (size_told_)
        return;
    const auto report = size_report();
    typed_.insert(at, report);
    size_told_ = !report.empty();
}

bool Keyboard::resized()
{
    signalfd_siginfo told{};
    while (::read(resizes_.raw(), &told, sizeof(told)) > 0) {}
    if (listens_)
        tell_size(typed_.size());
    return true;
}

std::vector<Watched> Keyboard::watched()
{
    std::vector<Watched> out;
    if (!at_end_ && typed_.size() < most_typed)
        out.push_back({STDIN_FILENO, POLLIN, [this] { return take(); }});
    if (resizes_.open())
        out.push_back({resizes_.raw(), POLLIN, [this] { return resized(); }});
    if (listens_ && !typed_.empty())
        out.push_back({write_.raw(), POLLOUT, [this] { return give(); }});
    return out;
}

// False: the run is to end.
bool Keyboard::take()
{
    std::array<char, 4096> part{};
    const auto got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got > 0) {
        const std::string_view bytes{part.data(), static_cast<usize>(got)};
        typed_ += terminal() ? escape_.pass(bytes) : bytes;
        last_ = bytes.back();
        return !escape_.ended();
    }
    at_end_ = true;
    if (last_ != '\n')
        typed_ += '\n';
    typed_ += end_of_input;
    return !terminal();
}

bool Keyboard::give()
{
    const auto given = ::write(write_.raw(), typed_.data(), typed_.size());
    if (given > 0)
        typed_.erase(0, static_cast<usize>(given));
    else if (errno == EPIPE)
        typed_.clear();  // the guest has ended
    return true;
}

}  // namespace vireo
