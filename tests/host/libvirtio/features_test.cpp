// tests/host/libvirtio/features_test.cpp - feature bits, sets and names.
#include <string>

#include <catch2/catch.hpp>
#include <virtio/feature_names.hpp>

using namespace virtio;

TEST_CASE("a feature bit is a number, and a set of them is a mask", "[libvirtio][features]")
{
    const Features set{BlkFeature::ro, BlkFeature::flush};
    CHECK(set.mask() == (1u << 5 | 1u << 9));
    CHECK(set.has(BlkFeature::ro));
    CHECK_FALSE(set.has(BlkFeature::scsi));
    CHECK_FALSE(set.has(Features{BlkFeature::ro, BlkFeature::scsi}));
    CHECK((set | Feature::version_1).mask() == (u64{1} << 32 | 1u << 5 | 1u << 9));
    CHECK(set.without(BlkFeature::ro) == Features{BlkFeature::flush});
    CHECK(Features{Feature::version_1}.high() == 1);
    CHECK(Features::of_words(0x20, 1) == (Features{BlkFeature::ro} | Feature::version_1));
    CHECK(Features{}.empty());
}

TEST_CASE("a feature has the name that the specification gives it", "[libvirtio][features]")
{
    CHECK(feature_name(DeviceType::block, 5) == "VIRTIO_BLK_F_RO");
    CHECK(feature_name(DeviceType::net, 5) == "VIRTIO_NET_F_MAC");
    CHECK(feature_name(DeviceType::block, 32) == "VIRTIO_F_VERSION_1");
    CHECK(feature_name(DeviceType::entropy, 29) == "VIRTIO_F_EVENT_IDX");
    CHECK(feature_name(DeviceType::gpu, 1) == "VIRTIO_GPU_F_EDID");
    CHECK(feature_name(DeviceType::console, 2) == "VIRTIO_CONSOLE_F_EMERG_WRITE");
    CHECK(feature_name(DeviceType::entropy, 0).empty());
    CHECK(feature_name(DeviceType::block, 63).empty());
}

TEST_CASE("a set of features is told by its names", "[libvirtio][features][T5]")
{
    std::string names;
    const auto add = [&](std::string_view name) { names += std::string{name} + ";"; };
    for_each_name(DeviceType::block, Features::of_mask(u64{1} << 63 | u64{1} << 32 | 1u << 9), add);
    CHECK(names == "VIRTIO_BLK_F_FLUSH;VIRTIO_F_VERSION_1;bit 63;");
    names.clear();
    for_each_name(DeviceType::block, {}, add);
    CHECK(names.empty());
}
