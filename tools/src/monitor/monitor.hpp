// monitor/monitor.hpp - reads QEMU's trace of a whole run and says which accesses of drivers break
// the virtio specification.
#pragma once

#include "monitor/device.hpp"

#include <tuple>
#include <vector>

namespace vireo::monitor {

// The first of a kind, and how many there were.
struct Finding {
    Rule rule;
    std::string text;
    u64 count = 1;
};

class Monitor {
public:
    // False if the line is none of the trace.
    bool line(std::string_view text);

    // Accesses to any emulated device: none at all means that nothing was traced.
    u64 accesses() const { return accesses_; }
    // In no order that means anything.
    std::vector<Finding> findings() const;

private:
    struct Place {
        u64 slot;
        u32 queue;
    };
    using Kind = std::tuple<u32, Rule, u32>;  // device type, rule, register or queue

    void take(const OtherDevice&) { ++accesses_; }
    void take(const Access& access);
    void take(const Notified& notified);
    void take(const Popped& popped);
    void found(u64 slot, Rule rule, u32 where, const std::string& what);

    std::map<u64, Device> devices_;  // by the address of their slot
    std::map<u64, Place> queues_;    // by QEMU's own name
    std::optional<Place> notified_;  // by the last access
    std::map<Kind, Finding> findings_;
    u64 accesses_ = 0;
    u64 line_ = 0;
};

// As a line for who reads the report.
std::string text_of(const Finding& finding);

}  // namespace vireo::monitor
