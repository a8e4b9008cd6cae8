// virtqueue_test.cpp - a driver's queue and the model's, in every order: each answer is whole and
// belongs to its request, nobody sleeps for ever, and each barrier of the driver is needed for
// that.
#include "explorer.hpp"

#include <memory>

#include <catch2/catch.hpp>
#include <model/packed_queue.hpp>
#include <model/split_queue.hpp>
#include <virtio/queue.hpp>

namespace {

using explore::Bell;
using explore::demand;
using namespace virtio;

constexpr u64 arena_address = 0x1'0000'0000;

struct Shape {
    bool packed;
    bool event_idx;
    bool indirect = true;   // a chain is one entry of two; otherwise two of four
    bool suppress = false;  // the device asks for no notifications while it works
    u32 requests = 3;
    bool drains = false;  // chains laid out once, and all taken at once
};

struct Slot {
    u64 question;
    u64 answer;
};

DeviceAddr device_address(const void* at)
{
    return DeviceAddr{arena_address + explore::MemoryModel::offset(at)};
}

void name_split(std::byte* memory, u16 size)
{
    const RingLayout layout{size};
    explore::name(memory, 16u * size, "descriptors");
    explore::name(memory + layout.avail() + 2, 2, "avail.idx");
    explore::name(memory + layout.avail() + 4, 2u * size, "avail.ring");
    explore::name(memory + layout.used_event(), 2, "used_event");
    explore::name(memory + layout.used(), 2, "used.flags");
    explore::name(memory + layout.used() + 2, 2, "used.idx");
    explore::name(memory + layout.used() + 4, 8u * size, "used.ring");
    explore::name(memory + layout.avail_event(), 2, "avail_event");
}

void name_packed(std::byte* memory, u16 size)
{
    const PackedLayout layout{size};
    for (u16 i = 0; i < size; ++i)
        explore::name(memory + 16 * i + 14, 2, "flags");
    explore::name(memory, 16u * size, "descriptors");
    explore::name(memory + layout.driver(), 4, "driver event");
    explore::name(memory + layout.device(), 4, "device event");
}

struct World {
    explicit World(Shape how) : shape{how}
    {
        world.memory.lend(
            {explore::MemoryModel::arena.data(), arena_address, explore::arena_bytes});
        const u16 size = shape.indirect ? 2 : 4;
        const QueueOptions options{size, shape.event_idx, shape.packed,
                                   shape.indirect ? Tables{2, 2} : Tables{}};
        const Bytes bytes = Queue<4>::memory_bytes(size, options.tables);
        std::byte* memory = explore::place(bytes.raw(), 4096);
        const auto rings = queue.start({memory, device_address(memory), bytes}, options).value();
        shape.packed ? name_packed(memory, size) : name_split(memory, size);
        slots = reinterpret_cast<Slot*>(explore::place(2 * sizeof(Slot)));
        explore::name(slots, 2 * sizeof(Slot), "chain contents");
        if (shape.packed)
            other = std::make_unique<model::PackedQueue>(world);
        else
            other = std::make_unique<model::SplitQueue>(world);
        other->start({.size = size,
                      .desc = rings.desc.raw(),
                      .driver = rings.driver.raw(),
                      .device = rings.device.raw(),
                      .event_idx = shape.event_idx,
                      .indirect = shape.indirect});
        free = {0, 1};
        if (shape.drains)
            lay_out();
    }

    std::array<Buffer, 2> chain_of(u16 slot) const
    {
        const auto at = device_address(&slots[slot]);
        return {Buffer{at, 8, false}, Buffer{at + Bytes{8}, 8, true}};
    }

    void lay_out()
    {
        demand(queue.reserve(2, 2).has_value(), "no room for two chains");
        for (u16 slot = 0; slot < 2; ++slot)
            queue.lay_out(DescriptorIndex{slot}, chain_of(slot), 1);
    }

    void submit()
    {
        const u16 slot = free.back();
        free.pop_back();
        slots[slot].question = ++asked;
        const auto chain = chain_of(slot);
        if (shape.drains) {
            slot_of[slot] = slot;
            return queue.offer(DescriptorIndex{slot}, chain[1], {16, 8});
        }
        const auto head = queue.submit(chain);
        demand(head.has_value(), "no room for a chain");
        slot_of[head->raw()] = slot;
    }

