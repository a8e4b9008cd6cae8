// virtio/net_config.hpp - what a network device says about itself, checked (virtio 1.2, 5.1.4), and
// what a driver asks of it.
#pragma once

#include <array>
#include <optional>

#include <virtio/device.hpp>
#include <virtio/net_header.hpp>

namespace virtio::net {

struct Mac {
    std::array<u8, 6> bytes{};

    constexpr bool multicast() const { return (bytes[0] & 1) != 0; }
    // Can be the address of a card.
    constexpr bool valid() const { return !multicast() && *this != Mac{}; }
    // An address that nobody gave out, of six random bytes, for a device that has none.
    static constexpr Mac local(std::array<u8, 6> random)
    {
        random[0] = static_cast<u8>((random[0] & ~1u) | 2u);
        return {random};
    }
    friend constexpr bool operator==(const Mac&, const Mac&) = default;
};

struct Config {
    template <class T, Access Mode>
    using Reg = Register<Config, T, Mode>;

    static constexpr Reg<u8, Access::ro> mac(u16 n) { return {n}; }
    static constexpr Reg<u16, Access::ro> status{6};
    static constexpr Reg<u16, Access::ro> max_virtqueue_pairs{8};
    static constexpr Reg<u16, Access::ro> mtu{10};
    static constexpr Reg<u32, Access::ro> speed{12};
    static constexpr Reg<u8, Access::ro> duplex{16};
};

struct StatusBits {
    static constexpr u16 link_up = 1;
    static constexpr u16 announce = 2;
};

enum class Duplex : u8 { half, full, unknown };

struct Info {
    std::optional<Mac> mac;  // none: make one with Mac::local
    bool link_up = true;
    bool announce = false;  // the device asks for gratuitous packets, then for announced()
    u16 max_pairs = 1;
    u16 mtu = default_mtu;
    u32 speed = 0;  // Mbit/s; zero is unknown
    Duplex duplex = Duplex::unknown;

    friend constexpr bool operator==(const Info&, const Info&) = default;
};

template <Bus B>
Info read_info(const ConfigSpace<Config, B>& config, Features accepted)
{
    Info info;
    if (accepted.has(NetFeature::mac)) {
        Mac mac;
        for (u16 i = 0; i < mac.bytes.size(); ++i)
            mac.bytes[i] = config.read(Config::mac(i));
        if (mac.valid())
            info.mac = mac;
    }
    if (accepted.has(NetFeature::status)) {
        const u16 status = config.read(Config::status);
        info.link_up = (status & StatusBits::link_up) != 0;
        info.announce =
            accepted.has(NetFeature::guest_announce) && (status & StatusBits::announce) != 0;
    }
    if (accepted.has(NetFeature::mq))
        info.max_pairs = config.read(Config::max_virtqueue_pairs);
    if (accepted.has(NetFeature::mtu))
        info.mtu = config.read(Config::mtu);
    if (accepted.has(NetFeature::speed_duplex)) {
        const u32 speed = config.read(Config::speed);
        info.speed = speed <= 0x7fff'ffff ? speed : 0;
        const u8 duplex = config.read(Config::duplex);
        info.duplex = duplex == 0 ? Duplex::half : duplex == 1 ? Duplex::full : Duplex::unknown;
    }
    return info;
}

// virtio 1.2, 5.1.4.1; of 0x8000 pairs the control queue would have a number beyond 16 bits.
constexpr bool sane(const Info& info)
{
    return info.mtu >= 68 && info.max_pairs >= 1 && info.max_pairs < 0x8000;
}

enum class Profile : u8 {
    conservative,  // address, link and MTU only: for when no network stack knows offloads
    whole_frames,  // all but frames that are cut or joined on the way
    full,          // all that this driver can use
};

constexpr Wish wish(Profile profile, bool legacy)
{
    using enum NetFeature;
    Wish wish{.required = {}, .optional = Features{mac, status, mtu}};
    // The layout of frames is ours (one piece for header and data), which a version 1 device
    // allows by this feature.
    if (legacy)
        wish.required = Feature::any_layout;
    if (profile != Profile::conservative)
        wish.optional =
            wish.optional | Features{csum,           guest_csum, ctrl_guest_offloads, mrg_rxbuf,
                                     ctrl_vq,        ctrl_rx,    ctrl_vlan,           ctrl_rx_extra,
                                     guest_announce, mq,         ctrl_mac_addr,       speed_duplex};
    if (profile == Profile::full)
        wish.optional = wish.optional | Features{guest_tso4, guest_tso6, guest_ecn, guest_ufo,
                                                 host_tso4,  host_tso6,  host_ecn,  host_ufo};
    return wish;
}

// The set without the bits whose requirement is not in it (virtio 1.2, 5.1.3.1). Long frames are
// only wanted with merged buffers: nobody posts buffers of 64 KiB for them.
constexpr Features closed(Features set)
{
    using enum NetFeature;
    const auto needs = [&set](Features bits, Features requirement) {
        if (!set.has(requirement))
            set = set.without(bits);
    };
    const auto needs_one_of = [&set](Features bits, Features choice) {
        if ((set & choice).empty())
            set = set.without(bits);
    };
    needs({guest_tso4, guest_tso6, guest_ufo}, {guest_csum, mrg_rxbuf});
    needs_one_of(guest_ecn, {guest_tso4, guest_tso6});
    needs({host_tso4, host_tso6, host_ufo}, csum);
    needs_one_of(host_ecn, {host_tso4, host_tso6});
    needs(
        {ctrl_rx, ctrl_vlan, ctrl_rx_extra, guest_announce, mq, ctrl_mac_addr, ctrl_guest_offloads},
        ctrl_vq);
    needs(guest_announce, status);
    return set;
}

}  // namespace virtio::net
