// vsh/hexdump.hpp - bytes as `hexdump -C` prints them: address, sixteen bytes, their characters;
// repeated lines as `*`.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include <base/types.hpp>

namespace vsh {

class Hexdump {
public:
    static constexpr usize row_bytes = 16;

    // `address` is that of the first byte; each later row follows the one before it.
    explicit Hexdump(u64 address) : address_{address} {}

    // The line for the next row (1 to 16 bytes); empty if nothing is to be printed because it
    // repeats the row before.
    std::string_view row(std::span<const std::byte> bytes)
    {
        const bool repeats = rows_ != 0 && bytes.size() == row_bytes
                             && std::memcmp(bytes.data(), last_.data(), row_bytes) == 0;
        if (repeats) {
            address_ += row_bytes;
            return std::exchange(starred_, true) ? std::string_view{} : "*";
        }
        starred_ = false;
        ++rows_;
        std::memcpy(last_.data(), bytes.data(), bytes.size());
        return format(bytes);
    }

    // The last line: the address after the last byte.
    std::string_view end()
    {
        used_ = 0;
        put_address();
        return {line_.data(), used_};
    }

private:
    void put(char c) { line_[used_++] = c; }

    void put_hex(u64 value, unsigned digits)
    {
        for (unsigned shift = digits * 4; shift != 0; shift -= 4)
            put("0123456789abcdef"[(value >> (shift - 4)) & 15]);
    }

    void put_address()
    {
        unsigned digits = 8;
        while (digits < 16 && address_ >> (digits * 4) != 0)
            ++digits;
        put_hex(address_, digits);
    }

    std::string_view format(std::span<const std::byte> bytes)
    {
        used_ = 0;
        put_address();
        put(' ');
        for (usize i = 0; i < row_bytes; ++i) {
            put(' ');
            if (i == row_bytes / 2)
                put(' ');
            if (i < bytes.size()) {
                put_hex(std::to_integer<u64>(bytes[i]), 2);
            } else {
                put(' ');
                put(' ');
            }
        }
        put(' ');
        put(' ');
        put('|');
        for (const std::byte each : bytes) {
            const auto c = std::to_integer<char>(each);
            put(c >= 0x20 && c < 0x7f ? c : '.');
        }
        put('|');
        address_ += bytes.size();
        return {line_.data(), used_};
    }

    u64 address_;
    u64 rows_ = 0;
    bool starred_ = false;
    usize used_ = 0;
    std::array<std::byte, row_bytes> last_{};
    std::array<char, 96> line_{};
};

}  // namespace vsh
