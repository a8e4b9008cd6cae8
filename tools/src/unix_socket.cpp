// unix_socket.cpp - connects to a program of this machine.
#include "unix_socket.hpp"

#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

namespace vireo {

Fd connect_unix(const fs::path& path)
{
    Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto name = path.string();
    if (!socket.open() || name.size() >= sizeof(address.sun_path))
        return {};
    std::memcpy(address.sun_path, name.data(), name.size());
    if (::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return {};
    return socket;
}

}  // namespace vireo
