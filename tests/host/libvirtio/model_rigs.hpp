// tests/host/libvirtio/model_rigs.hpp - network, input, console and graphics drivers, each with its
// model device and a round of traffic that touches every queue.
#pragma once

#include "rig.hpp"

#include <set>

#include <model/console.hpp>
#include <model/gpu.hpp>
#include <model/input.hpp>
#include <model/net.hpp>
#include <virtio/console.hpp>
#include <virtio/gpu.hpp>
#include <virtio/input.hpp>
#include <virtio/net.hpp>

// Every kind of ring that there is: both versions, split and packed, with and without EVENT_IDX and
// INDIRECT_DESC.
inline model::MmioOptions each_ring()
{
    model::MmioOptions options;
    const u32 kind = GENERATE(0u, 1u, 2u);
    options.version = kind == 0 ? 1 : 2;
    options.packed = kind == 2;
    options.event_idx = GENERATE(true, false);
    options.indirect = GENERATE(true, false);
    return options;
}

template <class Model, class DriverType>
struct ModelRig {
    using Driver = DriverType;

    template <class Options>
    explicit ModelRig(model::MmioOptions mmio_options, Options options)
        : thing{world, options},
          mmio{thing, world, mmio_options},
          device{virtio::Device<model::Mmio>::probe(mmio).value()},
          memory{dma(world.memory.allocate(Driver::memory_bytes().raw()))},
          data{dma(world.memory.allocate(1 << 20))}
    {
    }

    Result<> start() { return driver.start(device, memory); }
    virtio::DmaRegion part(u32 n, u32 bytes = 2048) const
    {
        const u64 offset = u64{n} * bytes;
        return {data.memory + offset, data.address + Bytes{offset}, Bytes{bytes}};
    }

    model::World world;
    Model thing;
    model::Mmio mmio;
    virtio::Device<model::Mmio> device;
    virtio::DmaRegion memory;
    virtio::DmaRegion data;
    Driver driver;
};

// Buffers 0 to 31 are for receiving, by tag; 32 to 35 are sent, with tag 32 + n.
struct NetModelRig : ModelRig<model::Net, virtio::net::Driver<model::Mmio>> {
    static constexpr std::array<u16, 3> queues{0, 1, 2};

    explicit NetModelRig(model::MmioOptions mmio_options = {}, model::NetOptions options = {})
        : ModelRig{mmio_options, options}
    {
        for (u64 tag = 0; tag < 36; ++tag)
            ours.insert(tag);
    }

    static std::vector<u8> some_frame(u32 bytes, u32 seed)
    {
        std::vector<u8> frame{0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
        while (frame.size() < bytes)
            frame.push_back(static_cast<u8>(seed = seed * 5 + 3));
        return frame;
    }
    // The device has no use for the buffer any more; false if it never had it.
    bool back(u64 tag) { return ours.insert(tag).second; }
    void post()
    {
        for (u32 tag = 0; tag < 32; ++tag)
            if (ours.contains(tag) && driver.receive().post(tag, part(tag)))
                ours.erase(tag);
        (void)driver.kick();
    }
    bool send(const std::vector<u8>& frame, const virtio::net::Offload& offload = {})
    {
        const u64 tag = 32 + sent++ % 4;
        if (!ours.contains(tag))
            return false;
        const auto buffer = part(static_cast<u32>(tag), 8192);
        std::memcpy(buffer.memory, frame.data(), frame.size());
        const auto length = static_cast<u32>(frame.size());
        const std::array runs{virtio::Run{buffer.address, 13},
                              virtio::Run{buffer.address + Bytes{13}, length - 13}};
        if (!driver.send(tag, runs, offload))
            return false;
        ours.erase(tag);
        return true;
    }
    // In one piece.
    bool send_whole(const std::vector<u8>& frame)
    {
        const u64 tag = 32 + sent++ % 4;
        const auto buffer = part(static_cast<u32>(tag), 8192);
        std::memcpy(buffer.memory, frame.data(), frame.size());
        const virtio::Run run{buffer.address, static_cast<u32>(frame.size())};
        return driver.send(tag, run).has_value() && ours.erase(tag) != 0;
    }
    // The next frame that came, put together; empty: none, or it was dropped.
    std::vector<u8> take()
    {
        std::vector<u8> bytes;
        const auto frame = driver.receive().take();
        if (!frame || !*frame)
            return bytes;
        last = **frame;
        for (const auto& piece : last.pieces) {
            REQUIRE(back(piece.tag));
            const auto* at = reinterpret_cast<const u8*>(part(static_cast<u32>(piece.tag)).memory);
            bytes.insert(bytes.end(), at + piece.offset, at + piece.offset + piece.length);
        }
        return last.drop == virtio::net::Drop::none ? bytes : std::vector<u8>{};
    }
    void reclaim()
    {
        while (const auto tag = driver.transmit().reclaim()) {
            if (!*tag)
                return;
            REQUIRE(back(**tag));
        }
    }
    bool exchange()
    {
        const auto frame = some_frame(60 + sent % 1400, static_cast<u32>(sent));
        post();
        bool good = send(frame);
        (void)driver.control().receive_mode(virtio::net::Command::allmulti, sent % 2 == 0);
        (void)driver.kick();
        good &= !thing.sent.empty() && thing.sent.back().bytes == frame;
        thing.sent.clear();
        reclaim();
        thing.receive({frame});
        mmio.poll();
        std::vector<u8> newest;
        for (auto one = take(); !one.empty(); one = take())
            newest = std::move(one);
        good &= newest == frame;
        const auto command = driver.control().take();
        good &= command && *command && (**command).ok && !driver.broken();
        return good;
    }
    Result<> recover()
    {
        return driver.recover([this](auto, u64 tag) { REQUIRE(back(tag)); });
    }

    std::set<u64> ours;  // tags of buffers that the device has not got
    u64 sent = 0;
    virtio::net::Frame last;
};

struct InputModelRig : ModelRig<model::Input, virtio::input::Driver<model::Mmio>> {
    static constexpr std::array<u16, 2> queues{0, 1};

