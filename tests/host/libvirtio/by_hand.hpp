// tests/host/libvirtio/by_hand.hpp - a device that does nothing by itself: the test answers each
// chain, with whatever bytes and lengths it likes.
#pragma once

#include "rig.hpp"

#include <functional>
#include <map>
#include <set>

using Octets = std::vector<u8>;

struct ByHandOptions {
    u32 type;
    u64 features = 0;
    u16 queues = 1;
    Octets config{};
    std::map<u32, u32> widths{};  // of config fields, by their offset
    std::set<u32> writable{};     // config fields, by their offset
};

class ByHand : public model::Device {
public:
    explicit ByHand(ByHandOptions options) : options_{std::move(options)} {}

    u32 id() const override { return options_.type; }
    u64 features() const override { return options_.features; }
    u16 queues() const override { return options_.queues; }
    std::span<u8> config() override { return options_.config; }
    u32 config_width(u32 offset) const override
    {
        const auto field = options_.widths.find(offset);
        return field == options_.widths.end() ? 0 : field->second;
    }
    bool config_writable(u32 offset) const override { return options_.writable.contains(offset); }
    void work(u16, model::Queue&) override {}

    void set_features(u64 features) { options_.features = features; }
    void set_width(u32 offset, u32 width) { options_.widths[offset] = width; }

private:
    ByHandOptions options_;
};

template <class Driver>
struct ByHandRig {
    explicit ByHandRig(ByHandOptions device_options,
                       model::MmioOptions options = {},
                       Bytes dma_bytes = Driver::memory_bytes())
        : hand{std::move(device_options)},
          mmio{hand, world, options},
          device{virtio::Device<model::Mmio>::probe(mmio).value()},
          memory{dma(world.memory.allocate(dma_bytes.raw()))},
          data{dma(world.memory.allocate(1 << 20))}
    {
    }

    // The n-th `bytes` of the memory for data.
    virtio::DmaRegion part(u32 n, u32 bytes = 2048) const
    {
        const u64 offset = u64{n} * bytes;
        return {data.memory + offset, data.address + Bytes{offset}, Bytes{bytes}};
    }

    // The device writes into the next buffer of a queue and says that it wrote `told` bytes.
    void give(u16 queue, const Octets& bytes, std::optional<u32> told = std::nullopt)
    {
        mmio.act(
            [&](auto& ring) {
                const auto chain = got(ring.pop());
                write(chain, bytes);
                ring.push(chain, told.value_or(static_cast<u32>(bytes.size())));
            },
            queue);
    }

    // The device takes the next chain of a queue: what it can read of it. It writes `answer`.
    std::optional<Octets> take(u16 queue, const Octets& answer = {})
    {
        std::optional<Octets> bytes;
        mmio.act(
            [&](auto& ring) {
                const auto chain = ring.pop();
                if (!chain)
                    return;
                bytes = read(*chain);
                write(*chain, answer);
                ring.push(*chain, static_cast<u32>(answer.size()));
            },
            queue);
        return bytes;
    }

    Octets read(const model::Chain& chain) const
    {
        Octets bytes;
        for (const auto& piece : chain.pieces)
            if (!piece.writable) {
                const auto* at =
                    reinterpret_cast<const u8*>(world.memory.at(piece.address, piece.length));
                bytes.insert(bytes.end(), at, at + piece.length);
            }
        return bytes;
    }
    void write(const model::Chain& chain, const Octets& bytes) const
    {
        usize done = 0;
        for (const auto& piece : chain.pieces)
            if (piece.writable) {
                const usize count = std::min<usize>(piece.length, bytes.size() - done);
                auto* at = reinterpret_cast<u8*>(world.memory.at(piece.address, piece.length));
                std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(done), count, at);
                done += count;
            }
    }

    model::World world;
    ByHand hand;
    model::Mmio mmio;
    virtio::Device<model::Mmio> device;
    virtio::DmaRegion memory;
    virtio::DmaRegion data;
    Driver driver;
};

// The bytes of a structure.
template <class T>
Octets octets(const T& value)
{
    const auto* at = reinterpret_cast<const u8*>(&value);
    return {at, at + sizeof value};
}
inline Octets operator+(Octets a, const Octets& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
