// tap.cpp - a namespace, a tap, an address, a neighbour; and a socket that answers.
#include "tap.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

namespace {

std::string because(const std::string& what) { return what + ": " + std::strerror(errno); }

sockaddr_in address(const char* text, unsigned short port = 0)
{
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    ::inet_pton(AF_INET, text, &in.sin_addr);
    return in;
}

struct Descriptor {
    explicit Descriptor(int opened) : fd{opened} {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (fd >= 0)
            ::close(fd);
    }
    int fd;
};

ifreq named(const char* tap)
{
    ifreq request{};
    std::strncpy(request.ifr_name, tap, IFNAMSIZ - 1);
    return request;
}

bool give_address(int socket, const char* tap)
{
    auto request = named(tap);
    auto own = address("10.9.0.1");
    std::memcpy(&request.ifr_addr, &own, sizeof own);
    if (::ioctl(socket, SIOCSIFADDR, &request) != 0)
        return false;
    request = named(tap);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
}

bool give_neighbour(int socket, const char* tap, const unsigned char (&mac)[6])
{
    arpreq neighbour{};
    auto other = address("10.9.0.2");
    std::memcpy(&neighbour.arp_pa, &other, sizeof other);
    neighbour.arp_ha.sa_family = ARPHRD_ETHER;
    std::memcpy(neighbour.arp_ha.sa_data, mac, sizeof mac);
    neighbour.arp_flags = ATF_PERM | ATF_COM;
    std::strncpy(neighbour.arp_dev, tap, sizeof neighbour.arp_dev - 1);
    return ::ioctl(socket, SIOCSARP, &neighbour) == 0;
}

}  // namespace

std::string make_network(const char* tap, const unsigned char (&mac)[6])
{
    if (::unshare(CLONE_NEWNET) != 0)
        return because("no network namespace");
    const Descriptor tun{::open("/dev/net/tun", O_RDWR)};
    if (tun.fd < 0)
        return because("no /dev/net/tun");
    auto request = named(tap);
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (::ioctl(tun.fd, TUNSETIFF, &request) != 0 || ::ioctl(tun.fd, TUNSETPERSIST, 1) != 0)
        return because("no tap");
    const Descriptor control{::socket(AF_INET, SOCK_DGRAM, 0)};
    if (!give_address(control.fd, tap) || !give_neighbour(control.fd, tap, mac))
        return because("no address");
    return {};
}

UdpEcho::UdpEcho(unsigned short port) : socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)}
{
    const auto any = address("0.0.0.0", port);
    (void)::bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any);
    thread_ = std::thread{[this] { serve(); }};
}

UdpEcho::~UdpEcho()
{
    over_ = true;
    thread_.join();
    ::close(socket_);
}

void UdpEcho::serve()
{
    while (!over_) {
        pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, 50) <= 0)
            continue;
        std::array<char, 2048> bytes;
        sockaddr_in from{};
        socklen_t size = sizeof from;
        auto* const whence = reinterpret_cast<sockaddr*>(&from);
        const auto count = ::recvfrom(socket_, bytes.data(), bytes.size(), 0, whence, &size);
        if (count >= 0
            && ::sendto(socket_, bytes.data(), static_cast<size_t>(count), 0, whence, size)
                   == count)
            ++answered_;
    }
}
