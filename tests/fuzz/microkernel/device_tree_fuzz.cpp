// tests/fuzz/microkernel/device_tree_fuzz.cpp - any bytes give an error or a machine that keeps all
// the rules.
#include "boot/device_tree.hpp"
#include "machine_rules.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size)
{
    const auto blob = std::as_bytes(std::span{bytes, size});
    const auto machine = kernel::describe(blob);
    if (!machine)
        return 0;
    if (const char* broken = broken_rule(*machine, blob)) {
        std::fprintf(stderr, "broken: %s\n", broken);
        std::abort();
    }
    return 0;
}
