// typist.cpp - boots the system of this folder and does what its guest asks for.
#include "typist.hpp"

#include "guest.hpp"
#include "guest_log.hpp"
#include "input_events.hpp"
#include "keyboard_leds.hpp"

#include <array>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>

namespace typist {
namespace {

using namespace std::chrono_literals;
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
    Typist(const vireo::Launch& launch, vireo::fs::path vnc, Guest& guest)
        : launch_{&launch}, vnc_{std::move(vnc)}, guest_{&guest}
    {
    }

    void line(const std::string& text)
    {
        if (!leds_)  // before anything is lit: only changes are told
            leds_ = vireo::KeyboardLeds::connect(vnc_, Clock::now() + patience);
        const auto record = vireo::parse_record(text);
        if (record && record->user_output && record->text.starts_with("host: "))
            obey(record->text.substr(6));
        // QMP serves one at a time, and somebody else asks at the end.
        if (record && record->from_init() && vireo::field(record->text, "msg") == "exited")
            qmp_.reset();
    }

private:
    void obey(const std::string& words)
    {
        std::istringstream in{words};
        std::string what;
        u64 a = 0;
        u64 b = 0;
        in >> what >> a >> b;
        ++guest_->asked;
        if (!(what == "leds" ? await_leds(a) : send(what, a, b)))
            guest_->problems.push_back("not done: " + words);
    }

    bool send(const std::string& what, u64 a, u64 b)
    {
        if (what == "type") {
            bool good = true;
            for (u64 n = a; n < a + b; ++n)
                good &= packet({pattern(n)});
            return good;
        }
        if (what == "type_together") {
            std::vector<vireo::InputEvent> all;
            for (u64 n = a; n < a + b; ++n)
                all.push_back(pattern(n));
            return packet(all);
        }
        if (what == "press")
            return packet({vireo::KeyPress{named.at(static_cast<unsigned>(a)), b != 0}});
        if (what == "move")
            return packet({vireo::Motion{'x', static_cast<i64>(a)},
                           vireo::Motion{'y', -static_cast<i64>(b)}});
        if (what == "point")
            return packet({vireo::Position{'x', static_cast<u32>(a)},
                           vireo::Position{'y', static_cast<u32>(b)}});
        return what == "click" && packet({vireo::Click{"left", a != 0}});
    }

    bool packet(const std::vector<vireo::InputEvent>& events)
    {
        if (!qmp_)
            qmp_ = vireo::Qmp::connect(launch_->qmp_socket, patience);
        return qmp_ && vireo::send_input(*qmp_, events);
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

    const vireo::Launch* launch_;
    vireo::fs::path vnc_;
    Guest* guest_;
    std::optional<vireo::Qmp> qmp_;
    std::optional<vireo::KeyboardLeds> leds_;
    std::optional<vireo::Leds> lit_;
};

vireo::Options options_of(std::vector<std::string> words)
{
    words.insert(words.begin(), {"vireo", "run", "--no-build", SOURCE_FOLDER "/input.toml"});
    std::vector<const char*> argv;
    for (const auto& word : words)
        argv.push_back(word.c_str());
    return std::get<vireo::Options>(
        vireo::parse_options(static_cast<int>(argv.size()), argv.data()));
}

}  // namespace

Guest boot(const std::vector<std::string>& words)
{
    const vireo::Project project{.root = PROJECT_ROOT, .target = VIREO_TARGET_DIR};
    const auto options = options_of(words);
    auto launch = vireo::prepare_launch(project, options, {});
    const auto vnc = launch.directory.sockets() / "vnc";
    launch.argv.insert(launch.argv.end(), {"-vnc", "unix:" + vnc.string()});
    Guest guest;
    Typist typist{launch, vnc, guest};
    const vireo::GuestListener listener{.line = [&](const std::string& line) {
        guest.log.push_back(line);
        typist.line(line);
    }};
    const auto end = vireo::run_guest(project, launch, options, listener);
    const auto judgement = vireo::judge(end);
    guest.code = judgement.code;
    guest.reason = judgement.reason;
    guest.complaints = end.complaints;
    return guest;
}

}  // namespace typist
