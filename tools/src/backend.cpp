// backend.cpp - programs of the host that are a device of the guest.
#include "backend.hpp"

#include "command_line.hpp"
#include "failure.hpp"
#include "text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <unistd.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto end_patience = 30s;  // a sanitizer looks for leaks at the end, on a busy host

Device& device_named(System& system, const std::string& name)
{
    const auto wanted = [&](const Device& one) {
        return one.has_backend() && one.name.text == name;
    };
    const auto found = std::ranges::find_if(system.devices, wanted);
    if (found == system.devices.end())
        throw Failure{
            Exit::usage,
            fmt::format(
                "system '{}' has no device '{}' with backend = \"vhost-user\" or \"stream\"",
                system.name, name)};
    return *found;
}

void choose(System& system, const std::string& text)
{
    const auto equals = std::min(text.find('='), text.size());
    const auto words = shell_words(text.substr(std::min(equals + 1, text.size())));
    if (!words || words->empty())
        throw Failure{Exit::usage, "cannot read --backend " + text,
                      "it has the form NAME=COMMAND, quoted as for a shell"};
    auto& device = device_named(system, text.substr(0, equals));
    if (!device.backend.empty())
        throw Failure{Exit::usage, fmt::format("--backend names '{}' twice", device.name.text),
                      "a device has one back end"};
    device.backend = *words;
}

Fd listen_at(const fs::path& path)
{
    Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto name = path.string();
    ::unlink(name.c_str());
    const bool fits = name.size() < sizeof(address.sun_path);
    std::memcpy(address.sun_path, name.data(), fits ? name.size() : 0);
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    if (!fits || ::bind(socket.raw(), any, sizeof(address)) != 0 || ::listen(socket.raw(), 1) != 0)
        throw Failure{Exit::environment, "cannot listen at " + name,
                      fits ? std::strerror(errno) : "its name is too long for a socket"};
    return socket;
}

}  // namespace

void choose_backends(System& system, const std::vector<std::string>& arguments)
{
    for (const auto& text : arguments)
        choose(system, text);
    for (const auto& device : system.devices)
        if (device.has_backend() && device.backend.empty())
            throw Failure{Exit::usage, fmt::format("device '{}' has no back end", device.name.text),
                          fmt::format("its system file says backend = \"{}\"",
                                      device.stream ? "stream" : "vhost-user"),
                          fmt::format("--backend {}=COMMAND", device.name.text)};
}

std::string peer_backend(const std::string& device)
{
    const auto self = fs::read_symlink("/proc/self/exe").string();
    return fmt::format("{}={} {}", device, shell_quote(self), peer_argument);
}

Backends::Backends(const System& system, const fs::path& sockets)
{
    for (const auto& device : system.devices) {
        if (!device.has_backend())
            continue;
        const Fd socket = listen_at(backend_socket(sockets, device));
        const Command command{
            .argv = device.backend, .output = Output::inherit, .input = socket.raw()};
        all_.emplace_back(device.name.text, command);
    }
}

std::string Backends::finish()
{
    std::string said;
    for (auto& [device, child] : all_) {
        const auto deadline = Clock::now() + end_patience;
        const auto result = pump(child, {.err = [&](std::string_view text) { said += text; },
                                         .deadline = [&] { return deadline; }});
        if (result == Pumped::finished && child.wait() == 0)
            continue;
        said += result == Pumped::finished
                    ? fmt::format("the back end of '{}' ended with {}\n", device, child.wait())
                    : fmt::format("the back end of '{}' did not end with QEMU\n", device);
        child.kill();
    }
    return said;
}

}  // namespace vireo
