// monitor/queue.cpp - the life of a queue: size, addresses, enabled, stopped.
#include "monitor/queue.hpp"

#include "monitor/registers.hpp"

#include <bit>

namespace vireo::monitor {
namespace {

// Bits of Queue::written_.
constexpr u32 has_size = 1;
constexpr u32 has_align = 2;
constexpr u32 has_parts = 0b1111'1100;  // six halves of addresses

u32 part_bit(u32 offset)
{
    switch (offset) {
    case reg::queue_desc:
        return 1U << 2;
    case reg::queue_desc + 4:
        return 1U << 3;
    case reg::queue_driver:
        return 1U << 4;
    case reg::queue_driver + 4:
        return 1U << 5;
    case reg::queue_device:
        return 1U << 6;
    default:
        return 1U << 7;
    }
}

}  // namespace

Broken Queue::write(u32 offset, u32 value, const QueueTerms& terms)
{
    if (stopping_ && !(offset == reg::queue_ready && value == 0))
        return Rule::queue_stop;
    switch (offset) {
    case reg::queue_num:
        return set_size(value, terms);
    case reg::queue_align:
        return set_align(value);
    case reg::queue_pfn:
        return set_page(value, terms);
    case reg::queue_ready:
        return set_ready(value, terms);
    case reg::queue_reset:
        return set_reset(value, terms);
    default:
        return set_part(offset, value);
    }
}

Broken Queue::read(u32 offset, u32 value, const QueueTerms& terms)
{
    if (offset == reg::queue_ready && value == 0)
        stopping_ = false;
    if (stopping_)
        return Rule::queue_stop;
    if (offset == reg::queue_reset && value == 0)
        resetting_ = false;
    if (offset == reg::queue_num_max) {
        max_ = value;
        if (terms.legacy && enabled_)
            return Rule::queue_locked;
    }
    return {};
}

Broken Queue::set_size(u32 value, const QueueTerms& terms)
{
    if (enabled_)
        return Rule::queue_locked;
    size_ = value;
    written_ |= has_size;
    if (max_.value_or(0) == 0)
        return Rule::queue_missing;
    const bool odd = !terms.packed && !std::has_single_bit(value);
    return value == 0 || value > *max_ || odd ? Broken{Rule::queue_size} : std::nullopt;
}

Broken Queue::set_part(u32 offset, u32 value)
{
    if (enabled_)
        return Rule::queue_locked;
    written_ |= part_bit(offset);
    if (offset == reg::queue_desc)
        desc_ = value;
    if (offset == reg::queue_driver)
        driver_ = value;
    if (offset == reg::queue_device)
        device_ = value;
    return {};
}

Broken Queue::set_align(u32 value)
{
    if (enabled_)
        return Rule::queue_locked;
    written_ |= has_align;
    return std::has_single_bit(value) ? std::nullopt : Broken{Rule::queue_alignment};
}

// virtio 1.2, 2.7 and 2.8: the driver area of a packed queue is an event structure.
bool Queue::aligned(bool packed) const
{
    return desc_ % 16 == 0 && driver_ % (packed ? 4 : 2) == 0 && device_ % 4 == 0;
}

Broken Queue::set_ready(u32 value, const QueueTerms& terms)
{
    if (value == 0) {
        stop();
        stopping_ = true;
        return {};
    }
    if (enabled_)
        return Rule::queue_twice;
    enabled_ = true;
    was_reset_ = false;
    if (resetting_)
        return Rule::queue_reset;
    if (max_.value_or(0) == 0)
        return Rule::queue_missing;
    if (written_ != (has_size | has_parts))
        return Rule::queue_addresses;
    return aligned(terms.packed) ? std::nullopt : Broken{Rule::queue_alignment};
}

Broken Queue::set_page(u32 value, const QueueTerms& terms)
{
    if (value == 0) {
        stop();
        return {};
    }
    if (enabled_)
        return Rule::queue_twice;
    enabled_ = true;
    if (!terms.page_size)
        return Rule::page_size;
    if (max_.value_or(0) == 0)
        return Rule::queue_missing;
    return written_ == (has_size | has_align) ? std::nullopt : Broken{Rule::queue_addresses};
}

Broken Queue::set_reset(u32 value, const QueueTerms& terms)
{
    if (!terms.ring_reset || value != 1)
        return Rule::queue_reset;
    stop();
    resetting_ = true;
    was_reset_ = true;
    return {};
}

}  // namespace vireo::monitor
