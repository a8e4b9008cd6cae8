// model/device.hpp - what one type of device does behind its registers.
#pragma once

#include <functional>
#include <span>

#include <model/queue.hpp>

namespace model {

class Device {
public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    virtual ~Device() = default;

    virtual u32 id() const = 0;
    virtual u64 features() const { return 0; }  // bits of the type; the transport adds its own
    virtual u16 queues() const { return 1; }
    virtual std::span<u8> config() { return {}; }
    // Width of the config field that starts at the offset, which is how it must be accessed; a
    // 64-bit field is two of 32 bits. Zero: none starts here.
    virtual u32 config_width(u32 offset) const
    {
        (void)offset;
        return 0;
    }

    // The driver may write the config field that starts at the offset.
    virtual bool config_writable(u32 offset) const
    {
        (void)offset;
        return false;
    }
    // It did.
    virtual void config_written(u32 offset) { (void)offset; }

    // What the driver accepted, when it did.
    virtual void accepted(u64 features) { features_ = features; }
    // Something is available on a queue, or the device has something for it.
    virtual void work(u16 index, Queue& queue) = 0;
    // The device has something for the driver on this queue, without having been notified.
    virtual bool pending(u16 index) const
    {
        (void)index;
        return false;
    }
    virtual void reset() {}

    // Interrupts because of config(); once behind registers.
    std::function<void()> tell_config_changed = [] {};

protected:
    u64 features_ = 0;
};

}  // namespace model
