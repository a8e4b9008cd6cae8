// tests/rejects/virtio_other_block.cpp - QueuePFN is of the legacy block.
#include <virtio/mmio.hpp>

template <virtio::Bus B>
void wrong(virtio::Registers<virtio::Mmio, B> registers)
{
    (void)registers.read(virtio::LegacyMmio::queue_pfn);
}

struct Window {
    u8 read8(u32);
    u16 read16(u32);
    u32 read32(u32);
    void write8(u32, u8);
    void write16(u32, u16);
    void write32(u32, u32);
};
template void wrong<Window>(virtio::Registers<virtio::Mmio, Window>);
