// lab/order.hpp - what the laboratory is asked to do, and which fault each trial gets: all of a
// trial follows from the order's seed and the trial's number. Pure; includes abi and base only,
// since tools/vireo writes what the guest reads.
//
//   name=block-kill victim=disk0 load=block kinds=0x2 most=0,300,0,0,0,0,0,0,0,20000 seed=1 first=0
//   count=100 period=0
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <abi/fault.hpp>
#include <base/text.hpp>

namespace lab {

using abi::FaultKind;
using abi::FaultPoint;

enum class Load : u8 { block, net, input, random };
inline constexpr std::array<std::string_view, 4> load_names{"block", "net", "input", "random"};

// Where a fault happens: the kernel's points, and one that needs no kernel for it: microseconds
// after the load began, by init's Kill.
inline constexpr usize time_point = abi::fault_points;
inline constexpr std::array<std::string_view, abi::fault_points + 1> point_names{
    "none", "call", "called", "step", "mmio", "mmio_done", "interrupt", "message", "reply", "time"};
inline constexpr std::array<std::string_view, abi::fault_kinds> kind_names{"count",
                                                                           "kill",
                                                                           "trap",
                                                                           "flip_register",
                                                                           "flip_text",
                                                                           "flip_stack",
                                                                           "flip_data",
                                                                           "nop",
                                                                           "wrong_source",
                                                                           "wrong_destination",
                                                                           "inverted_branch",
                                                                           "off_by_one",
                                                                           "skipped_store",
                                                                           "loop",
                                                                           "block",
                                                                           "fail_call",
                                                                           "drop_interrupt",
                                                                           "duplicate_interrupt",
                                                                           "delay_interrupt",
                                                                           "drop_message",
                                                                           "duplicate_message",
                                                                           "corrupt_message",
                                                                           "flip_shared",
                                                                           "flip_dma"};

template <usize N>
constexpr std::optional<usize> index_of(const std::array<std::string_view, N>& names,
                                        std::string_view name)
{
    const auto at = std::ranges::find(names, name);
    return at == names.end() ? std::nullopt : std::optional{static_cast<usize>(at - names.begin())};
}

// What became of a trial. From `undetected` on nobody wants to see it, but for wild_dma.
enum class Verdict : u8 {
    no_effect,       // nothing happened, or the load ended before the fault was due
    masked,          // something was asked again, and answered
    recovered,       // the server ended, and the next one did what was left
    hang_recovered,  // so it did after it was ended because it hung
    client_error,    // a client was told, by an error that is documented
    odd_error,       // by another one
    detected,        // wrong data, as its own checksum says
    undetected,      // wrong data that looks right
    other_hurt,      // a server ended that nothing was done to, or the victim once more
    never_recovered,
    kernel_crash,
    wild_dma,   // the device was told to use memory that is not the driver's
    lab_error,  // the laboratory could not do it
};
inline constexpr std::array<std::string_view, 13> verdict_names{
    "no_effect",    "masked",   "recovered",  "hang_recovered", "client_error",
    "odd_error",    "detected", "undetected", "other_hurt",     "never_recovered",
    "kernel_crash", "wild_dma", "lab_error"};
constexpr bool bad(Verdict verdict)
{
    return verdict >= Verdict::undetected && verdict != Verdict::wild_dma;
}

// A kind happens at some points only.
constexpr bool applies(FaultKind kind, usize point)
{
    if (point == time_point)
        return kind == FaultKind::kill;
    const auto at = static_cast<FaultPoint>(point);
    if (at == FaultPoint::none)
        return false;
    switch (kind) {
    case FaultKind::fail_call:
        // One that was carried out and says that it was not would be a kernel that lies.
        return at == FaultPoint::call;
    case FaultKind::drop_interrupt:
    case FaultKind::duplicate_interrupt:
    case FaultKind::delay_interrupt:
        return at == FaultPoint::interrupt;
    case FaultKind::drop_message:
    case FaultKind::corrupt_message:
        return at == FaultPoint::message || at == FaultPoint::reply;
    case FaultKind::duplicate_message:
        return at == FaultPoint::message;
    default:
        return true;
    }
}

struct Trial {
    u32 number;
    u64 seed;  // of all that is random in it
    FaultKind kind;
    usize point;  // a FaultPoint, or time_point
    u32 n;        // from 1
};

struct Order {
    std::string_view name;  // of the experiment
    std::string_view victim;
    Load load = Load::block;
    u32 kinds = 0;                                  // bits
    std::array<u32, abi::fault_points + 1> most{};  // the largest n at each point; 0: not there
    u64 seed = 1;
    u32 first = 0;
    u32 count = 0;
    u32 period = 0;  // abi/fault.hpp; of `time`: microseconds from one kill to the next, 0: one

