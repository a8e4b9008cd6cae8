// tests/host/clients/input_rig.hpp - an input service in one thread: inputd's server and the virtio
// driver over the device model, behind the bench.
#pragma once

#include "bench.hpp"
#include "server.hpp"

#include <cstdio>
#include <cstdlib>
#include <source_location>

#include <model/input.hpp>
#include <model/mmio.hpp>

struct InputRig {
    using Input = inputd::VirtioInput<model::Mmio>;
    using Server = inputd::Server<Input>;

    // For tests and fuzzers alike.
    static void must(bool holds, std::source_location where = std::source_location::current())
    {
        if (holds)
            return;
        (void)std::fprintf(stderr, "%s:%u does not hold\n", where.file_name(), where.line());
        std::abort();
    }

    explicit InputRig(model::InputOptions options = model::InputOptions::keyboard(),
                      model::MmioOptions transport = {})
        : thing{world, std::move(options)}, mmio{thing, world, transport}
    {
        device = virtio::Device<model::Mmio>::probe(mmio).value();
        const auto memory = world.memory.allocate(Input::memory_bytes().raw());
        dma = {memory.memory, DeviceAddr{memory.address}, Bytes{memory.bytes}};
        must(driver.start(*device, dma).has_value());
        begin(1);
        bench.offer(
            "kbd0",
            [this](const sys::Incoming& in) {
                return sys::dispatch(proto::input::Protocol{}, *server, in);
            },
            [this](u64 badge) { server->forget(badge); });
        bench.pump = [this] { return pump(); };
        handles_at_rest = bench.handles();
    }

    void begin(u32 epoch)
    {
        server.emplace(driver, Server::Means{{notification}, epoch, &inbox, &accesses});
    }
    // The server dies and another one takes its place; its clients have not noticed yet.
    void restart()
    {
        must(driver.recover().has_value());
        begin(static_cast<u32>(++bench.epoch));
    }

    // One turn of the server's loop, if something woke it. It rings before it would sleep.
    bool pump()
    {
        if (mmio.interrupt())
            bench.raise(notification, abi::Bits::at(common::interrupt_bit));
        const abi::Bits woken = bench.take_bits(notification);
        if (woken.empty() && server->next_deadline() > sys::now())
            return false;
        must(server->step(woken).has_value());
        inbox.ring_now();
        return true;
    }
    void settle()
    {
        while (pump()) {}
    }

    // What happens at the device at once.
    void send(const std::vector<model::InputEvent>& packet)
    {
        thing.send(packet);
        mmio.poll();
        settle();
    }
    void key(u16 code, bool down) { send({{1, code, down ? 1U : 0U}}); }

    proto::input::Stats::Reply stats()
    {
        sys::Caller nobody{0, {}, 0};
        return server->on(proto::input::Stats::Request{}, nobody).value();
    }

    bool at_rest() const
    {
        return bench.handles() == handles_at_rest && bench.mappings() == 0 && bench.pins() == 0;
    }

    model::World world;
    model::Input thing;
    model::Mmio mmio;
    bench::Bench bench{world.memory};
    abi::Slot notification = bench.give(abi::Kind::notification);
    std::optional<virtio::Device<model::Mmio>> device;
    virtio::DmaRegion dma;
    Input driver;
    sys::Inbox inbox{{}, Server::handles_taken};
    u64 accesses = 0;
    std::optional<Server> server;
    usize handles_at_rest = 0;
};
