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
    static constexpr Reg<u32, Access::ro> max_discard_sectors{36};
    static constexpr Reg<u32, Access::ro> max_discard_seg{40};
    static constexpr Reg<u32, Access::ro> discard_sector_alignment{44};
    static constexpr Reg<u32, Access::ro> max_write_zeroes_sectors{48};
    static constexpr Reg<u32, Access::ro> max_write_zeroes_seg{52};
    static constexpr Reg<u8, Access::ro> write_zeroes_may_unmap{56};
};

// Legacy's SCSI passthrough is never accepted.
inline constexpr Wish wish{
    .required = {},
    .optional = Features{BlkFeature::size_max, BlkFeature::seg_max, BlkFeature::ro,
                         BlkFeature::blk_size, BlkFeature::flush, BlkFeature::topology,
                         BlkFeature::config_wce, BlkFeature::discard, BlkFeature::write_zeroes}
                | queue_features,
};

struct Info {
    Sector capacity;
    u32 block_bytes = sector_bytes;     // unit of requests: 2^n, at least 512
    u32 physical_bytes = sector_bytes;  // unit that is efficient
    u32 max_runs = 1;                   // pieces of memory that one request can name
    u32 max_run_bytes = ~u32{0};        // of one such piece
    u32 max_discard = 0;                // sectors of one discard; 0: there is none
    u32 discard_alignment = 1;          // sectors; a hint
    u32 max_write_zeroes = 0;           // sectors of one write_zeroes; 0: there is none
    bool write_zeroes_unmaps = false;   // it may give space back when asked to
    bool read_only = false;
    bool flush = false;           // flush() is there
    bool write_back = false;      // a completed write may still be in a cache
    bool cache_settable = false;  // set_write_back() is there

    friend constexpr bool operator==(const Info&, const Info&) = default;
};

// QEMU's own limit; a device that names more is not believed.
inline constexpr u32 max_block_bytes = 2 << 20;
inline constexpr u64 max_capacity = ~u64{0} / sector_bytes;  // so that bytes fit 64 bits

// What can be done without data. A device that offers an operation of nothing has none.
template <Bus B>
void read_range_limits(const ConfigSpace<Config, B>& config, Features accepted, Info& info)
{
    if (accepted.has(BlkFeature::discard) && config.read(Config::max_discard_seg) != 0) {
        info.max_discard = config.read(Config::max_discard_sectors);
        info.discard_alignment = std::max(config.read(Config::discard_sector_alignment), u32{1});
    }
    if (accepted.has(BlkFeature::write_zeroes) && config.read(Config::max_write_zeroes_seg) != 0) {
        info.max_write_zeroes = config.read(Config::max_write_zeroes_sectors);
        info.write_zeroes_unmaps = config.read(Config::write_zeroes_may_unmap) != 0;
    }
}

template <Bus B>
Info read_info(const ConfigSpace<Config, B>& config, Features accepted)
{
    Info info;
    info.capacity = Sector{std::min(config.read(Config::capacity), max_capacity)};
    info.read_only = accepted.has(BlkFeature::ro);
    info.flush = accepted.has(BlkFeature::flush);
    info.write_back = info.flush;
    info.cache_settable = accepted.has(BlkFeature::config_wce);
    if (info.cache_settable)
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
    if (accepted.has(BlkFeature::size_max))
        info.max_run_bytes = config.read(Config::size_max);
    read_range_limits(config, accepted, info);
    return info;
}

// A range is whole blocks: so are the limits, and what is less than one is nothing.
constexpr void round_limits(Info& info)
{
    const u32 part = info.block_bytes / sector_bytes - 1;
    info.max_discard &= ~part;
    info.max_write_zeroes &= ~part;
}

constexpr bool sane(const Info& info)
{
    return std::has_single_bit(info.block_bytes) && info.block_bytes >= sector_bytes
           && info.block_bytes <= max_block_bytes && info.max_run_bytes >= info.block_bytes;
}

}  // namespace virtio::blk
