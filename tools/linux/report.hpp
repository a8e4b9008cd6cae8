// linux/report.hpp - regions of a benchmark as apps/bench/meter.hpp marks and prints them.
#pragma once

#include "system.hpp"

namespace report {

class Line {
public:
    Line& put(const char* text)
    {
        while (*text != 0 && size_ < sizeof text_)
            text_[size_++] = *text++;
        return *this;
    }
    Line& number(u64 value)
    {
        char digits[20];
        u32 count = 0;
        do
            digits[count++] = static_cast<char>('0' + value % 10);
        while ((value /= 10) != 0);
        while (count != 0 && size_ < sizeof text_)
            text_[size_++] = digits[--count];
        return *this;
    }
    void print()
    {
        put("\n");
        (void)linux_api::write(1, text_, size_);
    }

private:
    char text_[160];
    u32 size_ = 0;
};

inline void say(const char* text) { Line{}.put(text).print(); }

inline u64 ticks()
{
    u64 count;
    asm volatile("isb\n mrs %0, cntvct_el0" : "=r"(count)::"memory");
    return count;
}
inline u64 nanoseconds(u64 count)
{
    u64 frequency;
    asm("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count * (1'000'000'000 / frequency);  // QEMU's counts 16 ns
}

inline void mark_hello() { asm volatile(".inst 0xd28b601f" ::: "memory"); }

class Region {
public:
    Region() : start_{ticks()} { asm volatile(".inst 0xd28b603f" ::: "memory"); }

    void end(const char* name, u64 n, u64 bytes = 0)
    {
        asm volatile(".inst 0xd28b605f" ::: "memory");
        const u64 time = nanoseconds(ticks() - start_);
        Line line;
        line.put("RES ").number(next_number++).put(" ").put(name).put(" n=").number(n);
        line.put(" ns=").number(time).put(" bytes=").number(bytes).print();
    }

private:
    static inline u64 next_number = 0;
    u64 start_;
};

// Something that the rest needs is not there: what, and which call said so.
inline bool missing(const char* what, i64 error)
{
    Line{}.put("PB-MISSING ").put(what).put(" errno ").number(static_cast<u64>(-error)).print();
    return false;
}

}  // namespace report
