// tests/host/libvirtio/ring_stress_test.cpp - driver and device in two threads, under the thread
// sanitizer: what a chain says and what the device answers is ordered by the rings alone.
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include <catch2/catch.hpp>
#include <model/packed_queue.hpp>
#include <model/split_queue.hpp>
#include <virtio/queue.hpp>

using namespace virtio;

namespace {

constexpr u32 total = 20'000;
constexpr u16 size = 32;
constexpr u16 requests = size / 2;

// Wakes a sleeper and orders nothing: a doorbell must not hide an order that the rings lack.
class Bell {
public:
    void ring()
    {
        rung_.store(1, std::memory_order_relaxed);
        rung_.notify_one();
    }
    void wait()
    {
        while (rung_.exchange(0, std::memory_order_relaxed) == 0)
            rung_.wait(0, std::memory_order_relaxed);
    }

private:
    std::atomic<u32> rung_ = 0;
};

u64 word(const model::Memory& memory, u64 address)
{
    u64 value = 0;
    std::memcpy(&value, memory.at(address, 8), 8);
    return value;
}

// Answers each request by the number in it plus one, sleeping as the driver lets it.
void serve(model::World& world, model::Queue& queue, Bell& bell, Bell& irq)
{
    for (u32 done = 0; done < total;) {
        while (const auto chain = queue.pop()) {
            const u64 answer = word(world.memory, chain->pieces[0].address) + 1;
            std::memcpy(world.memory.at(chain->pieces[1].address, 8), &answer, 8);
            queue.push(*chain, 8);
            ++done;
            if (queue.interrupt_due())
                irq.ring();
        }
        if (done < total)
            bell.wait();
    }
}

}  // namespace

TEST_CASE("no request, answer or wake-up is lost between two threads",
          "[libvirtio][ring][stress][V8][V9][V12][LD6]")
{
    const bool packed = GENERATE(false, true);
    const bool event_idx = GENERATE(true, false);
    const bool indirect = GENERATE(true, false);
    INFO("packed " << packed << " event_idx " << event_idx << " indirect " << indirect);
    model::World world;
    const QueueOptions options{size, event_idx, packed, indirect ? Tables{size, 2} : Tables{}};
    const auto region = world.memory.allocate(Queue<size>::memory_bytes(size, {size, 2}).raw());
    const auto data = world.memory.allocate(u64{16} * requests);
    Queue<size> queue;
    const auto rings =
        queue.start({region.memory, DeviceAddr{region.address}, Bytes{region.bytes}}, options)
            .value();
    std::unique_ptr<model::Queue> other;
    if (packed)
        other = std::make_unique<model::PackedQueue>(world);
    else
        other = std::make_unique<model::SplitQueue>(world);
    other->start({.size = size,
                  .desc = rings.desc.raw(),
                  .driver = rings.driver.raw(),
                  .device = rings.device.raw(),
                  .event_idx = event_idx,
                  .indirect = indirect});

    Bell bell;
    Bell irq;
    std::thread device{[&] { serve(world, *other, bell, irq); }};

    std::array<u16, size> slot_of{};
    std::array<u64, requests> asked{};
    std::vector<u16> free;
    free.reserve(requests);
    for (u16 i = 0; i < requests; ++i)
        free.push_back(i);
    u64 next_number = 0;
    u32 wrong = 0;
    for (u32 done = 0; done < total;) {
        while (!free.empty() && next_number < total) {
            const u16 slot = free.back();
            free.pop_back();
            const u64 at = data.address + u64{16} * slot;
            asked[slot] = next_number++;
            std::memcpy(world.memory.at(at, 8), &asked[slot], 8);
            const std::array chain{Buffer{DeviceAddr{at}, 8, false},
                                   Buffer{DeviceAddr{at + 8}, 8, true}};
            slot_of[queue.submit(chain).value().raw()] = slot;
        }
        if (queue.publish())
            bell.ring();
        do {
            while (const auto taken = queue.take()) {
                const u16 slot = slot_of[taken->value().head.raw()];
                wrong += word(world.memory, data.address + u64{16} * slot + 8) == asked[slot] + 1
                             ? 0
                             : 1;
                free.push_back(slot);
                ++done;
            }
        } while (queue.arm());
        if (free.empty() || (next_number == total && done < total))
            irq.wait();
    }
    device.join();
    CHECK(wrong == 0);
    CHECK(world.complaints.empty());
}
