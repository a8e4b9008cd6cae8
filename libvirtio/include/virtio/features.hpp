// virtio/features.hpp - device types, feature bits and sets of them (virtio 1.2, 2.2, 5, 6).
#pragma once

#include <concepts>
#include <type_traits>

#include <base/types.hpp>

namespace virtio {

// virtio 1.2, 5: the values of register DeviceID. Zero is an empty slot.
enum class DeviceType : u32 {
    none = 0,
    net = 1,
    block = 2,
    console = 3,
    entropy = 4,
    balloon = 5,
    scsi = 8,
    gpu = 16,
    input = 18,
    socket = 19,
    crypto = 20,
};

// virtio 1.2, 6: bits that mean the same for every device type.
enum class Feature : u8 {
    notify_on_empty = 24,  // legacy
    any_layout = 27,       // legacy
    indirect_desc = 28,
    event_idx = 29,
    version_1 = 32,
    access_platform = 33,
    ring_packed = 34,
    in_order = 35,
    order_platform = 36,
    sr_iov = 37,
    notification_data = 38,
    notif_config_data = 39,
    ring_reset = 40,
};

// A list of bit numbers: Feature, or the list of one device type.
template <class F>
concept FeatureBit = std::is_enum_v<F> && std::same_as<std::underlying_type_t<F>, u8>;

// A set of feature bits. It is made of bit numbers, so that a number is never taken for a mask.
class Features {
public:
    constexpr Features() = default;

    template <FeatureBit... F>
        requires(sizeof...(F) > 0)
    // NOLINTNEXTLINE(google-explicit-constructor): a bit is a set of one.
    constexpr Features(F... bits) : mask_{((u64{1} << static_cast<unsigned>(bits)) | ...)}
    {
    }

    static constexpr Features of_mask(u64 mask)
    {
        Features set;
        set.mask_ = mask;
        return set;
    }
    static constexpr Features of_words(u32 low, u32 high) { return of_mask(u64{high} << 32 | low); }

    constexpr u64 mask() const { return mask_; }
    constexpr u32 low() const { return static_cast<u32>(mask_); }
    constexpr u32 high() const { return static_cast<u32>(mask_ >> 32); }
    constexpr bool empty() const { return mask_ == 0; }
    constexpr bool has(Features all) const { return (mask_ & all.mask_) == all.mask_; }
    constexpr Features without(Features others) const { return of_mask(mask_ & ~others.mask_); }

    friend constexpr Features operator|(Features a, Features b)
    {
        return of_mask(a.mask_ | b.mask_);
    }
    friend constexpr Features operator&(Features a, Features b)
    {
        return of_mask(a.mask_ & b.mask_);
    }
    friend constexpr bool operator==(Features, Features) = default;

private:
    u64 mask_ = 0;
};

// What a driver asks of a device: without `required` it does not work, `optional` it can use.
struct Wish {
    Features required;
    Features optional;
};

// What became of it. `missing` is empty exactly when the negotiation can succeed.
struct Negotiation {
    Features offered;
    Features wanted;
    Features missing;
    Features accepted;
};

// virtio 1.2, 5.2.3
enum class BlkFeature : u8 {
    barrier = 0,  // legacy
    size_max = 1,
    seg_max = 2,
    geometry = 4,
    ro = 5,
    blk_size = 6,
    scsi = 7,  // legacy
    flush = 9,
    topology = 10,
    config_wce = 11,
    mq = 12,
    discard = 13,
    write_zeroes = 14,
    lifetime = 15,
    secure_erase = 16,
};

}  // namespace virtio
