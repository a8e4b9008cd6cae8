// tests/host/libvirtio/register_log.hpp - a bus that notes each access on its way to the registers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <base/text.hpp>
#include <virtio/platform.hpp>

// An access as text: "w070=3", "r010"; 32 bits wide, unless ".1" or ".2" says how many bytes.
inline std::string access_text(char kind, u32 offset, u32 width, std::optional<u32> value = {})
{
    text::Buffer<32> line;
    line.put(kind).hex(offset, 3);
    if (width != 4)
        line.put('.').number(width);
    if (value)
        line.put('=').hex(*value);
    return std::string{line.view()};
}

template <virtio::Bus B>
class RegisterLog {
public:
    explicit RegisterLog(B& behind) : behind_{&behind} {}

    u8 read8(u32 offset)
    {
        return note_read(offset, 1, [&] { return behind_->read8(offset); });
    }
    u16 read16(u32 offset)
    {
        return note_read(offset, 2, [&] { return behind_->read16(offset); });
    }
    u32 read32(u32 offset)
    {
        return note_read(offset, 4, [&] { return behind_->read32(offset); });
    }
    void write8(u32 offset, u8 value)
    {
        log.push_back(access_text('w', offset, 1, value));
        behind_->write8(offset, value);
    }
    void write16(u32 offset, u16 value)
    {
        log.push_back(access_text('w', offset, 2, value));
        behind_->write16(offset, value);
    }
    void write32(u32 offset, u32 value)
    {
        log.push_back(access_text('w', offset, 4, value));
        behind_->write32(offset, value);
    }

    std::vector<std::string> log;

private:
    auto note_read(u32 offset, u32 width, auto read)
    {
        log.push_back(access_text('r', offset, width));
        return gone ? decltype(read())(~u32{0}) : read();
    }

    B* behind_;

public:
    bool gone = false;  // reads give all ones
};
