// backend.hpp - programs of the host that are a device of the guest, by the vhost-user protocol, or
// the other end of its network or console, by QEMU's stream of frames or characters: over a socket
// that the program finds as its standard input, listening.
#pragma once

#include "file.hpp"
#include "process.hpp"
#include "system_model.hpp"

#include <list>

namespace vireo {

// `arguments`: NAME=COMMAND each. Every device with a back end gets one. Exit::usage otherwise.
void choose_backends(System& system, const std::vector<std::string>& arguments);

// What the tool's own argument is when it is the other end of a guest's network (tests/peer), and
// the NAME=COMMAND that makes it so.
inline constexpr std::string_view peer_argument = "--ethernet-peer";
std::string peer_backend(const std::string& device);

// Started before QEMU, which then finds their sockets; gone with this object at the latest.
class Backends {
public:
    Backends(const System& system, const fs::path& sockets);

    // QEMU has ended, and so do they. What they wrote to stderr, and a line for each that failed.
    std::string finish();

private:
    struct One {
        One(std::string name, const Command& command) : device{std::move(name)}, child{command} {}
        std::string device;
        Child child;
    };
    std::list<One> all_;  // a Child does not move
};

}  // namespace vireo
