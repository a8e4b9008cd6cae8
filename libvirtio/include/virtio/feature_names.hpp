// virtio/feature_names.hpp - the specification's names of feature bits, for logs and error reports.
#pragma once

#include <array>
#include <bit>
#include <span>
#include <string_view>

#include <base/text.hpp>
#include <virtio/features.hpp>

namespace virtio {

struct FeatureName {
    u8 bit;
    std::string_view name;
};

// virtio 1.2, 6
inline constexpr auto common_feature_names = std::to_array<FeatureName>({
    {24, "VIRTIO_F_NOTIFY_ON_EMPTY"},
    {27, "VIRTIO_F_ANY_LAYOUT"},
    {28, "VIRTIO_F_INDIRECT_DESC"},
    {29, "VIRTIO_F_EVENT_IDX"},
    {32, "VIRTIO_F_VERSION_1"},
    {33, "VIRTIO_F_ACCESS_PLATFORM"},
    {34, "VIRTIO_F_RING_PACKED"},
    {35, "VIRTIO_F_IN_ORDER"},
    {36, "VIRTIO_F_ORDER_PLATFORM"},
    {37, "VIRTIO_F_SR_IOV"},
    {38, "VIRTIO_F_NOTIFICATION_DATA"},
    {39, "VIRTIO_F_NOTIF_CONFIG_DATA"},
    {40, "VIRTIO_F_RING_RESET"},
});

// virtio 1.2, 5.1.3
inline constexpr auto net_feature_names = std::to_array<FeatureName>({
    {0, "VIRTIO_NET_F_CSUM"},
    {1, "VIRTIO_NET_F_GUEST_CSUM"},
    {2, "VIRTIO_NET_F_CTRL_GUEST_OFFLOADS"},
    {3, "VIRTIO_NET_F_MTU"},
    {5, "VIRTIO_NET_F_MAC"},
    {6, "VIRTIO_NET_F_GSO"},
    {7, "VIRTIO_NET_F_GUEST_TSO4"},
    {8, "VIRTIO_NET_F_GUEST_TSO6"},
    {9, "VIRTIO_NET_F_GUEST_ECN"},
    {10, "VIRTIO_NET_F_GUEST_UFO"},
    {11, "VIRTIO_NET_F_HOST_TSO4"},
    {12, "VIRTIO_NET_F_HOST_TSO6"},
    {13, "VIRTIO_NET_F_HOST_ECN"},
    {14, "VIRTIO_NET_F_HOST_UFO"},
    {15, "VIRTIO_NET_F_MRG_RXBUF"},
    {16, "VIRTIO_NET_F_STATUS"},
    {17, "VIRTIO_NET_F_CTRL_VQ"},
    {18, "VIRTIO_NET_F_CTRL_RX"},
    {19, "VIRTIO_NET_F_CTRL_VLAN"},
    {20, "VIRTIO_NET_F_CTRL_RX_EXTRA"},
    {21, "VIRTIO_NET_F_GUEST_ANNOUNCE"},
    {22, "VIRTIO_NET_F_MQ"},
    {23, "VIRTIO_NET_F_CTRL_MAC_ADDR"},
    {53, "VIRTIO_NET_F_NOTF_COAL"},
    {54, "VIRTIO_NET_F_GUEST_USO4"},
    {55, "VIRTIO_NET_F_GUEST_USO6"},
    {56, "VIRTIO_NET_F_HOST_USO"},
    {57, "VIRTIO_NET_F_HASH_REPORT"},
    {59, "VIRTIO_NET_F_GUEST_HDRLEN"},
    {60, "VIRTIO_NET_F_RSS"},
    {61, "VIRTIO_NET_F_RSC_EXT"},
    {62, "VIRTIO_NET_F_STANDBY"},
    {63, "VIRTIO_NET_F_SPEED_DUPLEX"},
});

// virtio 1.2, 5.2.3
inline constexpr auto block_feature_names = std::to_array<FeatureName>({
    {0, "VIRTIO_BLK_F_BARRIER"},
    {1, "VIRTIO_BLK_F_SIZE_MAX"},
    {2, "VIRTIO_BLK_F_SEG_MAX"},
    {4, "VIRTIO_BLK_F_GEOMETRY"},
    {5, "VIRTIO_BLK_F_RO"},
    {6, "VIRTIO_BLK_F_BLK_SIZE"},
    {7, "VIRTIO_BLK_F_SCSI"},
    {9, "VIRTIO_BLK_F_FLUSH"},
    {10, "VIRTIO_BLK_F_TOPOLOGY"},
    {11, "VIRTIO_BLK_F_CONFIG_WCE"},
    {12, "VIRTIO_BLK_F_MQ"},
    {13, "VIRTIO_BLK_F_DISCARD"},
    {14, "VIRTIO_BLK_F_WRITE_ZEROES"},
    {15, "VIRTIO_BLK_F_LIFETIME"},
    {16, "VIRTIO_BLK_F_SECURE_ERASE"},
});

// virtio 1.2, 5.3.3
inline constexpr auto console_feature_names = std::to_array<FeatureName>({
    {0, "VIRTIO_CONSOLE_F_SIZE"},
    {1, "VIRTIO_CONSOLE_F_MULTIPORT"},
    {2, "VIRTIO_CONSOLE_F_EMERG_WRITE"},
});

// virtio 1.2, 5.7.3
inline constexpr auto gpu_feature_names = std::to_array<FeatureName>({
    {0, "VIRTIO_GPU_F_VIRGL"},
    {1, "VIRTIO_GPU_F_EDID"},
    {2, "VIRTIO_GPU_F_RESOURCE_UUID"},
    {3, "VIRTIO_GPU_F_RESOURCE_BLOB"},
    {4, "VIRTIO_GPU_F_CONTEXT_INIT"},
});

// The bits of one device type; entropy and input devices have none of their own.
constexpr std::span<const FeatureName> feature_names(DeviceType type)
{
    switch (type) {
    case DeviceType::net:
        return net_feature_names;
    case DeviceType::block:
        return block_feature_names;
    case DeviceType::console:
        return console_feature_names;
    case DeviceType::gpu:
        return gpu_feature_names;
    default:
        return {};
    }
}

// Empty for a bit that has no name here.
constexpr std::string_view feature_name(DeviceType type, unsigned bit)
{
    for (const auto& known : feature_names(type))
        if (known.bit == bit)
            return known.name;
    for (const auto& known : common_feature_names)
        if (known.bit == bit)
            return known.name;
    return {};
}

// Calls each(name) for every bit of the set, lowest first; a bit without a name is "bit N".
template <class Each>
constexpr void for_each_name(DeviceType type, Features set, Each each)
{
    for (u64 left = set.mask(); left != 0; left &= left - 1) {
        const auto bit = static_cast<unsigned>(std::countr_zero(left));
        text::Buffer<8> number;
        number.put("bit ").number(bit);
        const auto name = feature_name(type, bit);
        each(name.empty() ? number.view() : name);
    }
}

}  // namespace virtio
