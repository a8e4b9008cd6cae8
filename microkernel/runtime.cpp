// runtime.cpp - what compiled C++ calls when a rule of the language was broken: a defect of the
// kernel.

#include "console.hpp"

namespace std::inline __1 {
[[noreturn]] void __libcpp_verbose_abort(const char* format, ...) { kernel::panic(format); }
}  // namespace std::inline __1

extern "C" [[noreturn]] void abort();
extern "C" void abort() { kernel::panic("abort"); }
