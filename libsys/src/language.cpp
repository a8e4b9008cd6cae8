// libsys/src/language.cpp - what compiled C++ calls when a rule of the language was broken.
#include <cstdlib>
#include <string_view>

#include <sys/panic.hpp>

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are given.

extern "C" [[noreturn]] void __cxa_pure_virtual();

extern "C" void __cxa_pure_virtual() { sys::panic("a pure virtual function was called"); }
extern "C" void abort() { sys::panic("abort"); }

namespace std::inline __1 {
// The message is the unformatted one: it names the check.
void __libcpp_verbose_abort(const char* format, ...) { sys::panic(format); }
}  // namespace std::inline __1

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
