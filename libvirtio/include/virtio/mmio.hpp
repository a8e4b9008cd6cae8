// virtio/mmio.hpp - the registers of virtio-mmio, and typed access to them.
//
// A register is a constexpr value that knows its block, its type and what may be done with it:
// reading a write-only register, writing a read-only one or mixing blocks does not compile.
#pragma once

#include <type_traits>

#include <virtio/platform.hpp>

namespace virtio {

enum class Access : u8 { ro, wo, rw };

// T has 1, 2, 4 or 8 bytes. One of 8 bytes is a pair of 32-bit registers, the low half first.
template <class Block, class T, Access Mode>
struct Register {
    u16 offset;
};

// virtio 1.2, 2.1
enum class Status : u32 {
    reset = 0,
    acknowledge = 1,
    driver = 2,
    driver_ok = 4,
    features_ok = 8,
    needs_reset = 64,
    failed = 128,
};
constexpr Status operator|(Status a, Status b)
{
    return static_cast<Status>(static_cast<u32>(a) | static_cast<u32>(b));
}
constexpr bool has(Status word, Status bit)
{
    return (static_cast<u32>(word) & static_cast<u32>(bit)) != 0;
}

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

// One block of registers of one device, starting `base` bytes into its window.
template <class Block, Bus B>
class Registers {
public:
    constexpr explicit Registers(B& bus, u32 base = 0) : bus_{&bus}, base_{base} {}

    template <class T, Access Mode>
        requires(Mode != Access::wo)
    T read(Register<Block, T, Mode> reg) const
    {
        const u32 at = base_ + reg.offset;
        if constexpr (sizeof(T) == 1) {
            return static_cast<T>(bus_->read8(at));
        } else if constexpr (sizeof(T) == 2) {
            return static_cast<T>(bus_->read16(at));
        } else if constexpr (sizeof(T) == 4) {
            return static_cast<T>(bus_->read32(at));
        } else {
            const u64 low = bus_->read32(at);
            return T{u64{bus_->read32(at + 4)} << 32 | low};
        }
    }

    template <class T, Access Mode>
        requires(Mode != Access::ro)
    void write(Register<Block, T, Mode> reg, std::type_identity_t<T> value) const
    {
        const u32 at = base_ + reg.offset;
        if constexpr (sizeof(T) == 1) {
            bus_->write8(at, static_cast<u8>(value));
        } else if constexpr (sizeof(T) == 2) {
            bus_->write16(at, static_cast<u16>(value));
        } else if constexpr (sizeof(T) == 4) {
            bus_->write32(at, static_cast<u32>(value));
        } else {
            bus_->write32(at, static_cast<u32>(raw(value)));
            bus_->write32(at + 4, static_cast<u32>(raw(value) >> 32));
        }
    }

private:
    static constexpr u64 raw(u64 value) { return value; }
    static constexpr u64 raw(DeviceAddr value) { return value.raw(); }

    B* bus_;
    u32 base_;
};

}  // namespace virtio
