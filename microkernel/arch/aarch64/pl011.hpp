// arch/aarch64/pl011.hpp - the serial line: output only, polled. Arm PL011 TRM 3.3. QEMU needs no
// setup.
#pragma once

#include "arch/aarch64/mmio.hpp"
#include "arch/aarch64/sysreg.hpp"

namespace kernel {

class Pl011 {
public:
    constexpr Pl011() = default;
    void attach(PhysAddr base) { base_ = base; }

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
    static constexpr u32 transmit_full = 1u << 5;

    PhysAddr base_;
};

}  // namespace kernel
