// tests/fuzz/libvirtio/script.hpp - the fuzzer's bytes as a script; zeroes when they are used up.
#pragma once

#include <span>

#include <base/types.hpp>

class Script {
public:
    Script(const u8* bytes, usize size) : rest_{bytes, size} {}

    bool empty() const { return rest_.empty(); }
    u8 byte()
    {
        if (rest_.empty())
            return 0;
        const u8 value = rest_.front();
        rest_ = rest_.subspan(1);
        return value;
    }
    u16 half()
    {
        const u16 low = byte();
        return static_cast<u16>(low | byte() << 8);
    }
    u32 word()
    {
        const u32 low = half();
        return low | u32{half()} << 16;
    }

private:
    std::span<const u8> rest_;
};
