// libsys/src/program.cpp - every program but init: its argument is an abi::Startup.
#include <sys/panic.hpp>
#include <sys/progress.hpp>
#include <sys/startup.hpp>

int program_main(const void* argument)
{
    const auto& page = *static_cast<const abi::Startup*>(argument);
    sys::check(page.magic == abi::startup_magic, "the start-up page has no magic");
    if (page.progress != 0) {
        sys::detail::page = reinterpret_cast<abi::ServerPage*>(page.progress);
        sys::detail::progress = &sys::detail::page->progress;
    }
    return app_main(sys::Startup{page});
}
