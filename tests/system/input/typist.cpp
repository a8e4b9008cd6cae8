// typist.cpp - boots the system of this folder and does what its guest asks for.
#include "typist.hpp"

#include "input_events.hpp"
#include "keyboard_leds.hpp"

#include <array>
#include <map>
#include <optional>
#include <sstream>

namespace typist {
namespace {

using namespace std::chrono_literals;
using cli::operator+;
using vireo::Clock;

constexpr auto patience = 20s;

// QEMU's names of the keys of the pattern, in its order.
constexpr std::string_view typed = "1234567890qwertyuiopasdfghjklzxcvbnm";

// By Linux's codes (input-event-codes.h), beside those of the pattern.
const std::map<unsigned, std::string> named{{1, "esc"},
                                            {12, "minus"},
                                            {13, "equal"},
                                            {14, "backspace"},
                                            {15, "tab"},
                                            {26, "bracket_left"},
                                            {27, "bracket_right"},
                                            {28, "ret"},
                                            {29, "ctrl"},
                                            {30, "a"},
                                            {39, "semicolon"},
                                            {40, "apostrophe"},
                                            {41, "grave_accent"},
                                            {42, "shift"},
                                            {43, "backslash"},
                                            {51, "comma"},
                                            {52, "dot"},
                                            {53, "slash"},
                                            {54, "shift_r"},
                                            {55, "kp_multiply"},
                                            {56, "alt"},
                                            {57, "spc"},
                                            {58, "caps_lock"},
                                            {59, "f1"},
                                            {60, "f2"},
                                            {61, "f3"},
                                            {62, "f4"},
                                            {63, "f5"},
                                            {64, "f6"},
                                            {65, "f7"},
                                            {66, "f8"},
                                            {67, "f9"},
                                            {68, "f10"},
                                            {69, "num_lock"},
                                            {70, "scroll_lock"},
                                            {71, "kp_7"},
                                            {72, "kp_8"},
                                            {73, "kp_9"},
                                            {74, "kp_subtract"},
                                            {75, "kp_4"},
                                            {76, "kp_5"},
                                            {77, "kp_6"},
                                            {78, "kp_add"},
                                            {79, "kp_1"},
                                            {80, "kp_2"},
                                            {81, "kp_3"},
                                            {82, "kp_0"},
                                            {83, "kp_decimal"},
                                            {86, "less"},
                                            {87, "f11"},
                                            {88, "f12"},
                                            {96, "kp_enter"},
                                            {97, "ctrl_r"},
                                            {98, "kp_divide"},
                                            {99, "print"},
                                            {100, "alt_r"},
                                            {102, "home"},
                                            {103, "up"},
                                            {104, "pgup"},
                                            {105, "left"},
                                            {106, "right"},
                                            {107, "end"},
                                            {108, "down"},
                                            {109, "pgdn"},
                                            {110, "insert"},
                                            {111, "delete"},
                                            {113, "audiomute"},
                                            {114, "volumedown"},
                                            {115, "volumeup"},
                                            {116, "power"},
                                            {119, "pause"},
                                            {125, "meta_l"},
                                            {126, "meta_r"},
                                            {139, "menu"}};

vireo::InputEvent pattern(u64 n)
{
    return vireo::KeyPress{std::string{typed[n / 2 % typed.size()]}, n % 2 == 0};
}

class Typist {
public:
    void prepare(vireo::Launch& launch)
    {
        vnc_ = launch.directory.sockets() / "vnc";
        launch.argv.insert(launch.argv.end(), {"-vnc", "unix:" + vnc_.string()});
    }
    // Before anything is lit: only changes are told.
    void watch_leds()
    {
        if (!leds_)
            leds_ = vireo::KeyboardLeds::connect(vnc_, Clock::now() + patience);
    }
    bool obey(const std::string& wish, cli::Host& host)
    {
        std::istringstream in{wish};
        std::string what;
        u64 a = 0;
        u64 b = 0;
        in >> what >> a >> b;
        return what == "leds" ? await_leds(a) : send(host, what, a, b);
    }

private:
    static bool send(cli::Host& host, const std::string& what, u64 a, u64 b)
    {
        if (what == "type") {
            bool good = true;
            for (u64 n = a; n < a + b; ++n)
                good &= packet(host, {pattern(n)});
            return good;
        }
        if (what == "type_together") {
            std::vector<vireo::InputEvent> all;
            for (u64 n = a; n < a + b; ++n)
                all.push_back(pattern(n));
            return packet(host, all);
        }
        if (what == "press")
            return packet(host, {vireo::KeyPress{named.at(static_cast<unsigned>(a)), b != 0}});
        if (what == "move")
            return packet(host, {vireo::Motion{'x', static_cast<i64>(a)},
                                 vireo::Motion{'y', -static_cast<i64>(b)}});
        if (what == "point")
            return packet(host, {vireo::Position{'x', static_cast<u32>(a)},
                                 vireo::Position{'y', static_cast<u32>(b)}});
        return what == "click" && packet(host, {vireo::Click{"left", a != 0}});
    }

    static bool packet(cli::Host& host, const std::vector<vireo::InputEvent>& events)
    {
        auto* qmp = host.qmp();
        return qmp != nullptr && vireo::send_input(*qmp, events);
    }

    bool await_leds(u64 mask)
    {
        const auto deadline = Clock::now() + patience;
        const vireo::Leds wanted{
            .num = (mask & 1) != 0, .caps = (mask & 2) != 0, .scroll = (mask & 4) != 0};
        while (lit_ != wanted) {
            lit_ = leds_ ? leds_->next(deadline) : std::nullopt;
            if (!lit_)
                return false;
        }
        return true;
    }

    vireo::fs::path vnc_;
    std::optional<vireo::KeyboardLeds> leds_;
    std::optional<vireo::Leds> lit_;
};

}  // namespace

cli::Booted boot(const cli::Words& words, const std::string& system)
{
    Typist typist;
    return cli::boot({
        .words = cli::Words{SOURCE_FOLDER "/" + system} + words,
        .prepare = [&](vireo::Launch& launch) { typist.prepare(launch); },
        .heard = [&] { typist.watch_leds(); },
        .obey = [&](const std::string& wish, cli::Host& host) { return typist.obey(wish, host); },
    });
}

}  // namespace typist
