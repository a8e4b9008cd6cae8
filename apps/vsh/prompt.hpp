// vsh/prompt.hpp - the shell at a console: asks for lines, and runs them as jobs.
#pragma once

#include "output.hpp"

#include <sys/startup.hpp>

namespace vsh {

// Until `poweroff` (done) or the end of the input (how the last command that failed ended).
Status ask_at_console(const sys::Startup& given);

}  // namespace vsh
