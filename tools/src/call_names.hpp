// call_names.hpp - what the kernel's calls and errors are called, as their enumerators are.
#pragma once

#include <string>

#include <base/types.hpp>

namespace vireo {

// "map_device"; "call 250" if there is none.
std::string call_name(u64 number);
// "timed_out"; "error 99" if there is none.
std::string error_name(u64 number);

}  // namespace vireo
