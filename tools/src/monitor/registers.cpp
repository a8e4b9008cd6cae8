// monitor/registers.cpp - the tables of the specification.
#include "monitor/registers.hpp"

#include <algorithm>
#include <array>

namespace vireo::monitor {
namespace {

constexpr u8 old = 1;
constexpr u8 modern = 2;
constexpr u8 all = old | modern;

constexpr std::array registers{
    RegisterText{0x000, "MagicValue", Direction::read, all},
    RegisterText{0x004, "Version", Direction::read, all},
    RegisterText{0x008, "DeviceID", Direction::read, all},
    RegisterText{0x00c, "VendorID", Direction::read, all},
    RegisterText{0x010, "DeviceFeatures", Direction::read, all},
    RegisterText{0x014, "DeviceFeaturesSel", Direction::write, all},
    RegisterText{0x020, "DriverFeatures", Direction::write, all},
    RegisterText{0x024, "DriverFeaturesSel", Direction::write, all},
    RegisterText{0x028, "GuestPageSize", Direction::write, old},
    RegisterText{0x030, "QueueSel", Direction::write, all},
    RegisterText{0x034, "QueueNumMax", Direction::read, all},
    RegisterText{0x038, "QueueNum", Direction::write, all},
    RegisterText{0x03c, "QueueAlign", Direction::write, old},
    RegisterText{0x040, "QueuePFN", Direction::both, old},
    RegisterText{0x044, "QueueReady", Direction::both, modern},
    RegisterText{0x050, "QueueNotify", Direction::write, all},
    RegisterText{0x060, "InterruptStatus", Direction::read, all},
    RegisterText{0x064, "InterruptACK", Direction::write, all},
    RegisterText{0x070, "Status", Direction::both, all},
    RegisterText{0x080, "QueueDescLow", Direction::write, modern},
    RegisterText{0x084, "QueueDescHigh", Direction::write, modern},
    RegisterText{0x090, "QueueDriverLow", Direction::write, modern},
    RegisterText{0x094, "QueueDriverHigh", Direction::write, modern},
    RegisterText{0x0a0, "QueueDeviceLow", Direction::write, modern},
    RegisterText{0x0a4, "QueueDeviceHigh", Direction::write, modern},
    RegisterText{0x0ac, "SHMSel", Direction::write, modern},
    RegisterText{0x0b0, "SHMLenLow", Direction::read, modern},
    RegisterText{0x0b4, "SHMLenHigh", Direction::read, modern},
    RegisterText{0x0b8, "SHMBaseLow", Direction::read, modern},
    RegisterText{0x0bc, "SHMBaseHigh", Direction::read, modern},
    RegisterText{0x0c0, "QueueReset", Direction::both, modern},
    RegisterText{0x0fc, "ConfigGeneration", Direction::read, modern},
};

constexpr u64 bit(u32 n) { return u64{1} << n; }
constexpr u64 net_hash = bit(57) | bit(60);  // HASH_REPORT, RSS

// virtio 1.2, 5.2.4, 5.1.4, 5.3.4, 5.7.4, 5.8.4. The entropy device has none.
constexpr std::array fields{
    ConfigField{type::block, 0, 8, 4, 0, "capacity"},
    ConfigField{type::block, 8, 4, 4, bit(1), "size_max"},
    ConfigField{type::block, 12, 4, 4, bit(2), "seg_max"},
    ConfigField{type::block, 16, 2, 2, bit(4), "cylinders"},
    ConfigField{type::block, 18, 2, 1, bit(4), "heads, sectors"},
    ConfigField{type::block, 20, 4, 4, bit(6), "blk_size"},
    ConfigField{type::block, 24, 2, 1, bit(10), "physical_block_exp, alignment_offset"},
    ConfigField{type::block, 26, 2, 2, bit(10), "min_io_size"},
    ConfigField{type::block, 28, 4, 4, bit(10), "opt_io_size"},
    ConfigField{type::block, 32, 1, 1, bit(11), "writeback", true},
    ConfigField{type::block, 34, 2, 2, bit(12), "num_queues"},
    ConfigField{type::block, 36, 4, 4, bit(13), "max_discard_sectors"},
    ConfigField{type::block, 40, 4, 4, bit(13), "max_discard_seg"},
    ConfigField{type::block, 44, 4, 4, bit(13), "discard_sector_alignment"},
    ConfigField{type::block, 48, 4, 4, bit(14), "max_write_zeroes_sectors"},
    ConfigField{type::block, 52, 4, 4, bit(14), "max_write_zeroes_seg"},
    ConfigField{type::block, 56, 1, 1, bit(14), "write_zeroes_may_unmap"},
    ConfigField{type::block, 60, 4, 4, bit(16), "max_secure_erase_sectors"},
    ConfigField{type::block, 64, 4, 4, bit(16), "max_secure_erase_seg"},
    ConfigField{type::block, 68, 4, 4, bit(16), "secure_erase_sector_alignment"},
    ConfigField{type::net, 0, 6, 1, bit(5), "mac"},
    ConfigField{type::net, 6, 2, 2, bit(16), "status"},
    ConfigField{type::net, 8, 2, 2, bit(22) | bit(60), "max_virtqueue_pairs"},
    ConfigField{type::net, 10, 2, 2, bit(3), "mtu"},
    ConfigField{type::net, 12, 4, 4, bit(63), "speed"},
    ConfigField{type::net, 16, 1, 1, bit(63), "duplex"},
    ConfigField{type::net, 17, 1, 1, net_hash, "rss_max_key_size"},
    ConfigField{type::net, 18, 2, 2, bit(60), "rss_max_indirection_table_length"},
    ConfigField{type::net, 20, 4, 4, net_hash, "supported_hash_types"},
    ConfigField{type::console, 0, 2, 2, bit(0), "cols"},
    ConfigField{type::console, 2, 2, 2, bit(0), "rows"},
    ConfigField{type::console, 4, 4, 4, bit(1), "max_nr_ports"},
    ConfigField{type::console, 8, 4, 4, bit(2), "emerg_wr", true},
    ConfigField{type::gpu, 0, 4, 4, 0, "events_read"},
    ConfigField{type::gpu, 4, 4, 4, 0, "events_clear", true},
    ConfigField{type::gpu, 8, 4, 4, 0, "num_scanouts"},
    ConfigField{type::gpu, 12, 4, 4, 0, "num_capsets"},
    ConfigField{type::input, 0, 2, 1, 0, "select, subsel", true},
    ConfigField{type::input, 2, 1, 1, 0, "size"},
    ConfigField{type::input, 8, 128, 1 | 2 | 4, 0, "u"},  // bytes, or ids, or ranges of an axis
};

// virtio 1.2, 5.1.3.1
constexpr std::array dependencies{
    Dependency{type::net, 7, bit(1)},              // GUEST_TSO4: GUEST_CSUM
    Dependency{type::net, 8, bit(1)},              // GUEST_TSO6
    Dependency{type::net, 9, bit(7) | bit(8)},     // GUEST_ECN: a GUEST_TSO
    Dependency{type::net, 10, bit(1)},             // GUEST_UFO
    Dependency{type::net, 11, bit(0)},             // HOST_TSO4: CSUM
    Dependency{type::net, 12, bit(0)},             // HOST_TSO6
    Dependency{type::net, 13, bit(11) | bit(12)},  // HOST_ECN: a HOST_TSO
    Dependency{type::net, 14, bit(0)},             // HOST_UFO
    Dependency{type::net, 56, bit(0)},             // HOST_USO
    Dependency{type::net, 18, bit(17)},            // CTRL_RX: CTRL_VQ
    Dependency{type::net, 19, bit(17)},            // CTRL_VLAN
    Dependency{type::net, 21, bit(17)},            // GUEST_ANNOUNCE
    Dependency{type::net, 22, bit(17)},            // MQ
    Dependency{type::net, 23, bit(17)},            // CTRL_MAC_ADDR
    Dependency{type::net, 60, bit(17)},            // RSS
    Dependency{type::net, 61, bit(11) | bit(12)},  // RSC_EXT: a HOST_TSO
};

}  // namespace

const RegisterText* register_at(u32 offset)
{
    const auto found = std::ranges::find(registers, offset, &RegisterText::offset);
    return found == registers.end() ? nullptr : &*found;
}

bool config_known(u32 device_type)
{
    return device_type == type::entropy
           || std::ranges::contains(fields, device_type, &ConfigField::type);
}

const ConfigField* config_at(u32 device_type, u32 offset)
{
    const auto found = std::ranges::find_if(fields, [&](const ConfigField& one) {
        return one.type == device_type && offset >= one.offset && offset - one.offset < one.bytes;
    });
    return found == fields.end() ? nullptr : &*found;
}

const Dependency* broken_dependency(u32 device_type, u64 accepted)
{
    const auto found = std::ranges::find_if(dependencies, [&](const Dependency& one) {
        return one.type == device_type && (accepted & bit(one.feature)) != 0
               && (accepted & one.needs) == 0;
    });
    return found == dependencies.end() ? nullptr : &*found;
}

}  // namespace vireo::monitor
