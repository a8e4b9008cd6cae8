// virtio/blk_config.hpp - what a block device says about itself, checked (virtio 1.2, 5.2.4).
#pragma once

#include <virtio/device.hpp>
#include <virtio/queue.hpp>

namespace virtio::blk {

// Always 512 bytes, whatever the device's block size is.
using Sector = Strong<struct SectorUnit, u64>;
inline constexpr u32 sector_bytes = 512;

struct Config {
    template <class T, Access Mode>
    using Reg = Register<Config, T, Mode>;

    static constexpr Reg<u64, Access::ro> capacity{0};
    static constexpr Reg<u32, Access::ro> size_max{8};
    static constexpr Reg<u32, Access::ro> seg_max{12};
    static constexpr Reg<u32, Access::ro> blk_size{20};
    static constexpr Reg<u8, Access::ro> physical_block_exp{24};
    static constexpr Reg<u8, Access::rw> writeback{32};
};

// Legacy's SCSI passthrough is never accepted.
inline constexpr Wish wish{
    .required = {},
    .optional = Features{BlkFeature::seg_max, BlkFeature::ro, BlkFeature::blk_size,
                         BlkFeature::flush, BlkFeature::topology, BlkFeature::config_wce}
                | queue_features,
};

struct Info {
    Sector capacity;
    u32 block_bytes = sector_bytes;     // unit of requests: 2^n, at least 512
    u32 physical_bytes = sector_bytes;  // unit that is efficient
    u32 max_runs = 1;                   // pieces of memory that one request can name
    bool read_only = false;
    bool flush = false;       // flush() is there; otherwise every completed write is on the medium
    bool write_back = false;  // a completed write may still be in a cache

    friend constexpr bool operator==(const Info&, const Info&) = default;
};

// QEMU's own limit; a device that names more is not believed.
inline constexpr u32 max_block_bytes = 2 << 20;
inline constexpr u64 max_capacity = ~u64{0} / sector_bytes;  // so that bytes fit 64 bits

template <Bus B>
Info read_info(const ConfigSpace<Config, B>& config, Features accepted)
{
    Info info;
    info.capacity = Sector{std::min(config.read(Config::capacity), max_capacity)};
    info.read_only = accepted.has(BlkFeature::ro);
    info.flush = accepted.has(BlkFeature::flush);
    info.write_back = info.flush;
    if (accepted.has(BlkFeature::config_wce))
        info.write_back = config.read(Config::writeback) != 0;
    if (accepted.has(BlkFeature::blk_size))
        info.block_bytes = config.read(Config::blk_size);
    info.physical_bytes = info.block_bytes;
    if (accepted.has(BlkFeature::topology)) {
        // A hint only: what makes no sense is left out.
        const u8 exponent = config.read(Config::physical_block_exp);
        if (exponent <= 8 && info.block_bytes <= max_block_bytes)
            info.physical_bytes = info.block_bytes << exponent;
    }
    if (accepted.has(BlkFeature::seg_max))
        info.max_runs = std::max(config.read(Config::seg_max), u32{1});
    return info;
}

constexpr bool sane(const Info& info)
{
    return std::has_single_bit(info.block_bytes) && info.block_bytes >= sector_bytes
           && info.block_bytes <= max_block_bytes;
}

}  // namespace virtio::blk
