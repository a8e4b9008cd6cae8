// bytes.hpp - a growing row of bytes into which plain structures are put at aligned places.
#pragma once

#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include <base/bits.hpp>
#include <base/wire.hpp>

namespace vireo {

class ByteWriter {
public:
    u64 size() const { return bytes_.size(); }
    std::vector<u8> take() { return std::move(bytes_); }

    // Zeroes up to a multiple of `alignment`; returns where that is.
    u64 align(u64 alignment)
    {
        bytes_.resize(align_up(bytes_.size(), alignment));
        return size();
    }
    u64 append(std::span<const u8> more)
    {
        const u64 at = size();
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        return at;
    }
    // A string and the zero byte that ends it.
    void append_string(std::string_view text)
    {
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        bytes_.push_back(0);
    }
    // Room for `count` values, all zero.
    template <class T>
    u64 reserve(u64 count = 1)
    {
        const u64 at = size();
        bytes_.resize(bytes_.size() + count * sizeof(T));
        return at;
    }
    template <class T>
        requires std::is_trivially_copyable_v<T>
    void put(u64 at, const T& value)
    {
        std::memcpy(bytes_.data() + at, &value, sizeof(T));
    }

private:
    std::vector<u8> bytes_;
};

}  // namespace vireo
