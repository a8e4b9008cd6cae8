// arch/aarch64/pl011.hpp - the serial line: output, polled. Input is its server's. Arm PL011 TRM
// 3.3.
#pragma once

#include "arch/aarch64/mmio.hpp"
#include "arch/aarch64/sysreg.hpp"

namespace kernel {

class Pl011 {
public:
    constexpr Pl011() = default;
    void attach(PhysAddr base)
    {
        base_ = base;
        mmio::write32(base_ + line_control, eight_bits | fifos);
        mmio::write32(base_ + control, enable | transmit_enable | receive_enable);
    }

    void put(char c) const
    {
        if (base_ == PhysAddr{})
            return;
        while ((mmio::read32(base_ + fr) & transmit_full) != 0)
            sysreg::yield();
        mmio::write32(base_ + dr, static_cast<u8>(c));
    }

private:
    static constexpr Bytes dr{0x00};
    static constexpr Bytes fr{0x18};
    static constexpr Bytes line_control{0x2c};
    static constexpr Bytes control{0x30};
    static constexpr u32 fifos = 1u << 4;
    static constexpr u32 eight_bits = 3u << 5;
    static constexpr u32 enable = 1;
    static constexpr u32 transmit_enable = 1u << 8;
    static constexpr u32 receive_enable = 1u << 9;
    static constexpr u32 transmit_full = 1u << 5;

    PhysAddr base_;
};

}  // namespace kernel
