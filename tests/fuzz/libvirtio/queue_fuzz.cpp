// tests/fuzz/libvirtio/queue_fuzz.cpp - a device that writes any bytes into the rings at any time.
//
// Property: take() gives each submitted chain back at most once, never more of them than were
// published, with no more bytes than its writable part has; after a lie it gives nothing;
// descriptors neither vanish nor appear.
#include "script.hpp"

#include <cstdlib>
#include <map>

#include <virtio/queue.hpp>

using namespace virtio;

namespace {

constexpr u16 size = 16;
constexpr Tables tables{size, 3};
constexpr u16 marks = PackedFlags::available | PackedFlags::used;

alignas(4096) std::array<std::byte, Queue<size>::memory_bytes(size, tables).raw()> memory;

void demand(bool held)
{
    if (!held)
        std::abort();
}

struct Submitted {
    u32 writable;
    u16 links;  // entries of the ring
};

struct Run {
    Script script;
    Queue<size> queue;
    std::map<u16, Submitted> submitted;
    u32 in_use = 0;
    u32 offered = 0;
    u32 shown = 0;  // of those offered
    u32 taken_back = 0;
    QueueOptions options{size};
    u32 used = 0;  // packed: where the device writes next

    // Which kind of ring is of the script, too.
    void start()
    {
        const u8 kind = script.byte();
        options = {size, (kind & 1) != 0, (kind & 2) != 0, (kind & 4) != 0 ? tables : Tables{}};
        const DmaRegion region{memory.data(), DeviceAddr{0x10000}, Bytes{memory.size()}};
        demand(queue.start(region, options).has_value());
        submitted.clear();
        in_use = offered = shown = taken_back = used = 0;
    }
    // Entries of a packed ring are free again when the device used them, before they are taken.
    bool spare() const { return options.packed && queue.free_descriptors() + in_use > size; }
    u16 entries(u16 links) const
    {
        return links > 1 && links <= options.tables.entries ? u16{1} : links;
    }

    void submit()
    {
        std::array<Buffer, 5> buffers{};
        const u8 shape = script.byte();
        const u16 links = shape % 5 + 1;
        Submitted chain{0, entries(links)};
        for (u16 i = 0; i < links; ++i) {
            const bool writes = i >= shape >> 5;
            const u32 length = 1u + script.byte();
            buffers[i] = {DeviceAddr{0x100000}, length, writes};
            chain.writable += writes ? length : 0;
        }
        const bool more = spare();
        const auto head = queue.submit(std::span{buffers}.first(links));
        const bool room = !queue.broken() && in_use + chain.links <= size;
        demand(head.has_value() == room || (head && more));
        if (head) {
            demand(submitted.emplace(head->raw(), chain).second);
            in_use += chain.links;
            ++offered;
        }
    }

    void publish()
    {
        (void)queue.publish();
        shown = offered;
    }

    void take()
    {
        const bool was_broken = queue.broken();
        const auto taken = queue.take();
        demand(!was_broken || !taken);
        if (!taken)
            return;
        if (!*taken) {
            demand(queue.broken() && queue.fault() != Fault::none);
            return;
        }
        const auto chain = submitted.find((*taken)->head.raw());
        demand(chain != submitted.end());
        demand(++taken_back <= shown);
        demand((*taken)->written <= chain->second.writable);
        in_use -= chain->second.links;
        submitted.erase(chain);
    }

    // A plausible used element, or any bytes anywhere.
    void device()
    {
        const u8 what = script.byte();
        if (what >= 0xc0)
            memory[script.half() % memory.size()] = static_cast<std::byte>(script.byte());
        else if (options.packed)
            use_packed(what);
        else
            use_split(what);
    }
    void use_split(u8 what)
    {
        auto* at = memory.data() + RingLayout{size}.used();
        auto* idx = reinterpret_cast<u16*>(at + 2);
        auto* element = reinterpret_cast<UsedElement*>(at + 4) + *idx % size;
        element->id = what % 20;
        element->len = script.byte();
        *idx = static_cast<u16>(*idx + (what >= 0xb0 ? script.byte() : 1));
    }
    void use_packed(u8 what)
    {
        auto* entry = reinterpret_cast<PackedDescriptor*>(memory.data()) + used % size;
        entry->id = what % 20;
        entry->len = script.byte();
        entry->flags = used / size % 2 == 0 ? marks : 0;
        const auto chain = submitted.find(entry->id);
        used += chain == submitted.end() || what >= 0xb0 ? 1 : chain->second.links;
    }

    void step()
    {
        switch (script.byte() % 8) {
        case 0:
        case 1:
            submit();
            break;
        case 2:
            publish();
            break;
        case 3:
        case 4:
            take();
            break;
        case 5:
        case 6:
            device();
            break;
        default:
            if (queue.broken())
                start();
            else
                (void)queue.arm();
        }
        demand(queue.free_descriptors() + in_use == size || spare());
        demand(queue.outstanding() == submitted.size());
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count)
{
    Run run{.script = {bytes, count}, .queue = {}, .submitted = {}};
    run.start();
    while (!run.script.empty())
        run.step();
    return 0;
}
