// tap.hpp - a network of its own for this process and its children, with one tap in it.
#pragma once

#include <atomic>
#include <string>
#include <thread>

// The host's end: 10.9.0.1, and what it sends to 10.9.0.2 goes to `mac`. QEMU opens the other one.
// Why there can't be one; empty: there is.
std::string make_network(const char* tap, const unsigned char (&mac)[6]);

// Sends each datagram that comes to a port back to where it came from, until it dies.
class UdpEcho {
public:
    explicit UdpEcho(unsigned short port);
    ~UdpEcho();

    unsigned answered() const { return answered_; }

private:
    void serve();

    int socket_;
    std::atomic<bool> over_ = false;
    std::atomic<unsigned> answered_ = 0;
    std::thread thread_;
};
