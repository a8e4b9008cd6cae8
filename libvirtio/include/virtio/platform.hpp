// virtio/platform.hpp - what a driver needs from its surroundings: registers, and memory that the
// device can reach. A platform supplies both; libvirtio never makes a syscall and allocates
// nothing.
#pragma once

#include <concepts>
#include <cstddef>

#include <base/bits.hpp>
#include <base/types.hpp>

namespace virtio {

// The register window of one device. Each call is exactly one access of the named width at
// `offset` bytes into the window: never split, merged, repeated or dropped.
template <class B>
concept Bus = requires(B& bus, u32 offset, u8 byte, u16 half, u32 word) {
    { bus.read8(offset) } -> std::same_as<u8>;
    { bus.read16(offset) } -> std::same_as<u16>;
    { bus.read32(offset) } -> std::same_as<u32>;
    { bus.write8(offset, byte) } -> std::same_as<void>;
    { bus.write16(offset, half) } -> std::same_as<void>;
    { bus.write32(offset, word) } -> std::same_as<void>;
};

// Memory that the CPU and the device share, coherently (`dma-coherent` in the device tree).
// It must stay where it is until the device was seen in reset.
struct DmaRegion {
    std::byte* memory = nullptr;  // as this CPU sees it
    DeviceAddr address;           // as the device sees it
    Bytes size;

    constexpr DmaRegion region() const { return *this; }
};

// Whatever owns such memory and can show it: a DmaRegion itself, or a handle of the platform.
template <class D>
concept Dma = requires(const D& memory) {
    { memory.region() } -> std::same_as<DmaRegion>;
};

// Cuts aligned pieces off the front of a region.
class DmaCursor {
public:
    constexpr explicit DmaCursor(DmaRegion region) : rest_{region} {}

    // Fails with no_space when the rest is too short. `alignment` is a power of two.
    constexpr Result<DmaRegion> take(Bytes size, u64 alignment)
    {
        const u64 skipped = -rest_.address.raw() & (alignment - 1);
        if (skipped > rest_.size.raw() || size.raw() > rest_.size.raw() - skipped)
            return fail(Errc::no_space);
        const DmaRegion piece{rest_.memory + skipped, rest_.address + Bytes{skipped}, size};
        rest_ = {piece.memory + size.raw(), piece.address + size,
                 Bytes{rest_.size.raw() - skipped - size.raw()}};
        return piece;
    }

private:
    DmaRegion rest_;
};

}  // namespace virtio
