// tests/host/libvirtio/net_rig.hpp - a network device whose every byte the test says.
#pragma once

#include "by_hand.hpp"

#include <virtio/net.hpp>

constexpr u64 bits(std::initializer_list<virtio::net::NetFeature> features)
{
    u64 mask = 0;
    for (const auto feature : features)
        mask |= u64{1} << static_cast<unsigned>(feature);
    return mask;
}

struct NetOptions {
    u64 features = bits({virtio::net::NetFeature::mac, virtio::net::NetFeature::status});
    u16 max_pairs = 1;
    u16 mtu = 1500;
};

struct NetRig : ByHandRig<virtio::net::Driver<model::Mmio, 256, 2>> {
    using Driver = virtio::net::Driver<model::Mmio, 256, 2>;
    using NetFeature = virtio::net::NetFeature;
    static constexpr u16 rx = 0;
    static constexpr u16 tx = 1;

    explicit NetRig(NetOptions net = {}, model::MmioOptions mmio_options = {})
        : ByHandRig{device_options(net), mmio_options, Driver::memory_bytes({.pairs = 2})}
    {
    }

    static ByHandOptions device_options(const NetOptions& net)
    {
        Octets config{0x52, 0x54, 0, 0xaa, 0xbb, 0xcc, 1, 0};
        for (const u16 value : {net.max_pairs, net.mtu})
            config = config + octets(value);
        config = config + Octets{0xe8, 3, 0, 0, 1};
        std::map<u32, u32> widths{{6, 2}, {8, 2}, {10, 2}, {12, 4}, {16, 1}};
        for (u32 i = 0; i < 6; ++i)
            widths[i] = 1;
        return {.type = 1,
                .features = net.features,
                .queues = static_cast<u16>(2 * net.max_pairs + 1),
                .config = config,
                .widths = widths};
    }

    Result<> start(virtio::net::Options options = {})
    {
        return driver.start(device, memory, options);
    }
    // Posts buffers n of `bytes` each, with tag 100 + n, and shows them.
    void post(u32 from, u32 count, u32 bytes = 2048)
    {
        for (u32 n = from; n < from + count; ++n)
            REQUIRE(driver.receive().post(100 + n, part(n, bytes)).has_value());
        (void)driver.kick();
    }
    u32 header_bytes() const { return virtio::net::header_bytes(driver.accepted()); }
    // A header and so many bytes of a frame.
    Octets wire(const virtio::net::Header& header, u32 bytes) const
    {
        Octets all = octets(header);
        all.resize(header_bytes());
        for (u32 i = 0; i < bytes; ++i)
            all.push_back(static_cast<u8>(i * 7 + i / 251));
        return all;
    }
    // The bytes of a received frame, all pieces of it.
    Octets bytes_of(const virtio::net::Frame& frame, u32 buffer_bytes = 2048) const
    {
        Octets all;
        for (const auto& piece : frame.pieces) {
            const auto buffer = part(static_cast<u32>(piece.tag - 100), buffer_bytes);
            const auto* at = reinterpret_cast<const u8*>(buffer.memory) + piece.offset;
            all.insert(all.end(), at, at + piece.length);
        }
        return all;
    }
    virtio::Run run(u32 n, u32 length) const { return {part(n).address, length}; }
};
