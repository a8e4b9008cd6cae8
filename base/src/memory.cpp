// base/src/memory.cpp - the memory functions that compiled code calls, in kernel and programs. The
// only file built with -ffreestanding: otherwise the compiler would turn the loops below into calls
// of the functions they implement.
//
// Blocks are moved by ldp/stp of general registers; the ends of a range by two words that may
// overlap. Unaligned words are fine: this is normal memory, always.
#include <stddef.h>
#include <stdint.h>

namespace {

// Words at any address, of any type.
using Word [[gnu::may_alias, gnu::aligned(1)]] = uint64_t;
using Half [[gnu::may_alias, gnu::aligned(1)]] = uint32_t;

struct [[gnu::packed, gnu::may_alias]] Pair {
    uint64_t low, high;
};

template <class T>
T load(const char* from)
{
    return *reinterpret_cast<const T*>(from);
}

template <class T>
void store(char* to, T value)
{
    *reinterpret_cast<T*>(to) = value;
}

// 64 bytes, all read before any is written.
void move_block(char* to, const char* from)
{
    const Pair a = load<Pair>(from);
    const Pair b = load<Pair>(from + 16);
    const Pair c = load<Pair>(from + 32);
    const Pair d = load<Pair>(from + 48);
    store(to, a);
    store(to + 16, b);
    store(to + 32, c);
    store(to + 48, d);
}

// At most 16 bytes. Everything is read before anything is written, so the ranges may overlap.
void move_small(char* to, const char* from, size_t n)
{
    if (n >= 8) {
        const Word first = load<Word>(from);
        const Word last = load<Word>(from + n - 8);
        store<Word>(to, first);
        store<Word>(to + n - 8, last);
    } else if (n >= 4) {
        const Half first = load<Half>(from);
        const Half last = load<Half>(from + n - 4);
        store<Half>(to, first);
        store<Half>(to + n - 4, last);
    } else if (n > 0) {
        const char first = from[0];
        const char middle = from[n / 2];
        const char last = from[n - 1];
        to[0] = first;
        to[n / 2] = middle;
        to[n - 1] = last;
    }
}

// More than 16 bytes, from the first to the last: right for `to` below `from`.
void move_up(char* to, const char* from, size_t n)
{
    const Pair tail = load<Pair>(from + n - 16);
    char* const end = to + n;
    for (; n > 64; n -= 64, to += 64, from += 64)
        move_block(to, from);
    for (; n > 16; n -= 16, to += 16, from += 16)
        store(to, load<Pair>(from));
    store(end - 16, tail);
}

// More than 16 bytes, from the last to the first: right for `to` above `from`.
void move_down(char* to, const char* from, size_t n)
{
    const Pair head = load<Pair>(from);
    for (; n > 64; n -= 64)
        move_block(to + n - 64, from + n - 64);
    for (; n > 16; n -= 16)
        store(to + n - 16, load<Pair>(from + n - 16));
    store(to, head);
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, size_t n);
void* memmove(void* to, const void* from, size_t n);
void* memset(void* to, int value, size_t n);
int memcmp(const void* a, const void* b, size_t n);
void* memchr(const void* in, int value, size_t n);
size_t strlen(const char* text);
int strcmp(const char* a, const char* b);

void* memcpy(void* to, const void* from, size_t n)
{
    if (n <= 16)
        move_small(static_cast<char*>(to), static_cast<const char*>(from), n);
    else
        move_up(static_cast<char*>(to), static_cast<const char*>(from), n);
    return to;
}

void* memmove(void* to, const void* from, size_t n)
{
    auto* destination = static_cast<char*>(to);
    const auto* source = static_cast<const char*>(from);
    if (n <= 16)
        move_small(destination, source, n);
    else if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) >= n)
        move_up(destination, source, n);  // `to` lies below, or not within [from, from + n)
    else
        move_down(destination, source, n);
    return to;
}

void* memset(void* to, int value, size_t n)
{
    auto* at = static_cast<char*>(to);
    const uint64_t word = static_cast<unsigned char>(value) * 0x0101'0101'0101'0101U;
    const Pair pair{word, word};
    if (n < 16) {
        const Pair source = pair;
        move_small(at, reinterpret_cast<const char*>(&source), n);
        return to;
    }
    char* const end = at + n;
    for (; n >= 64; n -= 64, at += 64)
        for (size_t i = 0; i < 64; i += 16)
            store(at + i, pair);
    for (; n >= 16; n -= 16, at += 16)
        store(at, pair);
    store(end - 16, pair);
    return to;
}

int memcmp(const void* a, const void* b, size_t n)
{
    const auto* left = static_cast<const char*>(a);
    const auto* right = static_cast<const char*>(b);
    for (; n >= 8; n -= 8, left += 8, right += 8) {
        const auto x = load<Word>(left);
        const auto y = load<Word>(right);
        if (x != y)  // the first byte that differs is the lowest one
            return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
    }
    for (; n > 0; --n, ++left, ++right)
        if (*left != *right)
            return static_cast<unsigned char>(*left) < static_cast<unsigned char>(*right) ? -1 : 1;
    return 0;
}

void* memchr(const void* in, int value, size_t n)
{
    const auto* at = static_cast<const unsigned char*>(in);
    for (; n > 0; --n, ++at)
        if (*at == static_cast<unsigned char>(value))
            return const_cast<unsigned char*>(at);
    return nullptr;
}

size_t strlen(const char* text)
{
    const char* end = text;
    while (*end != '\0')
        ++end;
    return static_cast<size_t>(end - text);
}

int strcmp(const char* a, const char* b)
{
    while (*a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return static_cast<unsigned char>(*a) - static_cast<unsigned char>(*b);
}
}
