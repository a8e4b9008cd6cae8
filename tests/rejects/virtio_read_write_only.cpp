// tests/rejects/virtio_read_write_only.cpp - DriverFeatures is write-only.
#include <virtio/mmio.hpp>

template <virtio::Bus B>
void wrong(virtio::Registers<virtio::Mmio, B> registers)
{
    (void)registers.read(virtio::Mmio::driver_features);
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
