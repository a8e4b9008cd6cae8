// peer/serve.cpp - one connection: nothing is dropped, and nobody waited for.
#include "serve.hpp"

#include "peer.hpp"

#include <cerrno>
#include <cstdio>

#include <sys/socket.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace peer {
namespace {

bool again() { return errno == EAGAIN || errno == EINTR; }

class Connection {
public:
    explicit Connection(int socket) : socket_{socket} {}

    // Until QEMU is gone.
    int run()
    {
        for (;;) {
            pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
            if (sent_ != out_.size())
                wait.events |= POLLOUT;
            if (::poll(&wait, 1, -1) < 0 && !again())
                return 1;
            if (!flush() || !fill())
                return 0;
        }
    }

private:
    bool fill()
    {
        std::array<u8, 65'536> buffer;
        const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count <= 0)
            return count < 0 && again();
        in_.add(std::span{buffer}.first(static_cast<usize>(count)));
        while (const auto frame = in_.next())
            peer_.receive(*frame);
        return flush();
    }

    bool flush()
    {
        while (sent_ != out_.size()) {
            const auto count = ::send(socket_, &out_[sent_], out_.size() - sent_, MSG_NOSIGNAL);
            if (count < 0)
                return again();
            sent_ += static_cast<usize>(count);
        }
        out_.clear();
        sent_ = 0;
        return true;
    }

    int socket_;
    Unpacker in_;
    Bytes out_;
    usize sent_ = 0;
    Peer peer_{[this](std::span<const u8> frame) { pack(frame, out_); }};
};

}  // namespace

int serve(int listening)
{
    const int socket = ::accept(listening, nullptr, nullptr);
    if (socket < 0 || ::fcntl(socket, F_SETFL, O_NONBLOCK) != 0) {
        std::perror("peer");
        return 1;
    }
    return Connection{socket}.run();
}

}  // namespace peer
