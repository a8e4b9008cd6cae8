// model/mmio.hpp - the registers of virtio-mmio, device side (virtio 1.2, 4.2), version 1 or 2.
//
// Has the calls that libvirtio wants of a bus. Every access is checked against the specification's
// table and its driver requirements; what the driver may not do is a complaint.
#pragma once

#include <functional>

#include <model/device.hpp>
#include <model/packed_queue.hpp>
#include <model/split_queue.hpp>

namespace model {

struct MmioOptions {
    u32 version = 2;
    u32 queue_max = 1024;
    bool event_idx = true;
    bool indirect = true;
    bool packed = false;    // offers RING_PACKED; never in version 1
    bool automatic = true;  // works on a notify at once; otherwise run() does
};

class Mmio {
public:
    explicit Mmio(Device& device, World& world, MmioOptions options = {});
    Mmio(const Mmio&) = delete;
    Mmio& operator=(const Mmio&) = delete;

    u8 read8(u32 offset) { return static_cast<u8>(read_config(offset, 1)); }
    u16 read16(u32 offset) { return static_cast<u16>(read_config(offset, 2)); }
    u32 read32(u32 offset);
    void write8(u32 offset, u8 value) { write_config(offset, 1, value); }
    void write16(u32 offset, u16 value) { write_config(offset, 2, value); }
    void write32(u32 offset, u32 value);

    // Lets the device work on a queue, and on those that it has something for; interrupts if that
    // is due.
    void run(u16 queue = 0);
    // Only the latter.
    void poll();
    // Does something with a queue as the device, and interrupts if that is due.
    void act(const std::function<void(Queue&)>& what, u16 queue = 0);

    // What devices do by themselves.
    void needs_reset();
    void change_config();
    void raise(u32 causes);  // bits of InterruptStatus

    bool interrupt() const { return interrupt_status_ != 0; }  // the line
    u32 status() const { return status_; }
    u64 accepted() const { return driver_features_; }
    bool packed() const { return (driver_features_ & u64{1} << 34) != 0; }
    u16 queues() const { return static_cast<u16>(queues_.size()); }
    Queue& queue(u16 index = 0) { return ring(queues_[index]); }

    std::function<void(u32 offset)> before_config_read = [](u32) {};

    // What it cost: each access to a register is an exit to whoever emulates the device.
    u64 reads = 0;
    u64 writes = 0;
    u64 notifies = 0;
    u64 interrupts = 0;  // times that the line went up
    u64 exits() const { return reads + writes; }
    u64 notifies_of(u16 queue) const { return queues_[queue].notifies; }

private:
    struct Slot {
        SplitQueue split;
        PackedQueue packed;
        u64 notifies = 0;
        u32 num = 0;
        u32 ready = 0;
        u32 align = 0;
        u32 pfn = 0;
        u64 desc = 0;
        u64 driver = 0;
        u64 device = 0;
    };

    bool legacy() const { return options_.version == 1; }
    Queue& ring(Slot& slot)
    {
        return packed() ? static_cast<Queue&>(slot.packed) : static_cast<Queue&>(slot.split);
    }
    bool access(u64& count);
    u64 offered();
    Slot* selected();
    u32 queue_max();
    u32 queue_in_use();
    u32 complain(const char* what, u32 offset);
    u32 read_config(u32 offset, u32 width);
    void write_config(u32 offset, u32 width, u32 value);
    u32 read_status();
    u32 read_common(u32 offset);
    bool write_common(u32 offset, u32 value);
    bool write_legacy(u32 offset, u32 value);
    bool write_modern(u32 offset, u32 value);
    void write_status(u32 value);
    void check_status(u32 value);
    void reset();
    void take_features();
    void notify(u32 queue);
    void set_size(u32 value);
    void enable(Slot& slot);
    void enable_legacy(Slot& slot, u32 pfn);

    Device* device_;
    World* world_;
    MmioOptions options_;
    std::vector<Slot> queues_;
    u32 status_ = 0;
    u64 status_late_ = 0;    // reads of Status that do not see the reset yet
    u32 status_before_ = 0;  // what they see
    std::optional<u32> device_features_sel_;
    std::optional<u32> driver_features_sel_;
    u64 driver_features_ = 0;
    u32 feature_reads_ = 0;
    u32 queue_sel_ = 0;
    u32 guest_page_size_ = 0;
    u32 interrupt_status_ = 0;
    u32 generation_ = 0;
};

}  // namespace model
