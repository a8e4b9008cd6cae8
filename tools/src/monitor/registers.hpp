// monitor/registers.hpp - the registers of virtio-mmio as tables 4.1 and 4.2 of virtio 1.2 list
// them, and the fields of the configuration of device types. Written from the specification; shares
// nothing with libvirtio, whose accesses are judged by it.
#pragma once

#include <string_view>

#include <base/types.hpp>

namespace vireo::monitor {

enum class Direction : u8 { read, write, both };

struct RegisterText {
    u32 offset;
    std::string_view name;
    Direction direction;
    u8 versions;  // bit 0: version 1, bit 1: version 2
};

// Offsets of the registers that mean something to the monitor.
namespace reg {
inline constexpr u32 magic = 0x000;
inline constexpr u32 version = 0x004;
inline constexpr u32 device_id = 0x008;
inline constexpr u32 vendor_id = 0x00c;
inline constexpr u32 device_features = 0x010;
inline constexpr u32 device_features_sel = 0x014;
inline constexpr u32 driver_features = 0x020;
inline constexpr u32 driver_features_sel = 0x024;
inline constexpr u32 guest_page_size = 0x028;
inline constexpr u32 queue_sel = 0x030;
inline constexpr u32 queue_num_max = 0x034;
inline constexpr u32 queue_num = 0x038;
inline constexpr u32 queue_align = 0x03c;
inline constexpr u32 queue_pfn = 0x040;
inline constexpr u32 queue_ready = 0x044;
inline constexpr u32 queue_notify = 0x050;
inline constexpr u32 interrupt_status = 0x060;
inline constexpr u32 interrupt_ack = 0x064;
inline constexpr u32 status = 0x070;
inline constexpr u32 queue_desc = 0x080;
inline constexpr u32 queue_driver = 0x090;
inline constexpr u32 queue_device = 0x0a0;
inline constexpr u32 shm_sel = 0x0ac;
inline constexpr u32 shm_base_high = 0x0bc;
inline constexpr u32 queue_reset = 0x0c0;
inline constexpr u32 config_generation = 0x0fc;
inline constexpr u32 config = 0x100;
}  // namespace reg

// None: no version has a register there.
const RegisterText* register_at(u32 offset);

// DeviceID (virtio 1.2, 5)
namespace type {
inline constexpr u32 net = 1;
inline constexpr u32 block = 2;
inline constexpr u32 console = 3;
inline constexpr u32 entropy = 4;
inline constexpr u32 gpu = 16;
inline constexpr u32 input = 18;
}  // namespace type

// A field, or an array of fields of one width.
struct ConfigField {
    u32 type;
    u32 offset;  // in the configuration
    u32 bytes;
    u8 widths;     // of an access: bits 1, 2, 4
    u64 features;  // one of which must be offered; 0: always there
    std::string_view name;
    bool writable = false;

    bool wide() const { return type != type::input && bytes > 4; }
};

bool config_known(u32 device_type);  // its fields are listed here
const ConfigField* config_at(u32 device_type, u32 offset);

// A feature that requires one of others (virtio 1.2, 5.1.3.1, 5.2.3.2).
struct Dependency {
    u32 type;
    u32 feature;
    u64 needs;
};
// The first that `accepted` breaks.
const Dependency* broken_dependency(u32 device_type, u64 accepted);

}  // namespace vireo::monitor
