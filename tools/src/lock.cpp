// lock.cpp - a file that one run at a time holds.
#include "lock.hpp"

#include "failure.hpp"
#include "process.hpp"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <sys/file.h>

#include <fcntl.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto silence = 2s;  // waiting for longer is announced
constexpr auto look_interval = 50ms;

}  // namespace

std::optional<Fd> try_lock(const fs::path& path)
{
    fs::create_directories(path.parent_path());
    Fd lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    if (lock.open() && ::flock(lock.raw(), LOCK_EX | LOCK_NB) == 0)
        return lock;
    if (!lock.open() || (errno != EWOULDBLOCK && errno != EINTR))
        throw Failure{Exit::environment, "cannot lock " + path.string(), std::strerror(errno)};
    return std::nullopt;
}

Fd wait_for_lock(const fs::path& path, const std::string& whom)
{
    auto announce_at = Clock::now() + silence;
    for (;;) {
        if (auto lock = try_lock(path))
            return std::move(*lock);
        if (Clock::now() >= announce_at) {
            fmt::print(stderr, "vireo: waiting for {} ...\n", whom);
            announce_at = no_deadline;
        }
        if (interrupted())
            throw Failure{Exit::interrupted, "interrupted"};
        std::this_thread::sleep_for(look_interval);
    }
}

}  // namespace vireo
