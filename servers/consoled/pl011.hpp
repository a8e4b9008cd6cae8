// consoled/pl011.hpp - the receiving side of the PL011, by interrupt. Arm PL011 TRM 3.3. The
// kernel has set the line up, and waits for room before it sends a byte.
#pragma once

#include "line.hpp"

namespace consoled {

// `B`: registers, as libvirtio's Bus.
template <class B>
class Pl011 : public PlainLine {
public:
    explicit Pl011(const B& bus) : bus_{&bus} {}

    // Each byte waits for its room.
    Result<usize> write(std::span<const u8> bytes) const
    {
        for (const u8 byte : bytes)
            bus_->write32(data, byte);
        return bytes.size();
    }

    std::optional<Received> read() const
    {
        if ((bus_->read32(flags) & receive_empty) != 0)
            return std::nullopt;
        const u32 value = bus_->read32(data);
        return Received{static_cast<u8>(value), (value & break_error) != 0};
    }

    // Before read(): what comes after the last byte raises it again.
    Result<> acknowledge() const
    {
        bus_->write32(interrupt_clear, received | timeout);
        return {};
    }

    // Off: nobody takes bytes out, and the line would never be quiet.
    void interrupts(bool on) const { bus_->write32(interrupt_mask, on ? received | timeout : 0); }

private:
    static constexpr u32 data = 0x00;
    static constexpr u32 flags = 0x18;
    static constexpr u32 interrupt_mask = 0x38;
    static constexpr u32 interrupt_clear = 0x44;
    static constexpr u32 receive_empty = 1u << 4;
    static constexpr u32 break_error = 1u << 10;
    static constexpr u32 received = 1u << 4;
    static constexpr u32 timeout = 1u << 6;

    const B* bus_;
};

}  // namespace consoled
