// vsh/command.hpp - the commands of the shell, and a line of text made into one. Pure: nothing is
// executed here.
#pragma once

#include "words.hpp"

#include <array>
#include <expected>
#include <string_view>

#include <base/text.hpp>

namespace vsh {

enum class Verb : u8 {
    nothing,  // an empty line
    help,
    ps,
    devices,
    blk_info,
    blk_sha256,
    blk_read,
    blk_write,
    blk_fill,
    blk_verify,
    blk_flush,
    blk_discard,
    blk_zero,
    blk_unmap,
    blk_id,
    blk_cache,
    blk_bench,
    blk_stress,
    net_info,
    net_stats,
    net_send,
    net_dump,
    net_arp,
    net_ping,
    input_list,
    input_watch,
    input_led,
    input_state,
    rand,
    stat,
    crashes,
    kill,
    restart,
    hold,
    update,
    watch,
    jobs,
    wait,
    poweroff,
};

// What follows the name of a command.
enum class Operand : u8 {
    none,
    program,
    image,
    disk,
    first,
    count,
    seed,
    text,
    bytes,
    rounds,
    kills,
    nic,
    address,
    device,
    led,
    on,
};

struct Form {
    Verb verb;
    std::string_view group;  // first word of the line
    std::string_view name;   // second word, if the group has several commands
    std::array<Operand, 4> operands;
    u8 required;  // how many must be there; the others come all together or not at all
    std::string_view usage;
    std::string_view purpose;
};

inline constexpr u64 max_rand_bytes = 4096;
inline constexpr u64 max_text_bytes = 512;  // one sector
inline constexpr u64 max_rounds = 1'000'000;

// clang-format off
inline constexpr std::array forms{
    Form{Verb::help, "help", "", {}, 0,
         "help", "this list"},
    Form{Verb::ps, "ps", "", {}, 0,
         "ps", "programs: state, epoch, priority, frames, handles"},
    Form{Verb::devices, "devices", "", {}, 0,
         "devices", "devices: slot, owner, how registers are reached"},
    Form{Verb::blk_info, "blk", "info", {Operand::disk}, 1,
         "blk info DISK", "capacity, block sizes, mode, serial"},
    Form{Verb::blk_sha256, "blk", "sha256", {Operand::disk, Operand::first, Operand::count}, 1,
         "blk sha256 DISK [FIRST COUNT]", "SHA-256 of the disk, or of a range of sectors"},
    Form{Verb::blk_read, "blk", "read", {Operand::disk, Operand::first, Operand::count}, 2,
         "blk read DISK SECTOR [COUNT]", "hexdump of sectors"},
    Form{Verb::blk_write, "blk", "write", {Operand::disk, Operand::first, Operand::text}, 3,
         "blk write DISK SECTOR TEXT", "one sector: the rest of the line, then zeroes"},
    Form{Verb::blk_fill, "blk", "fill",
         {Operand::disk, Operand::first, Operand::count, Operand::seed}, 4,
         "blk fill DISK FIRST COUNT SEED", "write the pattern of SEED"},
    Form{Verb::blk_verify, "blk", "verify",
         {Operand::disk, Operand::first, Operand::count, Operand::seed}, 4,
         "blk verify DISK FIRST COUNT SEED", "read, and compare with the pattern of SEED"},
    Form{Verb::blk_flush, "blk", "flush", {Operand::disk}, 1,
         "blk flush DISK", "all that was written before is durable"},
    Form{Verb::blk_discard, "blk", "discard", {Operand::disk, Operand::first, Operand::count}, 3,
         "blk discard DISK FIRST COUNT", "nobody needs what these sectors hold"},
    Form{Verb::blk_zero, "blk", "zero", {Operand::disk, Operand::first, Operand::count}, 3,
         "blk zero DISK FIRST COUNT", "zeroes, which the device makes"},
    Form{Verb::blk_unmap, "blk", "unmap", {Operand::disk, Operand::first, Operand::count}, 3,
         "blk unmap DISK FIRST COUNT", "the same, and the device may give their space back"},
    Form{Verb::blk_id, "blk", "id", {Operand::disk}, 1,
         "blk id DISK", "the serial number, as the device says it now"},
    Form{Verb::blk_cache, "blk", "cache", {Operand::disk, Operand::on}, 2,
         "blk cache DISK on|off", "whether writes may stay in a cache of the device"},
    Form{Verb::blk_bench, "blk", "bench", {Operand::disk, Operand::rounds}, 2,
         "blk bench DISK COUNT", "how long so many random reads take, 32 at a time"},
    Form{Verb::blk_stress, "blk", "stress", {Operand::disk, Operand::rounds, Operand::kills}, 2,
         "blk stress DISK ROUNDS [KILLS]", "write, flush, compare 1 MiB; kill its server meanwhile"},
    Form{Verb::net_info, "net", "info", {Operand::nic}, 1,
         "net info NIC", "address, link, sizes, who makes checksums"},
    Form{Verb::net_stats, "net", "stats", {Operand::nic}, 1,
         "net stats NIC", "frames of all programs since its server started"},
    Form{Verb::net_send, "net", "send", {Operand::nic, Operand::text}, 2,
         "net send NIC TEXT", "one frame to everybody: the rest of the line"},
    Form{Verb::net_dump, "net", "dump", {Operand::nic, Operand::count}, 2,
         "net dump NIC COUNT", "hexdump of the next frames"},
    Form{Verb::net_arp, "net", "arp", {Operand::nic, Operand::address}, 2,
         "net arp NIC ADDRESS", "who has that IPv4 address; ours is 10.0.2.15"},
    Form{Verb::net_ping, "net", "ping", {Operand::nic, Operand::address, Operand::count}, 2,
         "net ping NIC ADDRESS [COUNT]", "ICMP echo: whether that address answers"},
    Form{Verb::input_list, "input", "list", {}, 0,
         "input list", "keyboards, mice, tablets that this shell may use"},
    Form{Verb::input_watch, "input", "watch", {Operand::device, Operand::count}, 2,
         "input watch DEVICE COUNT", "the next events, each within 10 s"},
    Form{Verb::input_led, "input", "led", {Operand::device, Operand::led, Operand::on}, 3,
         "input led DEVICE num|caps|scroll on|off", "light a LED or put it out"},
    Form{Verb::input_state, "input", "state", {Operand::device}, 1,
         "input state DEVICE", "keys held, LEDs lit, where axes are"},
    Form{Verb::rand, "rand", "", {Operand::bytes}, 1,
         "rand N", "N random bytes in hex, 1 to 4096"},
    Form{Verb::stat, "stat", "", {Operand::program}, 0,
         "stat [SERVER]", "what servers count, and how long requests take"},
    Form{Verb::crashes, "crashes", "", {}, 0,
         "crashes", "how servers ended, and what followed"},
    Form{Verb::kill, "kill", "", {Operand::program}, 1,
         "kill PROGRAM", "end a program; init starts a server again"},
    Form{Verb::restart, "restart", "", {Operand::program}, 1,
         "restart SERVER", "a new instance, also of one that was held or given up"},
    Form{Verb::hold, "hold", "", {Operand::program}, 1,
         "hold SERVER", "when it ends, callers wait until it is asked to restart"},
    Form{Verb::update, "update", "", {Operand::program, Operand::image}, 2,
         "update SERVER IMAGE", "ends what it has, then goes on as another image, or the same"},
    Form{Verb::watch, "watch", "", {Operand::text}, 1,
         "watch servers|COMMAND", "servers that end and come back; COMMAND again whenever one does"},
    Form{Verb::jobs, "jobs", "", {}, 0,
         "jobs", "what runs in the background: COMMAND &"},
    Form{Verb::wait, "wait", "", {}, 0,
         "wait", "until everything in the background has ended"},
    Form{Verb::poweroff, "poweroff", "", {}, 0,
         "poweroff", "end of the run; jobs end, too"},
};
// clang-format on

struct Command {
    Verb verb = Verb::nothing;
    std::string_view program;
    std::string_view image;
    std::string_view disk;
    std::string_view nic;
    std::string_view address;
    std::string_view device;
    u32 led = 0;
    bool on = false;
    u64 first = 0;
    u64 count = 0;  // zero: was not given
    u64 seed = 0;
    u64 kills = 0;
    std::string_view text;
};

// Why a line is no command: what to say, and the word it is about.
struct Problem {
    std::string_view what;
    std::string_view word;
    std::string_view usage;  // empty if the command itself is unknown
};

namespace detail {

// Sets `place`, or says why not.
inline std::string_view put(u64& place, std::string_view word, u64 least, u64 most)
{
    const auto value = text::parse_number(word);
    if (!value && value.error() != Errc::out_of_range)
        return "not a number";
    if (!value || *value < least || *value > most)
        return "out of range";
    place = *value;
    return {};
}

// Sets `place` to the position of a word among others, or says why not.
template <usize N>
std::string_view
put(u32& place, std::string_view word, const std::array<std::string_view, N>& words)
{
    const auto found = std::ranges::find(words, word);
    if (found == words.end())
        return "none of the words that can be here";
    place = static_cast<u32>(found - words.begin());
    return {};
}

// As their numbers say (Linux, LED_NUML and so on).
inline constexpr std::array<std::string_view, 3> led_names{"num", "caps", "scroll"};
inline constexpr std::array<std::string_view, 2> switch_words{"off", "on"};

inline std::string_view put(Operand operand, std::string_view word, Command& into)
{
    switch (operand) {
    case Operand::program:
        into.program = word;
        return {};
    case Operand::image:
        into.image = word;
        return {};
    case Operand::disk:
        into.disk = word;
        return {};
    case Operand::nic:
        into.nic = word;
        return {};
    case Operand::address:
        into.address = word;
        return {};
    case Operand::device:
        into.device = word;
        return {};
    case Operand::led:
        return put(into.led, word, led_names);
    case Operand::on: {
        u32 on = 0;
        const auto why = put(on, word, switch_words);
        into.on = on != 0;
        return why;
    }
    case Operand::first:
        return put(into.first, word, 0, ~u64{0});
    case Operand::count:
        return put(into.count, word, 1, ~u64{0});
    case Operand::seed:
        return put(into.seed, word, 0, ~u64{0});
    case Operand::rounds:
        return put(into.count, word, 1, max_rounds);
    case Operand::kills:
        return put(into.kills, word, 0, max_rounds);
    case Operand::bytes:
        return put(into.count, word, 1, max_rand_bytes);
    case Operand::text:
        into.text = word;
        return word.size() > max_text_bytes ? "longer than a sector" : std::string_view{};
    case Operand::none:
        break;
    }
    return {};
}

inline std::expected<Command, Problem> operands(const Form& form, Words words)
{
    Command command{};
    command.verb = form.verb;
    for (usize i = 0; i < form.operands.size() && form.operands[i] != Operand::none; ++i) {
        const auto operand = form.operands[i];
        const auto word = operand == Operand::text ? words.remainder() : words.next();
        if (word.empty() && i == form.required)
            return command;
        if (word.empty())
            return std::unexpected{Problem{"something is missing", {}, form.usage}};
        if (const auto why = put(operand, word, command); !why.empty())
            return std::unexpected{Problem{why, word, form.usage}};
        if (operand == Operand::text)
            return command;
    }
    if (const auto surplus = words.next(); !surplus.empty())
        return std::unexpected{Problem{"too much", surplus, form.usage}};
    return command;
}

}  // namespace detail

// The command that a line names, with its operands; views point into `line`.
inline std::expected<Command, Problem> parse(std::string_view line)
{
    Words words{line};
    const auto group = words.next();
    if (group.empty())
        return Command{};

    bool group_known = false;
    auto after_name = words;
    const auto name = after_name.next();
    for (const Form& form : forms) {
        if (form.group != group)
            continue;
        if (form.name.empty())
            return detail::operands(form, words);
        if (form.name == name)
            return detail::operands(form, after_name);
        group_known = true;
    }
    return std::unexpected{
        Problem{"unknown command", group_known && !name.empty() ? name : group, {}}};
}

}  // namespace vsh
