// libsys/src/panic.cpp - the last words of a program, and the two that libc++ and the compiler may
// ask for.
#include <sys/log.hpp>
#include <sys/machine.hpp>
#include <sys/panic.hpp>

namespace sys {

void panic(std::string_view why, std::source_location where)
{
    log(Level::error, "panic",
        {{"where", where.file_name()},
         {"line", where.line()},
         {"function", where.function_name()},
         {"why", why}});
    stop();
}

}  // namespace sys
