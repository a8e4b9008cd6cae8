// cli/boot.hpp - a system booted by the test itself, out of what `tools/vireo run` is made of,
// while the test plays its host: it does what the guest asks for in lines of its log.
#pragma once

#include "guest.hpp"

#include <cli/tool.hpp>

namespace cli {

// The way to QEMU. It serves one at a time, and whoever looks at the guest's end comes last: there
// is none then.
class Host {
public:
    explicit Host(const fs::path& qmp_socket) : socket_{qmp_socket} {}

    // Connected at first use. False if QEMU is not there, or refuses.
    bool execute(const std::string& command, const std::string& arguments);
    vireo::Qmp* qmp();
    void leave() { qmp_.reset(); }

private:
    fs::path socket_;
    std::optional<vireo::Qmp> qmp_;
};

struct Booting {
    Words words;  // behind `tools/vireo run`
    vireo::LaunchKind kind{};
    // The last word on QEMU's command line.
    std::function<void(vireo::Launch&)> prepare = [](vireo::Launch&) {};
    // Every line of the log, before what it asks for is done.
    std::function<void()> heard = [] {};
    // What stands behind "host: ". False: it could not be done.
    std::function<bool(const std::string& wish, Host& host)> obey = [](const std::string&, Host&) {
        return true;
    };
    // As in vireo::GuestListener.
    std::function<void(vireo::Qmp&)> stopped{};
};

struct Booted {
    int code = -1;       // what `run` would have ended with,
    std::string reason;  // and why
    Words complaints;
    Words log;
    Words undone;        // wishes that could not be fulfilled
    unsigned asked = 0;  // wishes
};

Booted boot(const Booting& booting);

// It ended well, nobody complained, and all wishes came true. Its log is shown if not.
void check_good(const Booted& booted);

}  // namespace cli
