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

alignas(4096) std::array<std::byte, RingLayout{size}.bytes().raw()> memory;

void demand(bool held)
{
    if (!held)
        std::abort();
}

struct Submitted {
    u32 writable;
    u16 links;
};

struct Run {
    Script script;
    Queue<size> queue;
    std::map<u16, Submitted> submitted;
    u32 in_use = 0;
    u32 offered = 0;
    u32 shown = 0;  // of those offered
    u32 taken_back = 0;

    void start(bool event_idx)
    {
        const DmaRegion region{memory.data(), DeviceAddr{0x10000}, Bytes{memory.size()}};
        demand(queue.start(region, size, event_idx).has_value());
        submitted.clear();
        in_use = offered = shown = taken_back = 0;
    }

    void submit()
    {
        std::array<Buffer, 5> buffers{};
        const u8 shape = script.byte();
        const u16 links = shape % 5 + 1;
        Submitted chain{0, links};
        for (u16 i = 0; i < links; ++i) {
            const bool writes = i >= shape >> 5;
            const u32 length = 1u + script.byte();
            buffers[i] = {DeviceAddr{0x100000}, length, writes};
            chain.writable += writes ? length : 0;
        }
        const auto head = queue.submit(std::span{buffers}.first(links));
        demand(head.has_value() == (!queue.broken() && in_use + links <= size));
        if (head) {
            demand(submitted.emplace(head->raw(), chain).second);
            in_use += links;
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
        auto* used = memory.data() + RingLayout{size}.used();
        const u8 what = script.byte();
        if (what < 0xc0) {
            auto* idx = reinterpret_cast<u16*>(used + 2);
            auto* element = reinterpret_cast<UsedElement*>(used + 4) + *idx % size;
            element->id = what % 20;
            element->len = script.byte();
            *idx = static_cast<u16>(*idx + (what >= 0xb0 ? script.byte() : 1));
        } else {
            memory[script.half() % memory.size()] = static_cast<std::byte>(script.byte());
        }
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
                start(script.byte() % 2 != 0);
            else
                (void)queue.arm();
        }
        demand(queue.free_descriptors() == size - in_use);
        demand(queue.outstanding() == submitted.size());
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize count)
{
    Run run{.script = {bytes, count}, .queue = {}, .submitted = {}};
    run.start(run.script.byte() % 2 != 0);
    while (!run.script.empty())
        run.step();
    return 0;
}
