// fault/queues.cpp - what drivers tell their devices about virtqueues, and descriptors of the
// victim that are published there although their memory is not the device's. Registers and layouts:
// virtio 1.2, 2.7 (split virtqueues) and 4.2 (MMIO), and what version 1 devices have instead.

#include "arch/aarch64/mmio.hpp"
#include "fault/inspector.hpp"
#include "object/memory.hpp"

#include <algorithm>

namespace kernel::fault {

namespace {

constexpr u16 max_queues = 16;
constexpr u16 max_size = 1024;

struct Queue {
    u64 descriptors = 0;
    u64 available = 0;
    u64 used = 0;
    u16 size = 0;
    bool ready = false;
};

struct Model {
    u64 features = 0;
    u32 features_word = 0;
    u32 selected = 0;
    u32 guest_page = 0;
    u32 align = 0;
    std::array<Queue, max_queues> queues{};
};
constinit std::array<Model, max_devices> models{};

struct Descriptor {
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
};
static_assert(sizeof(Descriptor) == 16);
constexpr u16 has_next = 1;
constexpr u16 indirect = 4;
constexpr u64 packed_rings = bit<34>;

constinit std::array<u64, 32> told{};  // wild addresses of this order

void tell(u64 address)
{
    auto& wild = order.report.wild;
    const auto known = std::span{told}.first(std::min<u64>(wild, told.size()));
    if (std::ranges::contains(known, address))
        return;
    if (wild < told.size())
        told[wild] = address;
    if (wild++ == 0)
        order.report.first_wild = address;
}

// The end of what is in the domain without a gap from this address on; the address, if it is not.
u64 reach(const Pin& pin, u64 address)
{
    std::array<abi::DmaRun, 8> runs{};
    u64 first = 0;
    while (const u64 count = pin.runs(first, runs)) {
        for (const auto& run : std::span{runs}.first(count))
            if (address - run.address.raw() < run.length.raw())
                return run.address.raw() + run.length.raw();
        first += count;
    }
    return address;
}

bool in_domain(Device& device, u64 address, u64 bytes)
{
    while (bytes > 0) {
        u64 end = address;
        for (const Pin& pin : Inspector::pins(device))
            end = std::max(end, reach(pin, address));
        if (end == address)
            return false;
        bytes -= std::min(bytes, end - address);
        address = end;
    }
    return true;
}

// The same for what the kernel reads next.
bool readable(Device& device, u64 address, u64 bytes, u64 alignment)
{
    const bool good = in_domain(device, address, bytes);
    if (!good)
        tell(address);
    return good && aligned(address, alignment);
}

template <class T>
T at(u64 address)
{
    return *static_cast<const volatile T*>(direct<T>(PhysAddr{address}));
}

Descriptor descriptor_at(u64 table, u64 index)
{
    const u64 where = table + index * sizeof(Descriptor);
    return {at<u64>(where), at<u32>(where + 8), at<u16>(where + 12), at<u16>(where + 14)};
}

void look_at_chain(Device& device, u64 table, u64 size, u64 head, bool in_table)
{
    u64 index = head;
    for (u64 steps = 0; steps < size && index < size; ++steps) {
        const Descriptor one = descriptor_at(table, index);
        if ((one.flags & indirect) != 0 && !in_table) {
            const u64 entries = std::min<u64>(one.length / sizeof(Descriptor), max_size);
            if (readable(device, one.address, one.length, sizeof(u64)))
                look_at_chain(device, one.address, entries, 0, true);
        } else if (!in_domain(device, one.address, one.length)) {
            tell(one.address);
        }
        if ((one.flags & has_next) == 0)
            return;
        index = one.next;
    }
}

bool rings_readable(Device& device, const Queue& queue)
{
    return readable(device, queue.descriptors, queue.size * sizeof(Descriptor), 8)
           && readable(device, queue.available, 4 + queue.size * 2U, 2)
           && readable(device, queue.used, 4 + queue.size * 8U, 4);
}

void look_at_queue(Device& device, const Queue& queue)
{
    if (!queue.ready || queue.size == 0 || !rings_readable(device, queue))
        return;
    const u16 end = at<u16>(queue.available + 2);
    const u16 published = static_cast<u16>(end - at<u16>(queue.used + 2));
    if (published > queue.size)
        return;  // an index is nonsense, and the device will say so
    for (u16 i = 0; i < published; ++i) {
        const u16 slot = static_cast<u16>(end - 1 - i) % queue.size;
        look_at_chain(device, queue.descriptors, queue.size,
                      at<u16>(queue.available + 4 + slot * 2U), false);
    }
}

void look_at_device(Device& device)
{
    const Model& model = models[device.what().index];
    if ((model.features & packed_rings) != 0) {
        ++order.report.unwalked;
        return;
    }
    for (const Queue& queue : model.queues)
        look_at_queue(device, queue);
}

void set_low(u64& word, u64 value) { word = (word & ~u64{0xffff'ffff}) | value; }
void set_high(u64& word, u64 value) { word = (word & 0xffff'ffff) | value << 32; }

// Version 1: one address of three parts that lie behind each other.
void place_legacy(Model& model, Queue& queue, u64 page)
{
    const u64 size = queue.size;
    queue.descriptors = page * model.guest_page;
    queue.available = queue.descriptors + size * sizeof(Descriptor);
    queue.used = align_up(queue.available + 6 + size * 2, std::max(model.align, 1U));
    queue.ready = page != 0;
}

void reset(Model& model) { model = {}; }

void write_queue(Model& model, Queue& queue, u64 offset, u64 value)
{
    switch (offset) {
    case 0x38:
        queue.size = static_cast<u16>(std::min<u64>(value, max_size));
        return;
    case 0x40:
        return place_legacy(model, queue, value);
    case 0x44:
        queue.ready = value != 0;
        return;
    case 0x80:
        return set_low(queue.descriptors, value);
    case 0x84:
        return set_high(queue.descriptors, value);
    case 0x90:
        return set_low(queue.available, value);
    case 0x94:
        return set_high(queue.available, value);
    case 0xa0:
        return set_low(queue.used, value);
    case 0xa4:
        return set_high(queue.used, value);
    default:
        return;
    }
}

void write_device(Model& model, u64 offset, u64 value)
{
    switch (offset) {
    case 0x20:
        return model.features_word == 0 ? set_low(model.features, value)
                                        : set_high(model.features, value);
    case 0x24:
        model.features_word = static_cast<u32>(value);
        return;
    case 0x28:
        model.guest_page = static_cast<u32>(value);
        return;
    case 0x30:
        model.selected = static_cast<u32>(value);
        return;
    case 0x3c:
        model.align = static_cast<u32>(value);
        return;
    case 0x70:
        if (value == 0)
            reset(model);
        return;
    default:
        if (model.selected < max_queues)
            write_queue(model, model.queues[model.selected], offset, value);
    }
}

Device* device_at(PhysAddr where)
{
    for (Device* const device : devices())
        if (where.raw() - device->what().window.raw() < device->what().size.raw())
            return device;
    return nullptr;
}

bool victims(const Device& device)
{
    return order.victim != nullptr && device.owner() == order.victim;
}

// A descriptor that is published, if one is; else any.
u64 some_descriptor(const Queue& queue, Random& random)
{
    const u16 end = at<u16>(queue.available + 2);
    const u16 published = static_cast<u16>(end - at<u16>(queue.used + 2));
    u64 index = random.below(queue.size);
    if (published > 0 && published <= queue.size) {
        const u16 slot = static_cast<u16>(end - 1 - random.below(published)) % queue.size;
        index = at<u16>(queue.available + 4 + slot * 2U) % queue.size;
    }
    return queue.descriptors + index * sizeof(Descriptor) + random.below(sizeof(Descriptor));
}

}  // namespace

void look_at_queues(Process& owner)
{
    for (Device* const device : devices())
        if (device->owner() == &owner)
            look_at_device(*device);
}

void look_at_release(Thread& caller)
{
    if (abi::CallNumber::get(caller.x[8]) != static_cast<u64>(abi::Syscall::device_quiesced))
        return;
    const auto device =
        caller.process().handles().get<Device>(caller.call_slot(), abi::right::manage);
    if (!device)
        return;
    for (const Queue& queue : models[(*device)->what().index].queues)
        if (queue.ready)
            tell(queue.descriptors);
}

void look_at_access(PhysAddr where, bool write, u64 value)
{
    Device* const device = write ? device_at(where) : nullptr;
    if (device == nullptr)
        return;
    constexpr u64 notify = 0x50;
    const u64 offset = where.raw() - device->what().window.raw();
    if (offset != notify)
        write_device(models[device->what().index], offset, value & 0xffff'ffff);
    else if (victims(*device))
        look_at_device(*device);
}

std::optional<PhysAddr> queue_byte(Process& owner, Random& random)
{
    std::array<std::pair<Device*, const Queue*>, max_queues> all{};
    usize count = 0;
    for (Device* const device : devices())
        for (const Queue& queue : models[device->what().index].queues)
            if (device->owner() == &owner && queue.ready && count < all.size())
                all[count++] = {device, &queue};
    if (count == 0)
        return {};
    const auto [device, queue] = all[random.below(count)];
    if (queue->size == 0 || !rings_readable(*device, *queue))
        return {};
    const bool used = (random.next() & 1) != 0;
    return PhysAddr{used ? queue->used + random.below(4 + queue->size * 8U)
                         : some_descriptor(*queue, random)};
}

}  // namespace kernel::fault
