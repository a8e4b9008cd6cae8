// libsys/src/program.cpp - every program but init: its argument is an abi::Startup.
#include <sys/panic.hpp>
#include <sys/startup.hpp>

int program_main(const void* argument)
{
    const auto& page = *static_cast<const abi::Startup*>(argument);
    sys::check(page.magic == abi::startup_magic, "the start-up page has no magic");
    return app_main(sys::Startup{page});
}
