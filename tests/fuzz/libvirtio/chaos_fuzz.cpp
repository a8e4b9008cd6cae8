// chaos_fuzz.cpp - every driver against a device that does what bytes say. Property: whatever the
// device does, nothing is read or written out of bounds, nothing runs for ever, each tag comes back
// exactly once, and what is handed to the caller keeps the promises of the driver's header.
#include "chaos_rig.hpp"

namespace {

constexpr std::array drivers{fuzz_blk, fuzz_entropy, fuzz_net, fuzz_input, fuzz_console, fuzz_gpu};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count)
{
    if (count < 3)
        return 0;
    const u8 how = bytes[1];
    const std::span script{bytes + 3, count - 3};
    const usize middle = script.size() * bytes[2] / 256;
    const bool modern = (how & 1) == 0;
    drivers[bytes[0] % drivers.size()]({.registers = {.version = modern ? 2u : 1u,
                                                      .event_idx = (how & 2) == 0,
                                                      .indirect = (how & 4) == 0,
                                                      .packed = modern && (how & 8) != 0,
                                                      .automatic = (how & 16) == 0},
                                        .patient = (how & 0xe0) == 0xe0,
                                        .device = script.first(middle),
                                        .caller = script.subspan(middle)});
    return 0;
}
