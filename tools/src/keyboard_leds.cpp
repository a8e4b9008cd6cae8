// keyboard_leds.cpp - a VNC client that looks at nothing but LEDs.
#include "keyboard_leds.hpp"

#include "unix_socket.hpp"

#include <array>

#include <sys/socket.h>

#include <poll.h>
#include <unistd.h>

namespace vireo {
namespace {

using namespace std::string_view_literals;

constexpr auto version = "RFB 003.008\n"sv;
constexpr u8 no_security = 1;
constexpr i32 led_state = -261;
constexpr u8 framebuffer_update = 0;

u32 number(std::string_view bytes)
{
    u32 value = 0;
    for (const char byte : bytes)
        value = value << 8 | static_cast<u8>(byte);
    return value;
}

}  // namespace

std::optional<KeyboardLeds> KeyboardLeds::connect(const fs::path& socket, Deadline deadline)
{
    KeyboardLeds leds{connect_unix(socket)};
    if (!leds.socket_.open() || !leds.shake_hands(deadline))
        return std::nullopt;
    return leds;
}

bool KeyboardLeds::shake_hands(Deadline deadline)
{
    if (receive(version.size(), deadline) != version || !send(version))
        return false;
    const auto count = receive(1, deadline);
    if (count.empty() || count[0] == 0)
        return false;
    const auto kinds = receive(static_cast<u8>(count[0]), deadline);
    if (!kinds.contains(static_cast<char>(no_security)) || !send("\x01"sv))
        return false;
    if (receive(4, deadline) != "\0\0\0\0"sv || !send("\x01"sv))  // shared with others
        return false;
    const auto screen = receive(24, deadline);  // size, format of a pixel, length of the name
    if (screen.empty())
        return false;
    if (const u32 name = number(screen.substr(20)); name != 0 && receive(name, deadline).empty())
        return false;
    return send("\x02\x00\x00\x01\xff\xff\xfe\xfb"sv);  // SetEncodings: led_state alone
}

bool KeyboardLeds::send(std::string_view bytes)
{
    return ::send(socket_.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL)
           == static_cast<ssize_t>(bytes.size());
}

std::string KeyboardLeds::receive(usize count, Deadline deadline)
{
    std::string bytes;
    while (bytes.size() < count) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd ready{socket_.raw(), POLLIN, 0};
        if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0)
            return {};
        std::array<char, 256> part{};
        const auto got =
            ::read(socket_.raw(), part.data(), std::min(part.size(), count - bytes.size()));
        if (got <= 0)
            return {};
        bytes.append(part.data(), static_cast<usize>(got));
    }
    return bytes;
}

// Updates of nothing else come: no picture is ever asked for.
std::optional<Leds> KeyboardLeds::next(Deadline deadline)
{
    const auto update = receive(4, deadline);  // kind, padding, number of rectangles
    if (update.empty() || update[0] != framebuffer_update || number(update.substr(2)) != 1)
        return std::nullopt;
    const auto place = receive(12, deadline);
    if (place.empty() || static_cast<i32>(number(place.substr(8))) != led_state)
        return std::nullopt;
    const auto state = receive(1, deadline);
    if (state.empty())
        return std::nullopt;
    return Leds{
        .num = (state[0] & 2) != 0, .caps = (state[0] & 4) != 0, .scroll = (state[0] & 1) != 0};
}

}  // namespace vireo
