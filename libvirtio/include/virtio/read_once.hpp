// virtio/read_once.hpp - copies a structure out of memory that the device can write at any time.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <type_traits>

#include <base/types.hpp>

namespace virtio {

// Every word is read exactly once, so what is checked afterwards is what is used. `at` is aligned
// to 4 bytes; T has no padding that anybody looks at.
template <class T>
    requires(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(u32) == 0)
T read_once(std::byte* at)
{
    std::array<u32, sizeof(T) / sizeof(u32)> words;
    for (usize i = 0; i < words.size(); ++i)
        words[i] = std::atomic_ref{reinterpret_cast<u32*>(at)[i]}.load(std::memory_order_relaxed);
    return std::bit_cast<T>(words);
}

}  // namespace virtio
