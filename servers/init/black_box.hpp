// init/black_box.hpp - what a server that ended did last, as lines of the log.
#pragma once

#include <string_view>

#include <abi/boot.hpp>

namespace init {

// The last events, oldest first, each its own line. Whoever wrote it is dead and was perhaps out of
// its mind: anything may be in it.
void print_box(std::string_view program, const abi::BlackBox& box);

}  // namespace init
