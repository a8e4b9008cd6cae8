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

const std::map<unsigned, std::string> named{{1, "esc"}, {28, "ret"},   {29, "ctrl"},
                                            {30, "a"},  {42, "shift"}, {57, "spc"}};

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

cli::Booted boot(const cli::Words& words)
{
    Typist typist;
    return cli::boot({
        .words = cli::Words{SOURCE_FOLDER "/input.toml"} + words,
        .prepare = [&](vireo::Launch& launch) { typist.prepare(launch); },
        .heard = [&] { typist.watch_leds(); },
        .obey = [&](const std::string& wish, cli::Host& host) { return typist.obey(wish, host); },
    });
}

}  // namespace typist
