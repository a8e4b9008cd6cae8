// terminal.cpp - tools/vireo at a terminal.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <catch2/catch.hpp>
#include <cli/terminal.hpp>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace cli {
namespace {

constexpr int patience_ms = 40'000;  // of one read

[[noreturn]] void become_tool(int screen, const Words& arguments)
{
    ::setsid();
    ::ioctl(screen, TIOCSCTTY, 0);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(screen, fd);
    ::setenv("VIREO_NO_BUILD", "1", 1);
    ::setenv("VIREO_TARGET_DIR", VIREO_TARGET_DIR, 1);
    std::vector<char*> argv{const_cast<char*>(VIREO_COMMAND)};
    for (const auto& word : arguments)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

bool same(const termios& a, const termios& b)
{
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_lflag == b.c_lflag
           && a.c_cflag == b.c_cflag && std::ranges::equal(a.c_cc, b.c_cc);
}

}  // namespace

Terminal::Terminal(const Words& arguments)
{
    keys_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (keys_ < 0 || ::grantpt(keys_) != 0 || ::unlockpt(keys_) != 0)
        throw std::runtime_error{"there is no terminal"};
    screen_ = ::open(::ptsname(keys_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (screen_ < 0 || ::tcgetattr(screen_, &before_) != 0)
        throw std::runtime_error{"the terminal cannot be opened"};
    tool_ = ::fork();
    if (tool_ == 0)
        become_tool(screen_, arguments);
}

Terminal::~Terminal()
{
    if (status_ < 0 && tool_ > 0) {
        ::kill(tool_, SIGKILL);
        ::waitpid(tool_, nullptr, 0);
    }
    ::close(screen_);
    ::close(keys_);
}

void Terminal::type(std::string_view bytes) const
{
    REQUIRE(::write(keys_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

// False: nothing came for a long time, or nothing will.
bool Terminal::read()
{
    pollfd ready{keys_, POLLIN, 0};
    std::array<char, 4096> part{};
    if (::poll(&ready, 1, patience_ms) <= 0)
        return false;
    const auto got = ::read(keys_, part.data(), part.size());
    if (got <= 0)
        return false;
    shown_.append(part.data(), static_cast<size_t>(got));
    return true;
}

std::string Terminal::wait_for(std::string_view text)
{
    for (;;) {
        const auto found = shown_.find(text, seen_);
        if (found != std::string::npos) {
            auto between = shown_.substr(seen_, found - seen_);
            seen_ = found + text.size();
            return between;
        }
        if (!read()) {
            INFO(shown_);
            FAIL("not shown: " << text);
        }
    }
}

int Terminal::end()
{
    // Our own end of its terminal is open, so there is no end of file: the tool is asked instead.
    int status = 0;
    while (::waitpid(tool_, &status, WNOHANG) == 0) {
        pollfd ready{keys_, POLLIN, 0};
        if (::poll(&ready, 1, 20) > 0 && !read())
            break;
    }
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    for (pollfd ready{keys_, POLLIN, 0}; ::poll(&ready, 1, 0) > 0 && read();) {}
    return status_;
}

void Terminal::kill(int signal) const { ::kill(tool_, signal); }

void Terminal::resize(unsigned short columns) const
{
    const winsize size{24, columns, 0, 0};
    REQUIRE(::ioctl(screen_, TIOCSWINSZ, &size) == 0);
}

bool Terminal::as_before() const
{
    termios now{};
    return ::tcgetattr(screen_, &now) == 0 && same(now, before_);
}

}  // namespace cli
