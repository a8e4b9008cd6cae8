// base/text.hpp - text into a span: numbers, hexadecimal, padding, and the key=value fields of a
// log line. No heap, no locale. What does not fit is cut off, and overflow() tells.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include <base/types.hpp>

namespace text {

// Numbers of a field that read better in base 16.
struct Hex {
    u64 value;
};

// Not inlined where it loops: text is for people, small code is for the cache.
class Writer {
public:
    constexpr explicit Writer(std::span<char> place) : place_{place} {}

    constexpr Writer& put(char c)
    {
        if (used_ < place_.size())
            place_[used_++] = c;
        else
            overflow_ = true;
        return *this;
    }

    [[gnu::noinline]] constexpr Writer& put(std::string_view characters)
    {
        for (const char c : characters)
            put(c);
        return *this;
    }

    constexpr Writer& fill(usize count, char c = ' ')
    {
        for (; count > 0; --count)
            put(c);
        return *this;
    }

    // Padded on the left, on the right, to at least `width` characters.
    constexpr Writer& right(std::string_view characters, usize width)
    {
        return fill(width > characters.size() ? width - characters.size() : 0).put(characters);
    }
    constexpr Writer& left(std::string_view characters, usize width)
    {
        return put(characters).fill(width > characters.size() ? width - characters.size() : 0);
    }

    constexpr Writer& number(u64 value, usize width = 0) { return digits(value, 10, width, ' '); }
    constexpr Writer& number_signed(i64 value)
    {
        return value < 0 ? put('-').number(0 - static_cast<u64>(value))
                         : number(static_cast<u64>(value));
    }
    // Digits alone, at least `width` of them.
    constexpr Writer& hex(u64 value, usize width = 1) { return digits(value, 16, width, '0'); }

    // A value as logfmt has it: bare if it is one word, otherwise in quotes with \" \\ \n and \xNN.
    [[gnu::noinline]] constexpr Writer& value(std::string_view characters)
    {
        return bare(characters) ? put(characters) : quoted(characters);
    }
    constexpr Writer& value(u64 n) { return number(n); }
    constexpr Writer& value(Hex n) { return put("0x").hex(n.value); }
    [[gnu::noinline]] constexpr Writer& quoted(std::string_view characters)
    {
        put('"');
        for (const char c : characters)
            escaped(c);
        return put('"');
    }

    // `key=value`, separated by a space from what stands before it.
    template <class T>
    constexpr Writer& field(std::string_view key, const T& what)
    {
        if (used_ > 0)
            put(' ');
        return put(key).put('=').value(what);
    }

    constexpr std::string_view view() const { return {place_.data(), used_}; }
    constexpr usize size() const { return used_; }
    constexpr usize room() const { return place_.size() - used_; }
    constexpr bool overflow() const { return overflow_; }

    // Forgets everything after the first `size` characters, the overflow too.
    constexpr void rewind(usize size)
    {
        used_ = size < used_ ? size : used_;
        overflow_ = false;
    }

private:
    [[gnu::noinline]] constexpr Writer& digits(u64 value, u64 base, usize width, char padding)
    {
        std::array<char, 20> reversed{};
        usize count = 0;
        do {
            reversed[count++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        if (width > count)
            fill(width - count, padding);
        while (count > 0)
            put(reversed[--count]);
        return *this;
    }

    static constexpr bool printable(char c) { return c >= ' ' && c <= '~'; }

    static constexpr bool bare(std::string_view characters)
    {
        for (const char c : characters)
            if (!printable(c) || c == ' ' || c == '"' || c == '=' || c == '\\')
                return false;
        return !characters.empty();
    }

    constexpr void escaped(char c)
    {
        if (c == '"' || c == '\\')
            put('\\').put(c);
        else if (c == '\n')
            put("\\n");
        else if (printable(c))
            put(c);
        else
            put("\\x").hex(static_cast<u8>(c), 2);
    }

    std::span<char> place_;
    usize used_ = 0;
    bool overflow_ = false;
};

template <usize N>
struct Place {
    std::array<char, N> characters;
};

// A Writer that brings its own place.
template <usize N>
class Buffer : private Place<N>, public Writer {
public:
    constexpr Buffer() : Writer{Place<N>::characters} {}
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
};

// The value of a digit in bases up to 16, or 16.
constexpr u64 digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return static_cast<u64>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<u64>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return static_cast<u64>(c - 'A') + 10;
    return 16;
}

// Decimal or 0x-prefixed hexadecimal, the whole of it. Errors: bad_argument, out_of_range.
constexpr Result<u64> parse_number(std::string_view characters)
{
    const u64 base = characters.starts_with("0x") ? 16 : 10;
    if (base == 16)
        characters.remove_prefix(2);
    if (characters.empty())
        return fail(Errc::bad_argument);
    u64 sum = 0;
    for (const char c : characters) {
        const u64 digit = digit_value(c);
        if (digit >= base)
            return fail(Errc::bad_argument);
        if (sum > (~u64{0} - digit) / base)
            return fail(Errc::out_of_range);
        sum = sum * base + digit;
    }
    return sum;
}

// A name as tables hold it: characters up to the first zero.
template <usize N>
constexpr std::string_view of(const std::array<char, N>& padded)
{
    usize length = 0;
    while (length < N && padded[length] != '\0')
        ++length;
    return {padded.data(), length};
}

// The other way: what is too long is cut, and the last character is always zero.
template <usize N>
constexpr std::array<char, N> padded(std::string_view characters)
{
    std::array<char, N> name{};
    for (usize i = 0; i + 1 < N && i < characters.size(); ++i)
        name[i] = characters[i];
    return name;
}

}  // namespace text
