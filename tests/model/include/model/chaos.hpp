// model/chaos.hpp - registers and queues of a device that does what somebody's bytes say: for
// fuzzers.
//
// Each access to a register draws a byte: most leave the device honest, others make it answer
// anything, or do something by itself. The same bytes do the same again; when they are used up the
// device is honest, so that a driver gets on. Nothing here loops longer than there are bytes.
#pragma once

#include <model/mmio.hpp>

namespace model {

class Chaos {
public:
    Chaos(Device& device, World& world, std::span<const u8> script, MmioOptions options = {})
        : mmio{device, world, options}, device_{&device}, world_{&world}, script_{script}
    {
    }

    // The calls that libvirtio wants of a bus.
    u8 read8(u32 offset);
    u16 read16(u32 offset);
    u32 read32(u32 offset);
    void write8(u32 offset, u8 value) { mmio.write8(offset, value); }
    void write16(u32 offset, u16 value) { mmio.write16(offset, value); }
    void write32(u32 offset, u32 value);

    // Something that the device does by itself, if there are bytes left.
    void act();
    bool exhausted() const { return script_.empty(); }

    Mmio mmio;

private:
    u8 byte();
    u32 word();
    // Instead of what the register says, perhaps.
    u32 distort(u32 honest);
    void arm();
    void forge();
    void scribble();
    void change_config();

    Device* device_;
    World* world_;
    std::span<const u8> script_;
};

}  // namespace model
