// libsys/src/server.cpp - a program that is no app is a server: it has run(). Linked only where
// app_main is missing.
#include <sys/log.hpp>
#include <sys/startup.hpp>

int app_main(const sys::Startup& given)
{
    const Result<> end = run(given);
    if (end)
        return 0;
    sys::log(sys::Level::error, "stopped", {{"error", end.error()}});
    return static_cast<int>(end.error());
}
