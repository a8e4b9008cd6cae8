// model/payload.hpp - the bytes of a chain, whatever pieces it is made of (virtio 1.2, 2.7.4).
#pragma once

#include <cstring>
#include <span>

#include <model/queue.hpp>

namespace model {

// All that the device may read.
std::vector<u8> gather(const Memory& memory, const Chain& chain);
// Writes to the writable part, from `offset` of it on; as many bytes as fit, and how many these
// were.
u64 scatter(const Memory& memory, const Chain& chain, u64 offset, std::span<const u8> bytes);

// A field at an offset; zero where the bytes end before it.
template <class T>
T field(std::span<const u8> bytes, u64 offset)
{
    T value{};
    if (offset <= bytes.size() && sizeof value <= bytes.size() - offset)
        std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <class T>
void set_field(std::span<u8> bytes, u64 offset, T value)
{
    std::memcpy(bytes.subspan(offset, sizeof value).data(), &value, sizeof value);
}

}  // namespace model