    void take_back(u32 head)
    {
        const u16 slot = slot_of[head];
        demand(slots[slot].answer == slots[slot].question + 1, "another's answer");
        free.push_back(slot);
    }

    u32 take_one_at_a_time()
    {
        u32 count = 0;
        do {
            while (const auto taken = queue.take()) {
                demand(taken->has_value(), "the driver does not believe the device");
                take_back((*taken)->head.raw());
                ++count;
            }
        } while (queue.arm());
        return count;
    }

    u32 take_all_at_once()
    {
        const auto count = queue.drain(
            0, [this](u32 head) { return slots[slot_of[head]].answer != 0; },
            [this](u64 sum, u32 head, u32) {
                take_back(head);
                return sum + 1;
            },
            [this](u64 sum, UsedElement used) -> Result<u64> {
                const auto taken = queue.examine(used);
                if (!taken)
                    return fail(taken.error());
                take_back(taken->head.raw());
                return sum + 1;
            });
        demand(count.has_value(), "the driver does not believe the device");
        return static_cast<u32>(*count);
    }

    void drive()
    {
        for (u32 done = 0; done < shape.requests;) {
            while (!free.empty() && asked < shape.requests)
                submit();
            if (queue.publish())
                to_device.ring();
            done += shape.drains ? take_all_at_once() : take_one_at_a_time();
            if (done < shape.requests && (free.empty() || asked == shape.requests))
                to_driver.wait();
        }
    }

    void answer(const model::Chain& chain)
    {
        demand(chain.pieces.size() == 2, "a chain that was not offered");
        const auto* from = world.memory.at(chain.pieces[0].address, 8);
        auto* to = world.memory.at(chain.pieces[1].address, 8);
        *reinterpret_cast<u64*>(to) = *reinterpret_cast<const u64*>(from) + 1;
        other->push(chain, 8);
        ++answered;
        if (other->interrupt_due())
            to_driver.ring();
    }

    void serve()
    {
        for (;;) {
            if (shape.suppress)
                other->look_by_itself(true);
            while (const auto chain = other->pop())
                answer(*chain);
            if (shape.suppress)
                other->look_by_itself(false);
            while (const auto chain = other->pop())
                answer(*chain);
            demand(world.complaints.empty(), "the device complains");
            if (answered == shape.requests)
                return;
            to_device.wait();
        }
    }

    Shape shape;
    model::World world;
    Queue<4, 2> queue;
    std::unique_ptr<model::Queue> other;
    Slot* slots = nullptr;
    std::vector<u16> free;
    std::array<u16, 4> slot_of{};
    u32 asked = 0;
    u32 answered = 0;
    Bell to_device;
    Bell to_driver;
};

explore::Make driver_and_device(Shape shape)
{
    return [shape] {
        auto world = std::make_shared<World>(shape);
        return explore::Scenario{{"driver", "device"},
                                 {[world] { world->drive(); }, [world] { world->serve(); }}};
    };
}

}  // namespace

TEST_CASE("a virtqueue keeps its promises in every order of driver and device",
          "[libvirtio][ring][explore][V8][V9][V12]")
{
    const bool packed = GENERATE(false, true);
    const bool event_idx = GENERATE(true, false);
    const bool indirect = GENERATE(true, false);
    INFO("packed " << packed << " event_idx " << event_idx << " indirect " << indirect);
    Shape shape{packed, event_idx, indirect, !event_idx};
    shape.drains = GENERATE(false, true);
    const auto outcome = explore::explore(driver_and_device(shape), {});
    CHECK(outcome.finding == "");
    CHECK(outcome.executions > 1000);
}

TEST_CASE("every barrier of a driver's queue is needed", "[libvirtio][ring][explore][V9][V12]")
{
    const bool packed = GENERATE(false, true);
    Shape shape{packed, true};
    shape.drains = GENERATE(false, true);
    auto left = explore::not_needed(driver_and_device(shape), {});
    std::erase_if(left, [](const explore::Site& site) { return site.starts_with("device"); });
    CHECK(left == std::set<explore::Site>{});
}
