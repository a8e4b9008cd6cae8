// tests/host/netd/nic_rig.hpp - a network service in one thread: netd's server and the virtio
// driver over the device model, behind the bench; the wire is a vector.
#pragma once

#include "bench.hpp"
#include "server.hpp"

#include <cstdlib>

#include <model/mmio.hpp>
#include <model/net.hpp>
#include <net/blocking.hpp>

struct NicRig {
    using Nic = netd::VirtioNic<model::Mmio>;

    // For tests and fuzzers alike.
    static void must(bool holds)
    {
        if (!holds)
            std::abort();
    }

    explicit NicRig(model::NetOptions options = {},
                    model::MmioOptions transport = {},
                    bool promiscuous = false)
        : device_model{world, options}, mmio{device_model, world, transport}
    {
        device = virtio::Device<model::Mmio>::probe(mmio).value();
        const auto memory = world.memory.allocate(Nic::memory_bytes().raw());
        const virtio::DmaRegion region{memory.memory, DeviceAddr{memory.address},
                                       Bytes{memory.bytes}};
        must(nic.start(*device, region, {1, 2, 3, 4, 5, 6}).has_value());
        server.emplace(nic, netd::Server<Nic>::Means{.device = {bench.give(abi::Kind::device)},
                                                     .notification = {notification},
                                                     .epoch = 1,
                                                     .inbox = &inbox,
                                                     .register_accesses = &accesses,
                                                     .promiscuous = promiscuous,
                                                     .virtio = 2,
                                                     .offered = device->negotiation().offered});
        must(server->step({}).has_value());
        bench.offer(
            "nic0",
            [this](const sys::Incoming& in) {
                return sys::dispatch(proto::net::Protocol{}, *server, in);
            },
            [this](u64 badge) { server->forget(badge); });
        bench.pump = [this] { return pump(); };
        handles_at_rest = bench.handles();
    }

    // One turn of the server's loop, if something woke it. It rings before it would sleep.
    bool pump()
    {
        if (mmio.interrupt())
            bench.raise(notification, abi::Bits::at(netd::interrupt_bit));
        const abi::Bits woken = bench.take_bits(notification);
        if (woken.empty() && server->next_deadline() == abi::never)
            return false;
        if (alive && !server->step(woken).has_value())
            alive = false;
        inbox.ring_now();
        return alive;
    }
    void settle()
    {
        for (u32 i = 0; pump(); ++i)
            must(i < 100'000);
    }

    // Frames from the wire, delivered as far as the server has buffers.
    void arrive(const std::vector<std::vector<u8>>& frames)
    {
        for (const auto& frame : frames)
            (void)device_model.receive({frame});
        mmio.poll();
        settle();
    }

    bool at_rest() const
    {
        return bench.handles() == handles_at_rest && bench.mappings() == 0 && bench.pins() == 0;
    }

    model::World world;
    model::Net device_model;
    model::Mmio mmio;
    bench::Bench bench{world.memory};
    abi::Slot notification = bench.give(abi::Kind::notification);
    std::optional<virtio::Device<model::Mmio>> device;
    Nic nic;
    sys::Inbox inbox{{}, netd::Server<Nic>::handles_taken};
    u64 accesses = 0;
    std::optional<netd::Server<Nic>> server;
    usize handles_at_rest = 0;
    bool alive = true;
};

inline constexpr std::array<u8, 6> rig_mac{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
inline constexpr std::array<u8, 6> everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

// A frame whose payload tells its number.
inline std::vector<u8> frame_to(
    const std::array<u8, 6>& to, usize bytes = 64, u32 number = 0, u16 type = 0x88b5, u16 vlan = 0)
{
    std::vector<u8> frame{to.begin(), to.end()};
    for (const u8 byte : std::to_array<u8>({2, 0, 0, 0, 0, 9}))
        frame.push_back(byte);
    const auto put = [&](u16 value) {
        frame.push_back(static_cast<u8>(value >> 8));
        frame.push_back(static_cast<u8>(value));
    };
    if (vlan != 0) {
        put(0x8100);
        put(vlan);
    }
    put(type);
    for (u32 i = 0; i < 4; ++i)
        frame.push_back(static_cast<u8>(number >> 8 * i));
    while (frame.size() < bytes)
        frame.push_back(static_cast<u8>(frame.size() * 7 + number));
    return frame;
}

inline std::vector<u8> bytes_of(const net::Frame& frame)
{
    const auto* at = reinterpret_cast<const u8*>(frame.bytes().data());
    return {at, at + frame.size()};
}

inline std::span<const std::byte> view(const std::vector<u8>& bytes)
{
    return std::as_bytes(std::span{bytes});
}
