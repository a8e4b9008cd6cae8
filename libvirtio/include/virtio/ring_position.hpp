// virtio/ring_position.hpp - places in a ring, and which of them an event lies between.
#pragma once

#include <base/types.hpp>

namespace virtio {

// A free-running count of ring entries; wraps at 65536, which every ring size divides twice.
using RingPosition = Strong<struct RingPositionUnit, u16>;

constexpr RingPosition after(RingPosition at, u16 entries)
{
    return RingPosition{static_cast<u16>(at.raw() + entries)};
}
constexpr RingPosition next(RingPosition at) { return after(at, 1); }
// Entries from `from` up to `to`, right across the wrap.
constexpr u16 distance(RingPosition from, RingPosition to)
{
    return static_cast<u16>(to.raw() - from.raw());
}
// virtio 1.2, 2.7.10: publishing old..fresh has passed the entry `event` that the other side
// waits for.
constexpr bool event_passed(RingPosition event, RingPosition old, RingPosition fresh)
{
    return distance(next(event), fresh) < distance(old, fresh);
}

}  // namespace virtio
