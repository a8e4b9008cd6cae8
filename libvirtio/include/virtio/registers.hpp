// virtio/registers.hpp - typed access to registers.
//
// A register is a constexpr value that knows its block, its type and what may be done with it:
// reading a write-only register, writing a read-only one or mixing blocks does not compile.
#pragma once

#include <type_traits>

#include <virtio/platform.hpp>

namespace virtio {

enum class Access : u8 { ro, wo, rw };

// T has 1, 2, 4 or 8 bytes. One of 8 bytes is a pair of 32-bit registers, the low half first.
template <class Block, class T, Access Mode>
struct Register {
    u16 offset;
};

// One block of registers of one device, starting `base` bytes into its window.
template <class Block, Bus B>
class Registers {
public:
    constexpr explicit Registers(B& bus, u32 base = 0) : bus_{&bus}, base_{base} {}

    template <class T, Access Mode>
        requires(Mode != Access::wo)
    T read(Register<Block, T, Mode> reg) const
    {
        const u32 at = base_ + reg.offset;
        if constexpr (sizeof(T) == 1) {
            return static_cast<T>(bus_->read8(at));
        } else if constexpr (sizeof(T) == 2) {
            return static_cast<T>(bus_->read16(at));
        } else if constexpr (sizeof(T) == 4) {
            return static_cast<T>(bus_->read32(at));
        } else {
            const u64 low = bus_->read32(at);
            return T{u64{bus_->read32(at + 4)} << 32 | low};
        }
    }

    template <class T, Access Mode>
        requires(Mode != Access::ro)
    void write(Register<Block, T, Mode> reg, std::type_identity_t<T> value) const
    {
        const u32 at = base_ + reg.offset;
        if constexpr (sizeof(T) == 1) {
            bus_->write8(at, static_cast<u8>(value));
        } else if constexpr (sizeof(T) == 2) {
            bus_->write16(at, static_cast<u16>(value));
        } else if constexpr (sizeof(T) == 4) {
            bus_->write32(at, static_cast<u32>(value));
        } else {
            bus_->write32(at, static_cast<u32>(raw(value)));
            bus_->write32(at + 4, static_cast<u32>(raw(value) >> 32));
        }
    }

private:
    static constexpr u64 raw(u64 value) { return value; }
    static constexpr u64 raw(DeviceAddr value) { return value.raw(); }

    B* bus_;
    u32 base_;
};

}  // namespace virtio
