// init/slots.hpp - the virtio-mmio slots of the machine: what is in them, and the reset of a device
// whose server died. Every access goes through SYS_DEVICE_IO; registers are those of
// virtio 1.2, 4.2.2.
#pragma once

#include <array>

#include <abi/boot.hpp>
#include <proto/table.hpp>
#include <sys/device.hpp>

namespace init {

namespace table = proto::table;

namespace mmio {
inline constexpr u64 magic = 0x000;
inline constexpr u64 version = 0x004;
inline constexpr u64 device_id = 0x008;
inline constexpr u64 vendor = 0x00c;
inline constexpr u64 device_features = 0x010;
inline constexpr u64 device_features_sel = 0x014;
inline constexpr u64 queue_notify = 0x050;
inline constexpr u64 status = 0x070;

inline constexpr u64 emerg_wr = 0x108;  // of a console (virtio 1.2, 5.3.4)

inline constexpr u32 acknowledge = 1;  // status bits (virtio 1.2, 2.1)
inline constexpr u32 driver = 2;
inline constexpr u32 driver_ok = 4;
inline constexpr u32 failed = 128;
inline constexpr u32 needs_reset = 64;
inline constexpr u32 magic_value = 0x74726976;  // "virt"
}  // namespace mmio

// A page of registers holds eight slots of 0x200 bytes.
inline constexpr u32 slots_per_page = 8;

struct Found {
    u32 virtio_id = 0;  // 0: the slot is empty
    u32 version = 0;
    u32 vendor = 0;
};

// Reads what a slot holds. Not a virtio device, or one of a version nobody knows: empty. Of an
// empty slot nothing more is read (virtio 1.2, 4.2.3.1.1).
inline Result<Found> look(sys::Borrowed<sys::Device> device)
{
    const auto magic = sys::read_register(device, mmio::magic);
    const auto version = sys::read_register(device, mmio::version);
    if (!magic || !version)
        return fail(magic ? version.error() : magic.error());
    if (*magic != mmio::magic_value || (*version != 1 && *version != 2))
        return Found{};
    const auto id = sys::read_register(device, mmio::device_id);
    if (!id)
        return fail(id.error());
    if (*id == 0)
        return Found{};
    const auto vendor = sys::read_register(device, mmio::vendor);
    if (!vendor)
        return fail(vendor.error());
    return Found{*id, *version, *vendor};
}

// It was started, and did not say that it is broken: it will end its requests.
inline bool works(sys::Borrowed<sys::Device> device)
{
    const auto status = sys::read_register(device, mmio::status);
    return status && (*status & (mmio::driver_ok | mmio::needs_reset)) == mmio::driver_ok;
}

// Status 0, until it reads back so: from then on the device touches no memory. The write itself
// waits for requests in flight, so a device that needs more looks than this is broken. Errors:
// timed_out.
inline Result<> reset(sys::Borrowed<sys::Device> device)
{
    constexpr int looks = 1000;
    if (const auto written = sys::write_register(device, mmio::status, 0); !written)
        return written;
    for (int i = 0; i < looks; ++i) {
        const auto status = sys::read_register(device, mmio::status);
        if (!status)
            return fail(status.error());
        if (*status == 0)
            return {};
    }
    return fail(Errc::timed_out);
}

// What a console can still say, one character at a time, when nobody will drive it any more; it was
// reset, and is left failed (virtio 1.2, 5.3.5, 3.1.1). Nothing if it cannot.
inline void last_words(sys::Borrowed<sys::Device> console, std::string_view words)
{
    constexpr u32 emergency = 1u << 2;
    const auto write = [&](u64 where, u32 value) {
        (void)sys::write_register(console, where, value);
    };
    write(mmio::status, mmio::acknowledge);
    write(mmio::status, mmio::acknowledge | mmio::driver);
    write(mmio::device_features_sel, 0);
    if ((sys::read_register(console, mmio::device_features).value_or(0) & emergency) != 0)
        for (const char character : words)
            write(mmio::emerg_wr, static_cast<u8>(character));
    write(mmio::status, mmio::acknowledge | mmio::driver | mmio::failed);
}

class Slots {
public:
    // Takes the handles of all slots, and closes those of empty ones: that is how the kernel knows
    // that a page of registers belongs to fewer devices.
    void enumerate(const abi::BootInfo& boot)
    {
        count_ = std::min(boot.device_count, abi::max_devices);
        for (u32 i = 0; i < count_; ++i) {
            devices_[i] = sys::Handle<sys::Device>{boot.devices[i]};
            found_[i] = look(devices_[i].borrow()).value_or(Found{});
            if (found_[i].virtio_id == 0)
                devices_[i] = {};
        }
        serial_ = sys::Handle<sys::Device>{boot.serial};
    }

    u32 count() const { return count_; }
    Found found(u32 slot) const
    {
        if (slot == table::serial_slot && serial_.valid())
            return {table::pl011_id, 0, 0};
        return slot < count_ && slot < table::serial_slot ? found_[slot] : Found{};
    }
    sys::Borrowed<sys::Device> device(u32 slot) const
    {
        return (slot == table::serial_slot ? serial_ : devices_[slot]).borrow();
    }

    // No other device has registers in the same page.
    bool exclusive(u32 slot) const
    {
        if (slot == table::serial_slot)
            return false;  // the kernel prints there
        const u32 first = slot / slots_per_page * slots_per_page;
        for (u32 i = first; i < first + slots_per_page; ++i)
            if (i != slot && found(i).virtio_id != 0)
                return false;
        return true;
    }

private:
    u32 count_ = 0;
    std::array<sys::Handle<sys::Device>, abi::max_devices> devices_{};
    std::array<Found, abi::max_devices> found_{};
    sys::Handle<sys::Device> serial_;
};

}  // namespace init
