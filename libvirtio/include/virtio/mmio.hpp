// virtio/mmio.hpp - where the registers of virtio-mmio are (virtio 1.2, 4.2.2 and 4.2.4).
#pragma once

#include <virtio/transport.hpp>

namespace virtio {

// virtio 1.2, 4.2.2, InterruptStatus
struct InterruptBits {
    static constexpr u32 used_buffer = 1;
    static constexpr u32 config_change = 2;
    static constexpr u32 defined = used_buffer | config_change;
};

// virtio 1.2, 4.2.2: registers of version 2. Version 1 has those above QueueReady too, and
// InterruptStatus, InterruptACK, QueueNotify, Status and the configuration space.
struct Mmio {
    template <class T, Access Mode>
    using Reg = Register<Mmio, T, Mode>;

    static constexpr u32 magic = 0x74726976;  // "virt"
    static constexpr u16 config = 0x100;      // the device type's own registers

    static constexpr Reg<u32, Access::ro> magic_value{0x000};
    static constexpr Reg<u32, Access::ro> version{0x004};
    static constexpr Reg<u32, Access::ro> device_id{0x008};
    static constexpr Reg<u32, Access::ro> vendor_id{0x00c};
    static constexpr Reg<u32, Access::ro> device_features{0x010};
    static constexpr Reg<u32, Access::wo> device_features_sel{0x014};
    static constexpr Reg<u32, Access::wo> driver_features{0x020};
    static constexpr Reg<u32, Access::wo> driver_features_sel{0x024};
    static constexpr Reg<u32, Access::wo> queue_sel{0x030};
    static constexpr Reg<u32, Access::ro> queue_num_max{0x034};
    static constexpr Reg<u32, Access::wo> queue_num{0x038};
    static constexpr Reg<u32, Access::rw> queue_ready{0x044};
    static constexpr Reg<u32, Access::wo> queue_notify{0x050};
    static constexpr Reg<u32, Access::ro> interrupt_status{0x060};
    static constexpr Reg<u32, Access::wo> interrupt_ack{0x064};
    static constexpr Reg<Status, Access::rw> status{0x070};
    static constexpr Reg<DeviceAddr, Access::wo> queue_desc{0x080};
    static constexpr Reg<DeviceAddr, Access::wo> queue_driver{0x090};
    static constexpr Reg<DeviceAddr, Access::wo> queue_device{0x0a0};
    static constexpr Reg<u32, Access::wo> shm_sel{0x0ac};
    static constexpr Reg<u64, Access::ro> shm_len{0x0b0};
    static constexpr Reg<u64, Access::ro> shm_base{0x0b8};
    static constexpr Reg<u32, Access::rw> queue_reset{0x0c0};
    static constexpr Reg<u32, Access::ro> config_generation{0x0fc};
};

// virtio 1.2, 4.2.4: what only the legacy interface (version 1) has.
struct LegacyMmio {
    template <class T, Access Mode>
    using Reg = Register<LegacyMmio, T, Mode>;

    static constexpr Reg<u32, Access::wo> guest_page_size{0x028};
    static constexpr Reg<u32, Access::wo> queue_align{0x03c};
    static constexpr Reg<u32, Access::rw> queue_pfn{0x040};
};

}  // namespace virtio
