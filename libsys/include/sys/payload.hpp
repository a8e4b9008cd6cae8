// sys/payload.hpp - a Wire value into a message and out of it: up to 56 bytes in registers, more in
// the message page.
#pragma once

#include <cstring>
#include <span>

#include <base/wire.hpp>
#include <sys/syscall.hpp>

namespace sys {

// The words of a payload that fits them. Bytes behind it are zero: nothing of ours leaks.
inline void put_payload(Words& words, std::span<const std::byte> payload)
{
    if (payload.size() <= abi::register_bytes)
        std::memcpy(words.data(), payload.data(), payload.size());
    else
        std::memcpy(message_page().payload.data(), payload.data(), payload.size());
}

template <Wire T>
void put_payload(Words& words, const T& value)
{
    static_assert(wire_bytes<T> <= abi::message_bytes);
    if constexpr (wire_bytes<T> != 0 && wire_bytes<T> <= abi::register_bytes)
        std::memcpy(words.data(), &value, sizeof(T));
    else if constexpr (wire_bytes<T> != 0)
        std::memcpy(message_page().payload.data(), &value, sizeof(T));
}

// Copied once, here. Errors: bad_argument (it has another size).
template <Wire T>
Result<T> get_payload(const Incoming& in)
{
    if (in.header.size() != wire_bytes<T>)
        return fail(Errc::bad_argument);
    T value{};
    if constexpr (wire_bytes<T> != 0 && wire_bytes<T> <= abi::register_bytes)
        std::memcpy(&value, in.words.data(), sizeof(T));
    else if constexpr (wire_bytes<T> != 0)
        std::memcpy(&value, message_page().payload.data(), sizeof(T));
    return value;
}

}  // namespace sys
