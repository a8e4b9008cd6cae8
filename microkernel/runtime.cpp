// runtime.cpp - what compiled C++ calls when a rule of the language was broken: a defect of the
// kernel.

#include "console.hpp"

namespace std::inline __1 {
[[noreturn]] void __libcpp_verbose_abort(const char* format, ...) { kernel::panic(format); }
}  // namespace std::inline __1

extern "C" [[noreturn]] void abort();
extern "C" void abort() { kernel::panic("abort"); }

// Of the checked kernel: a function found that its stack was written beyond its array.
extern "C" [[noreturn]] void __stack_chk_fail();
extern "C" void __stack_chk_fail() { kernel::panic("a kernel stack was overwritten"); }
extern "C" constinit u64 __stack_chk_guard = 0x595e'9fbd'94fd'a766;
