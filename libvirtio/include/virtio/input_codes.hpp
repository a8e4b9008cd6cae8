// virtio/input_codes.hpp - the event types and codes of Linux that input devices speak, as far as
// the system has a use for them.
#pragma once

#include <base/types.hpp>

namespace virtio::input {

struct EventType {
    static constexpr u16 syn = 0x00;
    static constexpr u16 key = 0x01;
    static constexpr u16 rel = 0x02;
    static constexpr u16 abs = 0x03;
    static constexpr u16 msc = 0x04;
    static constexpr u16 led = 0x11;
    static constexpr u16 rep = 0x14;
};

struct Syn {
    static constexpr u16 report = 0;
    static constexpr u16 dropped = 3;
};

// Values of a key event.
struct KeyState {
    static constexpr u32 released = 0;
    static constexpr u32 pressed = 1;
    static constexpr u32 repeated = 2;
};

struct Key {
    static constexpr u16 esc = 1;
    static constexpr u16 digit_1 = 2;  // up to digit_0 = 11
    static constexpr u16 digit_0 = 11;
    static constexpr u16 backspace = 14;
    static constexpr u16 tab = 15;
    static constexpr u16 q = 16;
    static constexpr u16 enter = 28;
    static constexpr u16 left_ctrl = 29;
    static constexpr u16 a = 30;
    static constexpr u16 left_shift = 42;
    static constexpr u16 z = 44;
    static constexpr u16 right_shift = 54;
    static constexpr u16 left_alt = 56;
    static constexpr u16 space = 57;
    static constexpr u16 caps_lock = 58;
    static constexpr u16 f1 = 59;
    static constexpr u16 num_lock = 69;
    static constexpr u16 scroll_lock = 70;
    static constexpr u16 right_ctrl = 97;
    static constexpr u16 right_alt = 100;
    static constexpr u16 up = 103;
    static constexpr u16 left = 105;
    static constexpr u16 right = 106;
    static constexpr u16 down = 108;
    static constexpr u16 button_left = 0x110;
    static constexpr u16 button_right = 0x111;
    static constexpr u16 button_middle = 0x112;
    static constexpr u16 button_touch = 0x14a;
    static constexpr u16 max = 0x2ff;
};

struct Rel {
    static constexpr u16 x = 0;
    static constexpr u16 y = 1;
    static constexpr u16 hwheel = 6;
    static constexpr u16 wheel = 8;
    static constexpr u16 max = 0x0f;
};

struct Abs {
    static constexpr u16 x = 0;
    static constexpr u16 y = 1;
    static constexpr u16 max = 0x3f;
};

struct Led {
    static constexpr u16 num_lock = 0;
    static constexpr u16 caps_lock = 1;
    static constexpr u16 scroll_lock = 2;
    static constexpr u16 max = 0x0f;
};

}  // namespace virtio::input
