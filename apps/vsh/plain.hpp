// vsh/plain.hpp - names that a server wrote, before a terminal gets them. Pure.
#pragma once

#include <array>

#include <base/types.hpp>

namespace vsh {

// With `?` for each byte that is no printable ASCII character: what is left does nothing to a
// terminal but to take a column each. Zeros stay, they end a name.
template <usize N>
constexpr std::array<char, N> plain(std::array<char, N> name)
{
    for (char& c : name)
        if (c != '\0' && (c < ' ' || c > '~'))
            c = '?';
    return name;
}

}  // namespace vsh
