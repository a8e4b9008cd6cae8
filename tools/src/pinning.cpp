// pinning.cpp - which virtio-mmio slot each device gets.
#include "pinning.hpp"

#include "limits.hpp"

#include <algorithm>
#include <bitset>

namespace vireo {
namespace {

using Taken = std::bitset<slot_count>;
static_assert(proto::table::max_devices <= slot_count);

u32 devices_on(const Taken& taken, u32 page)
{
    u32 count = 0;
    for (u32 i = 0; i < slots_per_page; ++i)
        count += taken[page * slots_per_page + i] ? 1 : 0;
    return count;
}

// The first page that is free, so that the busiest devices come first; else the last of the
// emptiest: who is there already is the least busy one.
u32 next_slot(const Taken& taken)
{
    u32 best = 0;
    for (u32 page = 1; page < slot_count / slots_per_page; ++page) {
        const u32 here = devices_on(taken, page);
        const u32 there = devices_on(taken, best);
        if (here < there || (here == there && here != 0))
            best = page;
    }
    u32 slot = best * slots_per_page;
    while (taken[slot])
        ++slot;
    return slot;
}

}  // namespace

void pin_devices(System& system)
{
    Taken taken;
    std::vector<Device*> waiting;
    for (auto& device : system.devices) {
        if (device.type == DeviceType::serial) {
            device.slot = proto::table::serial_slot;
        } else if (device.wanted_slot) {
            device.slot = *device.wanted_slot;
            taken.set(device.slot);
        } else {
            waiting.push_back(&device);
        }
    }
    std::ranges::stable_sort(waiting, {},
                             [](const Device* device) { return kind_of(device->type).rank; });
    for (auto* device : waiting) {
        device->slot = next_slot(taken);
        taken.set(device->slot);
    }
}

}  // namespace vireo
