// input_events.hpp - types, moves and clicks in a running guest, over QMP.
#pragma once

#include "qmp.hpp"

#include <span>
#include <variant>

namespace vireo {

struct KeyPress {
    std::string qcode;  // QEMU's name of a key
    bool down;
};
struct Motion {
    char axis;  // x, y
    i64 value;
};
struct Position {
    char axis;
    u32 value;  // 0 to 32767
};
struct Click {
    std::string button;  // left, middle, right, wheel-up ...
    bool down;
};
using InputEvent = std::variant<KeyPress, Motion, Position, Click>;

// All that happens at once: a device sends one SYN_REPORT behind what is for it. Each event goes to
// the device that became active last of those that know its kind. False: QEMU refused.
bool send_input(Qmp& qmp, std::span<const InputEvent> packet);

}  // namespace vireo