    explicit InputModelRig(model::MmioOptions mmio_options = {},
                           model::InputOptions options = model::InputOptions::keyboard())
        : ModelRig{mmio_options, options}
    {
    }

    std::vector<virtio::input::Event> take()
    {
        std::vector<virtio::input::Event> events;
        while (const auto event = driver.take()) {
            if (!*event)
                break;
            events.push_back(**event);
        }
        (void)driver.kick();
        return events;
    }
    bool exchange()
    {
        const bool on = ++rounds % 2 == 0;
        thing.send({{1, 30, on}});
        mmio.poll();
        const auto events = take();
        bool good = events.size() == 2 && events[0] == virtio::input::Event{1, 30, on};
        good &= driver.set_led(virtio::input::Led::caps_lock, on).has_value();
        (void)driver.kick();
        return good && thing.leds[virtio::input::Led::caps_lock] == on && !driver.broken();
    }
    Result<> recover() { return driver.recover(); }

    u32 rounds = 0;
};

struct ConsoleModelRig : ModelRig<model::Console, virtio::console::Driver<model::Mmio>> {
    static constexpr std::array<u16, 4> queues{0, 1, 2, 3};

    explicit ConsoleModelRig(model::MmioOptions mmio_options = {},
                             model::ConsoleOptions options = {.multiport = true})
        : ModelRig{mmio_options, options}
    {
    }

    bool write(std::string_view text)
    {
        const auto written = driver.write(std::as_bytes(std::span{text}));
        (void)driver.kick();
        return written && *written == text.size();
    }
    std::string read()
    {
        std::string all;
        std::array<char, 300> text{};
        while (const auto bytes = driver.read(std::as_writable_bytes(std::span{text}))) {
            if (!*bytes)
                break;
            all.append(text.data(), **bytes);
        }
        (void)driver.kick();
        return all;
    }
    bool exchange()
    {
        thing.output[0].clear();
        bool good = write("Hello, world!\n") && thing.output[0] == "Hello, world!\n";
        thing.type("ls -l\n");
        thing.say({0, model::Console::port_open, 1});
        thing.say({0, model::Console::console_port, 1});
        mmio.poll();
        good &= read() == "ls -l\n";
        u32 messages = 0;
        while (const auto message = driver.control()) {
            if (!*message)
                break;
            ++messages;
        }
        (void)driver.kick();
        mmio.poll();
        good &= messages >= 2 && !thing.heard.empty();
        thing.heard.clear();
        return good && !driver.broken();
    }
    Result<> recover() { return driver.recover(); }
};

struct GpuModelRig : ModelRig<model::Gpu, virtio::gpu::Driver<model::Mmio>> {
    static constexpr std::array<u16, 2> queues{0, 1};

    explicit GpuModelRig(model::MmioOptions mmio_options = {}, model::GpuOptions options = {})
        : ModelRig{mmio_options, options}
    {
    }

    // True: all commands that were prepared are done, `count` of them, in order.
    bool finish(u64 count)
    {
        (void)driver.kick();
        u64 done = 0;
        while (const auto taken = driver.take()) {
            if (!*taken)
                return false;
            under_way.erase((**taken).tag);
            done += (**taken).tag == first + done && (**taken).outcome == virtio::gpu::Outcome::ok
                        ? 1
                        : 0;
        }
        first = next;
        return done == count;
    }
    u64 tag()
    {
        under_way.insert(next);
        return next++;
    }
    bool exchange()
    {
        using namespace virtio::gpu;
        const Resource resource{7};
        const Rect rect{0, 0, 16, 8};
        const std::array runs{virtio::Run{part(0).address, 300}, virtio::Run{part(1).address, 212}};
        (void)driver.unref(tag(), resource);  // of a round that was broken off, or nothing
        (void)driver.kick();
        (void)finish(1);
        const u32 colour = 0x10203u * ++rounds & 0xff'ffff;
        for (u32 i = 0; i < 128; ++i)  // the runs, as one image
            std::memcpy(i < 75 ? part(0).memory + u64{4} * i : part(1).memory + u64{4} * (i - 75),
                        &colour, 4);
        (void)driver.create(tag(), resource, Format::b8g8r8x8, 16, 8);
        (void)driver.attach(tag(), resource, runs);
        (void)driver.set_scanout(tag(), 0, resource, rect);
        (void)driver.transfer(tag(), resource, rect, 0);
        (void)driver.flush(tag(), resource, rect);
        bool good = finish(5) && thing.pixel(0, 15, 7) == colour;
        good &= driver.move_cursor(0, rounds, 2).has_value();
        (void)driver.kick();
        return good && thing.cursor.x == rounds && !driver.broken();
    }
    Result<> recover()
    {
        const auto done = driver.recover([this](u64 tag) { REQUIRE(under_way.erase(tag) == 1); });
        first = next;
        return done;
    }

    std::set<u64> under_way;
    u64 first = 1;  // tag of the round
    u64 next = 1;
    u32 rounds = 0;
};
