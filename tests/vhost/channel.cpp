// vhost/channel.cpp - the control socket.
#include "channel.hpp"

#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

#include <unistd.h>

namespace vhost {
namespace {

constexpr u32 max_payload = 4096;

std::vector<Fd> take_fds(msghdr& message)
{
    std::vector<Fd> fds;
    for (auto* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS)
            continue;
        const usize count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (usize i = 0; i < count; ++i) {
            int raw = -1;
            std::memcpy(&raw, CMSG_DATA(one) + i * sizeof(int), sizeof(int));
            fds.emplace_back(raw);
        }
    }
    return fds;
}

}  // namespace

// Descriptors come with the first byte of a message.
std::optional<Message> Channel::receive()
{
    Message message;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(max_regions * sizeof(int))> control{};
    iovec part{&message.header, sizeof(Header)};
    msghdr all{};
    all.msg_iov = &part;
    all.msg_iovlen = 1;
    all.msg_control = control.data();
    all.msg_controllen = control.size();
    ssize_t got = 0;
    do
        got = ::recvmsg(raw(), &all, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    message.fds = take_fds(all);
    if (got != sizeof(Header) || message.header.size > max_payload)
        return std::nullopt;
    message.payload.resize(message.header.size);
    if (!read_all(message.payload.data(), message.payload.size()))
        return std::nullopt;
    return message;
}

bool Channel::read_all(void* to, usize bytes)
{
    return bytes == 0 || ::recv(raw(), to, bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
}

void Channel::send(u32 request, u32 flags, const void* payload, u32 bytes)
{
    const Header header{request, Flags::version | flags, bytes};
    std::vector<std::byte> whole(sizeof(header) + bytes);
    std::memcpy(whole.data(), &header, sizeof(header));
    if (bytes != 0)
        std::memcpy(whole.data() + sizeof(header), payload, bytes);
    // Whoever does not listen is gone, which the next receive() tells.
    (void)::send(raw(), whole.data(), whole.size(), MSG_NOSIGNAL);
}

}  // namespace vhost
