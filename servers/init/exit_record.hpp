// init/exit_record.hpp - what is printed when a program ended. The tool symbolises these lines.
#pragma once

#include <string_view>

#include <abi/info.hpp>

namespace init {

// "exited" alone for a planned end; otherwise the exit record, and for a fault registers and
// backtrace. `hung`: init killed it for that.
void print_exit(std::string_view program,
                std::string_view image,
                const abi::ExitRecord& record,
                bool hung = false);

}  // namespace init
