// tests/host/libvirtio/mmio_test.cpp - register offsets against the specification, and access
// widths.
#include <vector>

#include <catch2/catch.hpp>
#include <virtio/blk_config.hpp>
#include <virtio/mmio.hpp>

using namespace virtio;

namespace {

struct Access1 {
    char kind;
    u32 width;
    u32 offset;
    u32 value;

    friend bool operator==(const Access1&, const Access1&) = default;
};

// Writes down what happened; reads give the offset.
struct Recorder {
    std::vector<Access1> log;

    u32 read(u32 width, u32 offset)
    {
        log.push_back({'r', width, offset, 0});
        return offset;
    }
    u8 read8(u32 offset) { return static_cast<u8>(read(1, offset)); }
    u16 read16(u32 offset) { return static_cast<u16>(read(2, offset)); }
    u32 read32(u32 offset) { return read(4, offset); }
    void write8(u32 offset, u8 value) { log.push_back({'w', 1, offset, value}); }
    void write16(u32 offset, u16 value) { log.push_back({'w', 2, offset, value}); }
    void write32(u32 offset, u32 value) { log.push_back({'w', 4, offset, value}); }
};

struct Wide {
    static constexpr Register<Wide, u16, Access::rw> half{6};
    static constexpr Register<Wide, u64, Access::rw> pair{8};
};

}  // namespace

// virtio 1.2, 4.2.2 and 4.2.4, copied from the tables there.
TEST_CASE("registers are where the specification puts them", "[libvirtio][mmio][T9][M5]")
{
    CHECK(Mmio::magic_value.offset == 0x000);
    CHECK(Mmio::version.offset == 0x004);
    CHECK(Mmio::device_id.offset == 0x008);
    CHECK(Mmio::vendor_id.offset == 0x00c);
    CHECK(Mmio::device_features.offset == 0x010);
    CHECK(Mmio::device_features_sel.offset == 0x014);
    CHECK(Mmio::driver_features.offset == 0x020);
    CHECK(Mmio::driver_features_sel.offset == 0x024);
    CHECK(Mmio::queue_sel.offset == 0x030);
    CHECK(Mmio::queue_num_max.offset == 0x034);
    CHECK(Mmio::queue_num.offset == 0x038);
    CHECK(Mmio::queue_ready.offset == 0x044);
    CHECK(Mmio::queue_notify.offset == 0x050);
    CHECK(Mmio::interrupt_status.offset == 0x060);
    CHECK(Mmio::interrupt_ack.offset == 0x064);
    CHECK(Mmio::status.offset == 0x070);
    CHECK(Mmio::queue_desc.offset == 0x080);
    CHECK(Mmio::queue_driver.offset == 0x090);
    CHECK(Mmio::queue_device.offset == 0x0a0);
    CHECK(Mmio::shm_sel.offset == 0x0ac);
    CHECK(Mmio::shm_len.offset == 0x0b0);
    CHECK(Mmio::shm_base.offset == 0x0b8);
    CHECK(Mmio::queue_reset.offset == 0x0c0);
    CHECK(Mmio::config_generation.offset == 0x0fc);
    CHECK(Mmio::config == 0x100);
    CHECK(Mmio::magic == 0x74726976);
    CHECK(LegacyMmio::guest_page_size.offset == 0x028);
    CHECK(LegacyMmio::queue_align.offset == 0x03c);
    CHECK(LegacyMmio::queue_pfn.offset == 0x040);
}

TEST_CASE("a register is accessed in its own width, a pair low half first",
          "[libvirtio][mmio][T1][T13]")
{
    Recorder bus;
    const Registers<Wide, Recorder> registers{bus, 0x100};
    CHECK(registers.read(Wide::half) == 0x106);
    CHECK(registers.read(Wide::pair) == 0x10c'0000'0108);
    registers.write(Wide::half, u16{7});
    registers.write(Wide::pair, 0x1122'3344'5566'7788);
    const Registers<blk::Config, Recorder> config{bus, 0x100};
    CHECK(config.read(blk::Config::physical_block_exp) == 0x18);
    config.write(blk::Config::writeback, u8{1});
    const Registers<Mmio, Recorder> mmio{bus};
    mmio.write(Mmio::queue_desc, DeviceAddr{0x1'0000'2000});

    CHECK(bus.log
          == std::vector<Access1>{{'r', 2, 0x106, 0},
                                  {'r', 4, 0x108, 0},
                                  {'r', 4, 0x10c, 0},
                                  {'w', 2, 0x106, 7},
                                  {'w', 4, 0x108, 0x5566'7788},
                                  {'w', 4, 0x10c, 0x1122'3344},
                                  {'r', 1, 0x118, 0},
                                  {'w', 1, 0x120, 1},
                                  {'w', 4, 0x080, 0x2000},
                                  {'w', 4, 0x084, 1}});
}
