// lab/findings.hpp - what a load saw of its server.
#pragma once

#include <base/types.hpp>

namespace lab {

struct Findings {
    u32 operations = 0;   // that ended well
    u32 errors = 0;       // that ended otherwise, and were told so
    Errc why = Errc::ok;  // the first of these
    u32 retries = 0;      // asked again, or waited for too long
    u32 detected = 0;     // pieces of data that are wrong, and say so themselves
    u32 undetected = 0;   // that are wrong, and look right
    u64 place = 0;        // of the first of either
    u32 lost = 0;         // frames that were to be lost, or events

    void error(Errc what) { why = errors++ == 0 ? what : why; }
    void wrong(bool shows, u64 where)
    {
        if (detected + undetected == 0)
            place = where;
        ++(shows ? detected : undetected);
    }
};

}  // namespace lab
