// monitor/queue.hpp - what a driver has done to one queue since the last reset.
#pragma once

#include "monitor/rules.hpp"

#include <optional>

namespace vireo::monitor {

// The rule that an access breaks, if it breaks one.
using Broken = std::optional<Rule>;

// What of the device decides about its queues.
struct QueueTerms {
    bool legacy;
    bool packed;
    bool ring_reset;
    bool page_size;  // version 1: it was written
};

class Queue {
public:
    Broken write(u32 offset, u32 value, const QueueTerms& terms);
    Broken read(u32 offset, u32 value, const QueueTerms& terms);

    bool enabled() const { return enabled_; }
    bool was_reset() const { return was_reset_; }
    u32 size() const { return size_; }

private:
    Broken set_size(u32 value, const QueueTerms& terms);
    Broken set_part(u32 offset, u32 value);
    Broken set_align(u32 value);
    Broken set_ready(u32 value, const QueueTerms& terms);
    Broken set_page(u32 value, const QueueTerms& terms);
    Broken set_reset(u32 value, const QueueTerms& terms);
    bool aligned(bool packed) const;
    void stop()
    {
        enabled_ = false;
        written_ = 0;
    }

    std::optional<u32> max_{};
    u32 written_ = 0;  // a bit for each register that is set up
    u32 size_ = 0;
    u32 desc_ = 0;  // low halves: they decide about alignment
    u32 driver_ = 0;
    u32 device_ = 0;
    bool enabled_ = false;
    bool stopping_ = false;  // 0 written to QueueReady, not read back
    bool resetting_ = false;
    bool was_reset_ = false;
};

}  // namespace vireo::monitor
