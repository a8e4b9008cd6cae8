// keyboard_test.cpp - what goes from a terminal to the guest, and when.
#include "keyboard.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>
#include <sys/ioctl.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace vireo;

namespace {

// Stands at the standard input of this process while it lives.
class Terminal {
public:
    Terminal()
        : keys_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)},
          before_{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)}
    {
        REQUIRE((::grantpt(keys_.raw()) == 0 && ::unlockpt(keys_.raw()) == 0));
        const Fd screen{::open(::ptsname(keys_.raw()), O_RDWR | O_NOCTTY | O_CLOEXEC)};
        REQUIRE(::dup2(screen.raw(), STDIN_FILENO) == STDIN_FILENO);
        resize(100);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() { ::dup2(before_.raw(), STDIN_FILENO); }

    void type(std::string_view what) const
    {
        REQUIRE(::write(keys_.raw(), what.data(), what.size())
                == static_cast<ssize_t>(what.size()));
    }
    void resize(unsigned short columns) const
    {
        const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
        REQUIRE(::ioctl(STDIN_FILENO, TIOCSWINSZ, &size) == 0);
    }

private:
    Fd keys_;
    Fd before_;
};

// Until nothing is to be done; what the guest got by then.
std::string given(Keyboard& keyboard)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (const auto& one : keyboard.watched()) {
            pollfd ready{one.fd, one.events, 0};
            if (::poll(&ready, 1, 0) == 1) {
                busy = true;
                one.ready();
            }
        }
    }
    std::array<char, 8192> part{};
    pollfd ready{keyboard.guest_end(), POLLIN, 0};
    if (::poll(&ready, 1, 0) != 1)
        return "";
    const auto got = ::read(keyboard.guest_end(), part.data(), part.size());
    return {part.data(), static_cast<usize>(got)};
}

}  // namespace

TEST_CASE("nothing is given before the guest listens, and then the size comes first", "[tools]")
{
    const Terminal terminal;
    Keyboard keyboard{InputKind::terminal};
    terminal.type("ps\r");
    CHECK(given(keyboard).empty());
    CHECK_FALSE(keyboard.silent());
    keyboard.guest_listens();
    CHECK(given(keyboard) == "\x1b[8;24;100tps\r");
    CHECK(keyboard.silent());
}

TEST_CASE("while the guest says nothing it is told of one change of the size", "[tools]")
{
    const Terminal terminal;
    Keyboard keyboard{InputKind::terminal};
    keyboard.guest_listens();
    CHECK(given(keyboard) == "\x1b[8;24;100t");
    keyboard.guest_listens();  // it has drawn its line
    std::string told;
    for (unsigned short columns = 50; columns < 150; ++columns) {
        terminal.resize(columns);
        ::raise(SIGWINCH);
        told += given(keyboard);
    }
    CHECK(told == "\x1b[8;24;50t");
    terminal.type("\x03");
    CHECK(given(keyboard) == "\x03");
    keyboard.guest_listens();
    CHECK(given(keyboard) == "\x1b[8;24;149t");
    keyboard.guest_listens();
    CHECK(given(keyboard).empty());
}
