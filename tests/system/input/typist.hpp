// typist.hpp - boots a system of this folder and does what its guest asks for.
//
// The guest prints "host: WHAT A B", and waits for what comes of it:
//
//   type N COUNT            events N.. of the pattern of keys, each in a packet of its own
//   type_together N COUNT   the same in one packet
//   press CODE DOWN         one key, by Linux's code
//   move X Y, point X Y     the mouse X to the right and Y up; the tablet to a place
//   click DOWN 0            the left button
//   leds MASK 0             until QEMU says that these are lit (bits as Linux's): 0 num, 1 caps, 2
//   scroll
#pragma once

#include <cli/boot.hpp>

namespace typist {

// `tools/vireo run SYSTEM` with these words.
cli::Booted boot(const cli::Words& words, const std::string& system = "input.toml");

}  // namespace typist
