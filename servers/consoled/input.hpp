// consoled/input.hpp - bytes that came in and nobody has read yet.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include <base/types.hpp>

namespace consoled {

class Input {
public:
    static constexpr usize capacity = 1024;

    bool empty() const { return used_ == 0; }
    bool full() const { return used_ == capacity; }
    usize size() const { return used_; }

    // It is not full.
    void add(u8 byte) { bytes_[(first_ + used_++) % capacity] = byte; }

    // Takes as many as fit; how many.
    usize take(std::span<u8> out)
    {
        const usize count = std::min(out.size(), used_);
        for (usize i = 0; i < count; ++i)
            out[i] = bytes_[(first_ + i) % capacity];
        first_ = (first_ + count) % capacity;
        used_ -= count;
        return count;
    }
    void clear() { used_ = 0; }

private:
    std::array<u8, capacity> bytes_{};
    usize first_ = 0;
    usize used_ = 0;
};

}  // namespace consoled
