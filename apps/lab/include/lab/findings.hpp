// lab/findings.hpp - what a load saw of its server.
#pragma once

#include <base/types.hpp>

namespace lab {

// An error that protocols have for a request as it should be. Others say that it was not.
constexpr bool documented(Errc what)
{
    switch (what) {
    case Errc::peer_restarted:
    case Errc::gave_up:
    case Errc::timed_out:
    case Errc::malformed:  // the session is lost: the server broke the protocol
    case Errc::device_fault:
        return true;
    default:
        return false;
    }
}

struct Findings {
    u32 operations = 0;   // that ended well
    u32 errors = 0;       // that ended otherwise, and were told so
    u32 odd_errors = 0;   // of these, not documented
    Errc why = Errc::ok;  // the first of these; of the odd ones, if there are any
    u32 retries = 0;      // asked again, or waited for too long
    u32 detected = 0;     // pieces of data that are wrong, and say so themselves
    u32 undetected = 0;   // that are wrong, and look right
    u64 place = 0;        // of the first of either
    u32 lost = 0;         // frames that were to be lost, or events

    void error(Errc what)
    {
        const bool odd = !documented(what);
        if (errors++ == 0 || (odd && odd_errors == 0))
            why = what;
        odd_errors += odd ? 1 : 0;
    }
    void wrong(bool shows, u64 where)
    {
        if (detected + undetected == 0)
            place = where;
        ++(shows ? detected : undetected);
    }
};

}  // namespace lab
