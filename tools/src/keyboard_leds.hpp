// keyboard_leds.hpp - which LEDs a guest has lit: QEMU tells its VNC clients, and nobody else (RFC
// 6143, and the pseudo-encoding "LED state").
#pragma once

#include "process.hpp"

#include <optional>

namespace vireo {

struct Leds {
    bool num = false;
    bool caps = false;
    bool scroll = false;
    friend bool operator==(const Leds&, const Leds&) = default;
};

class KeyboardLeds {
public:
    // The socket of QEMU's `-vnc unix:PATH`. Nothing if it does not answer in time.
    static std::optional<KeyboardLeds> connect(const fs::path& socket, Deadline deadline);

    // What QEMU tells next: once at the beginning, then each change. Nothing if it is late.
    std::optional<Leds> next(Deadline deadline);

private:
    explicit KeyboardLeds(Fd socket) : socket_{std::move(socket)} {}

    bool shake_hands(Deadline deadline);
    bool send(std::string_view bytes);
    // Exactly so many; empty if they do not come.
    std::string receive(usize count, Deadline deadline);

    Fd socket_;
};

}  // namespace vireo