    bool has(usize kind) const { return (kinds >> kind & 1) != 0; }
    bool possible(usize kind, usize point) const
    {
        return has(kind) && most[point] != 0 && applies(static_cast<FaultKind>(kind), point);
    }
    usize points_of(usize kind) const
    {
        usize count_of = 0;
        for (usize point = 0; point < most.size(); ++point)
            count_of += possible(kind, point) ? 1 : 0;
        return count_of;
    }
    // Some fault can happen.
    bool sound() const
    {
        for (usize kind = 0; kind < abi::fault_kinds; ++kind)
            if (points_of(kind) != 0)
                return true;
        return false;
    }
    bool needs_kernel() const
    {
        return std::any_of(most.begin(), most.begin() + time_point, [](u32 n) { return n != 0; });
    }
};

// Numbers from a seed: splitmix64.
class Dice {
public:
    explicit constexpr Dice(u64 seed) : state_{seed} {}

    constexpr u64 next()
    {
        u64 z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    // Below `limit`, which is not 0.
    constexpr u64 below(u64 limit) { return next() % limit; }

private:
    u64 state_;
};

// The `rank`-th of 0, 1, ... that is `wanted`, counted from 0.
template <class Wanted>
constexpr usize nth(usize rank, const Wanted& wanted)
{
    usize at = 0;
    while (!wanted(at) || rank-- != 0)
        ++at;
    return at;
}

// For a sound order.
inline Trial trial_of(const Order& order, u32 number)
{
    Dice dice{order.seed ^ Dice{number}.next()};
    usize kinds = 0;
    for (usize kind = 0; kind < abi::fault_kinds; ++kind)
        kinds += order.points_of(kind) != 0 ? 1 : 0;
    const usize kind = nth(dice.below(kinds), [&](usize one) { return order.points_of(one) != 0; });
    const usize point = nth(dice.below(order.points_of(kind)),
                            [&](usize one) { return order.possible(kind, one); });
    const u32 n = 1 + static_cast<u32>(dice.below(order.most[point]));
    return {number, dice.next(), static_cast<FaultKind>(kind), point, n};
}

namespace detail {

inline bool read_most(std::string_view list, Order& order)
{
    for (u32& most : order.most) {
        const auto end = std::min(list.find(','), list.size());
        const auto number = text::parse_number(list.substr(0, end));
        if (!number)
            return false;
        most = static_cast<u32>(*number);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return list.empty();
}

inline bool read_text(std::string_view key, std::string_view value, Order& order)
{
    if (key == "name")
        order.name = value;
    else if (key == "victim")
        order.victim = value;
    else if (key == "load") {
        const auto load = index_of(load_names, value);
        order.load = static_cast<Load>(load.value_or(0));
        return load.has_value();
    } else
        return key == "most" && read_most(value, order);
    return true;
}

inline bool read_number(std::string_view key, u64 value, Order& order)
{
    const auto small = static_cast<u32>(value);
    if (key == "kinds")
        order.kinds = small;
    else if (key == "seed")
        order.seed = value;
    else if (key == "first")
        order.first = small;
    else if (key == "count")
        order.count = small;
    else if (key == "period")
        order.period = small;
    else
        return false;
    return true;
}

}  // namespace detail

// Its names point into `line`. Errors: bad_argument.
inline Result<Order> parse_order(std::string_view line)
{
    Order order;
    while (!line.empty()) {
        const auto word = line.substr(0, std::min(line.find(' '), line.size()));
        line.remove_prefix(std::min(word.size() + 1, line.size()));
        const auto equals = std::min(word.find('='), word.size());
        const auto key = word.substr(0, equals);
        const auto value = word.substr(std::min(equals + 1, word.size()));
        const auto number = text::parse_number(value);
        if (!detail::read_text(key, value, order)
            && !(number && detail::read_number(key, *number, order)))
            return fail(Errc::bad_argument);
    }
    return order.sound() ? Result<Order>{order} : fail(Errc::bad_argument);
}

inline void write_order(const Order& order, text::Writer& line)
{
    line.field("name", order.name).field("victim", order.victim);
    line.field("load", load_names[static_cast<usize>(order.load)]);
    line.field("kinds", u64{order.kinds}).put(" most=");
    for (usize point = 0; point < order.most.size(); ++point)
        line.put(point == 0 ? "" : ",").number(order.most[point]);
    line.field("seed", order.seed).field("first", u64{order.first});
    line.field("count", u64{order.count}).field("period", u64{order.period});
}

}  // namespace lab
