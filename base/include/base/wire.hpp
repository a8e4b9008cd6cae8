// base/wire.hpp - what may cross a boundary between programs: plain bytes, and methods made of
// them.
#pragma once

#include <array>
#include <type_traits>

#include <base/types.hpp>

// Plain bytes: no pointers to run, nothing to construct, and no padding that could leak memory. Any
// bytes are a value of it.
template <class T>
concept Wire = std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>
               && (std::is_empty_v<T> || std::has_unique_object_representations_v<T>);

// Bytes that a Wire type takes in a message; an empty struct takes none.
template <Wire T>
constexpr usize wire_bytes = std::is_empty_v<T> ? 0 : sizeof(T);

// What a client library does with a method after its server restarted: repeat the last successful
// `state` call, forget a `query`.
enum class MethodKind : u8 { query, state };

// One call of a protocol: a Request goes out, a Reply comes back, both fit one message.
template <class M>
concept Method =
    Wire<typename M::Request> && Wire<typename M::Reply> && sizeof(typename M::Request) <= 512
    && sizeof(typename M::Reply) <= 512 && std::same_as<const u16, decltype(M::ordinal)>
    && std::same_as<const MethodKind, decltype(M::kind)>;

// The whole of a protocol. Ordinals are never reused, and 0 is never one.
template <Method... Ms>
struct Methods {
    static constexpr bool ordinals_unique()
    {
        constexpr std::array<u16, sizeof...(Ms)> ordinals{Ms::ordinal...};
        for (usize i = 0; i < ordinals.size(); ++i)
            for (usize j = 0; j < ordinals.size(); ++j)
                if (ordinals[i] == 0 || (i != j && ordinals[i] == ordinals[j]))
                    return false;
        return true;
    }
    static_assert(ordinals_unique(), "two methods of a protocol share an ordinal, or one is zero");
};
