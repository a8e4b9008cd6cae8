// lab/keys.hpp - the endless pattern of numbered keys: event n is a press if it is even, and the
// release of the same key if it is odd. The host types it, the laboratory expects it.
#pragma once

#include <string_view>

#include <base/types.hpp>

namespace lab {

// QEMU's names of the keys; Linux's numbers of them.
inline constexpr std::string_view typed_names = "1234567890qwertyuiopasdfghjklzxcvbnm";

constexpr char typed_name(u64 n) { return typed_names[n / 2 % typed_names.size()]; }
constexpr bool typed_press(u64 n) { return n % 2 == 0; }
constexpr u16 typed_code(u64 n)
{
    struct Row {
        u64 keys;
        u16 first;
    };
    u64 index = n / 2 % typed_names.size();
    for (const auto& [keys, first] : {Row{10, 2}, Row{10, 16}, Row{9, 30}}) {
        if (index < keys)
            return static_cast<u16>(first + index);
        index -= keys;
    }
    return static_cast<u16>(44 + index);
}

}  // namespace lab
