// peer/console.cpp - the other end of a guest's console: says again what it hears, nothing lost and
// nothing kept. With the argument `deaf` it listens to nothing; with `last TEXT` it answers
// nothing, and fails if TEXT was not the last that it heard.
//
// Its standard input is the socket where QEMU connects; it ends with QEMU.
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include <poll.h>
#include <unistd.h>

namespace {

// False: QEMU is gone.
bool send_all(int socket, std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR)
            return false;
        bytes.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
    }
    return true;
}

void echo(int socket)
{
    std::array<char, 65'536> buffer;
    for (;;) {
        const auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0 || !send_all(socket, {buffer.data(), static_cast<std::size_t>(count)}))
            return;
    }
}

// Until the other side hangs up.
void ignore(int socket)
{
    pollfd wait{.fd = socket, .events = POLLRDHUP, .revents = 0};
    while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {}
}

bool ends_with(int socket, std::string_view last)
{
    std::string heard;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return heard.ends_with(last);
        heard.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace

int main(int count, char** words)
{
    const int socket = ::accept(STDIN_FILENO, nullptr, nullptr);
    if (socket < 0) {
        std::perror("console_peer");
        return 1;
    }
    const std::string_view mode = count > 1 ? words[1] : "";
    if (mode == "last" && count == 3)
        return ends_with(socket, std::string{words[2]} + "\r\n") ? 0 : 1;
    if (mode == "deaf")
        ignore(socket);
    else
        echo(socket);
    return 0;
}
