// model/device.hpp - what one type of device does behind its registers.
#pragma once

#include <span>

#include <model/split_queue.hpp>

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

    // What the driver accepted, when it did.
    virtual void accepted(u64 features) { features_ = features; }
    // Something is available on a queue.
    virtual void work(u16 index, SplitQueue& queue) = 0;
    virtual void reset() {}

protected:
    u64 features_ = 0;
};

}  // namespace model
