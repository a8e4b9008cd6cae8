// sys/panic.hpp - the end of a program that found itself wrong. Never for what a client or a device
// did.
#pragma once

#include <source_location>
#include <string_view>

namespace sys {

// Logs `level=error msg="panic"` with the reason and the place, then faults, so that init prints a
// backtrace.
[[noreturn]] void panic(std::string_view why,
                        std::source_location where = std::source_location::current());

// An invariant of ours.
inline void check(bool holds,
                  std::string_view what,
                  std::source_location where = std::source_location::current())
{
    if (!holds) [[unlikely]]
        panic(what, where);
}

}  // namespace sys
