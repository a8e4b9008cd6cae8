// monitor/device.hpp - one virtio-mmio slot: what was done to it so far, and whether the next
// access keeps to the specification.
#pragma once

#include "monitor/config.hpp"
#include "monitor/trace_line.hpp"

#include <array>
#include <map>
#include <string>

namespace vireo::monitor {

class Device {
public:
    // `offset` in the slot. At most one rule: the first that it breaks.
    Broken access(const Access& access, u32 offset);
    // The device took a chain from a queue.
    Broken chain(u32 queue, const Popped& popped);

    u32 type() const { return type_; }
    bool legacy() const { return version_ == 1; }
    // For who reads a finding.
    std::string state() const;

private:
    Broken read(u32 offset, u32 value);
    Broken write(u32 offset, u32 value);
    Broken write_plain(u32 offset, u32 value);
    Broken probe(u32 offset, u32 value);
    Broken read_offer(u32 value);
    Broken accept(u32 value);
    Broken write_status(u32 value);
    Broken reached(u32 added);
    Broken features_good() const;
    Broken acknowledge(u32 value);
    Broken notify(u32 value);
    Broken queue_access(bool write, u32 offset, u32 value);
    void read_status(u32 value);
    bool ring_reset() const;
    bool known() const;

    // The slot's own, whoever drives it.
    bool magic_ = false;
    u32 version_ = 0;
    std::optional<u32> device_id_{};
    u32 type_ = 0;
    u64 offered_ = 0;

    // Since the last reset.
    struct Attempt {
        Phase phase = Phase::strange;
        u32 status = 0;
        std::optional<u32> offer_word{};
        std::optional<u32> accept_word{};
        u64 accepted = 0;
        bool page_size = false;
        u32 interrupts = 0;  // causes that were read and not acknowledged
        std::optional<u32> selected{};
        std::map<u32, Queue> queues{};
        Config config{};
    };
    Attempt now_;
};

}  // namespace vireo::monitor
