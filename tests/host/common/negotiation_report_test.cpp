// tests/host/common/negotiation_report_test.cpp - a failed negotiation, as the log tells it.
#include "fake_kernel.hpp"

#include <catch2/catch.hpp>
#include <common/negotiation_report.hpp>

namespace {

// The registers of a block device that offers what it is told to, and refuses what is accepted.
struct Refusing {
    u64 offered;
    u32 bank = 0;

    u8 read8(u32) { return 0; }
    u16 read16(u32) { return 0; }
    u32 read32(u32 offset)
    {
        switch (offset) {
        case 0x000:
            return 0x74726976;
        case 0x004:
        case 0x008:
            return 2;
        case 0x010:
            return static_cast<u32>(offered >> 32 * bank);
        default:
            return 0;
        }
    }
    void write8(u32, u8) {}
    void write16(u32, u16) {}
    void write32(u32 offset, u32 value) { bank = offset == 0x014 ? value : bank; }
};

}  // namespace

TEST_CASE("a failed negotiation is told by name", "[common][T5][T10]")
{
    fake::Kernel kernel;
    Refusing registers{u64{1} << 40 | 1u << 9};
    auto device = virtio::Device<Refusing>::probe(registers).value();
    const virtio::Wish wish{
        .required = virtio::Features{virtio::BlkFeature::flush, virtio::BlkFeature::lifetime},
        .optional = virtio::Feature::event_idx};
    const auto refused = device.negotiate(wish);
    REQUIRE_FALSE(refused);
    common::report_failure(device, refused.error());
    CHECK(kernel.log
          == std::vector<std::string>{
              "level=error msg=\"the device does not start\" why=not_supported virtio=2 "
              "offered=0x10000000200 wanted=0x120008200 missing=0x100008000 accepted=0x0",
              "level=error msg=\"features\" set=offered "
              "names=\"VIRTIO_BLK_F_FLUSH VIRTIO_F_RING_RESET\"",
              "level=error msg=\"features\" set=wanted names=\"VIRTIO_BLK_F_FLUSH "
              "VIRTIO_BLK_F_LIFETIME VIRTIO_F_EVENT_IDX VIRTIO_F_VERSION_1\"",
              "level=error msg=\"features\" set=missing "
              "names=\"VIRTIO_BLK_F_LIFETIME VIRTIO_F_VERSION_1\"",
          });
}

TEST_CASE("no name of a feature is lost, however many there are", "[common][T5]")
{
    fake::Kernel kernel;
    common::report_names("offered", virtio::DeviceType::net, virtio::Features::of_mask(~u64{0}));
    CHECK(kernel.log.size() > 3);
    std::string all;
    for (const auto& line : kernel.log) {
        CHECK(line.size() <= abi::log_line_bytes);
        CHECK(line.find(" ...") == std::string::npos);
        all += line;
    }
    for (unsigned bit = 0; bit < 64; ++bit) {
        const auto name = virtio::feature_name(virtio::DeviceType::net, bit);
        CHECK(all.find(name.empty() ? "bit " + std::to_string(bit) : std::string{name})
              != std::string::npos);
    }
}
