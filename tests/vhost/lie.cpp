// vhost/lie.cpp - what the back end is told to do wrong.
#include "lie.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace vhost {
namespace {

using model::Lie;

struct Named {
    std::string_view name;
    Lie lie;
};
constexpr std::array names{
    Named{"id_out_of_range", Lie::id_out_of_range},
    Named{"id_not_head", Lie::id_not_head},
    Named{"id_not_given", Lie::id_not_given},
    Named{"used_twice", Lie::used_twice},
    Named{"length_over_total", Lie::length_over_total},
    Named{"length_huge", Lie::length_huge},
    Named{"length_of_total", Lie::length_of_total},
    Named{"length_short", Lie::length_short},
    Named{"index_jumps", Lie::index_jumps},
    Named{"index_goes_back", Lie::index_goes_back},
    Named{"scribbles", Lie::scribbles},
    Named{"status_byte", Lie::status_byte},
    Named{"status_missing", Lie::status_missing},
    Named{"answers_nothing", Lie::answers_nothing},
    Named{"no_bytes", Lie::no_bytes},
    Named{"frame_short", Lie::frame_short},
    Named{"frame_long", Lie::frame_long},
    Named{"num_buffers", Lie::num_buffers},
    Named{"header_bits", Lie::header_bits},
};

struct NamedTrick {
    std::string_view name;
    model::Occasion Tricks::* trick;
};
constexpr std::array trick_names{
    NamedTrick{"no_interrupt", &Tricks::no_interrupt},
    NamedTrick{"storm", &Tricks::storm},
    NamedTrick{"capacity", &Tricks::capacity},
    NamedTrick{"late", &Tricks::late},
    NamedTrick{"slow", &Tricks::slow},
    NamedTrick{"dies", &Tricks::dies},
};

// Splitmix64.
u64 next(u64& state)
{
    state += 0x9e3779b97f4a7c15;
    u64 z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

}  // namespace

std::optional<u64> number(std::string_view text)
{
    u64 value = 0;
    const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), value);
    return why == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                  : std::nullopt;
}

std::string_view take(std::string_view& text, char separator)
{
    const auto at = std::min(text.find(separator), text.size());
    const auto part = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return part;
}

bool arm(std::string_view text, model::Lies& lies, Tricks& tricks)
{
    model::Occasion told{.times = 1};
    auto value = take(text, ',');
    const auto name = take(value, '=');
    bool good = value.empty() || number(value);
    told.value = number(value).value_or(0);
    while (good && !text.empty()) {
        auto word = take(text, ',');
        const auto key = take(word, '=');
        const auto given = number(word);
        good = given && (key == "after" || key == "times" || key == "queue");
        if (key == "queue")
            told.queue = static_cast<u16>(given.value_or(0));
        else
            (key == "after" ? told.after : told.times) = given.value_or(0);
    }
    const auto* const lie = std::ranges::find(names, name, &Named::name);
    const auto* const trick = std::ranges::find(trick_names, name, &NamedTrick::name);
    if (lie != names.end() && told.queue)
        lies.arm_on(*told.queue, lie->lie, told.value, told.times, told.after);
    else if (lie != names.end())
        lies.arm(lie->lie, told.value, told.times, told.after);
    else if (trick != trick_names.end())
        tricks.*trick->trick = told;
    else
        return false;
    return good;
}

void draw(u64 seed, u32 count, model::Lies& lies)
{
    // Each kind at most once, since a kind has one occasion; all of them end in a reset at worst.
    constexpr std::array kinds{Lie::id_out_of_range, Lie::id_not_head,       Lie::id_not_given,
                               Lie::used_twice,      Lie::length_over_total, Lie::length_huge,
                               Lie::length_of_total, Lie::length_short,      Lie::index_jumps,
                               Lie::status_byte,     Lie::status_missing};
    std::array<Lie, kinds.size()> left = kinds;
    for (usize i = 0; i < std::min<usize>(count, left.size()); ++i) {
        std::swap(left[i], left[i + next(seed) % (left.size() - i)]);
        lies.arm(left[i], next(seed) >> 32, 1, next(seed) % 256);
    }
}

}  // namespace vhost
