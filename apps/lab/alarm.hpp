// lab/alarm.hpp - threads that call a mute server, again and again, so that a server that hangs is
// looked at soon: the load waits for rings, and who is less important than a server that spins does
// not even get to complain.
#pragma once

#include <optional>

#include <sys/session.hpp>
#include <sys/thread.hpp>

namespace lab {

class Alarm {
public:
    // For the life of the program. Errors: those of connecting, of threads.
    static Result<> start(const sys::Startup& given, u64 priority);
};

}  // namespace lab
