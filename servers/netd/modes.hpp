// netd/modes.hpp - what the device is to let through, told to it command by command.
//
// The device's filter only spares work: sessions match every frame themselves. So a device that
// refuses a command is asked for everything instead, and one without a control queue for nothing.
#pragma once

#include "match.hpp"

#include <optional>

#include <virtio/net_control.hpp>

namespace netd {

class Addresses {
public:
    // False: there is no room.
    constexpr bool add(const virtio::net::Mac& address)
    {
        if (count_ == all_.size())
            return false;
        all_[count_++] = address;
        return true;
    }
    constexpr std::span<const virtio::net::Mac> all() const { return {all_.data(), count_}; }

private:
    std::array<virtio::net::Mac, virtio::net::max_table_macs> all_{};
    usize count_ = 0;
};

// A set of VLANs.
class Vlans {
public:
    void add(u16 id) { words_[id / 64] |= u64{1} << id % 64; }
    void add_all() { words_.fill(~u64{0}); }
    void toggle(u16 id) { words_[id / 64] ^= u64{1} << id % 64; }
    bool has(u16 id) const { return (words_[id / 64] >> id % 64 & 1) != 0; }
    // The first one that is in one set only.
    std::optional<u16> difference(const Vlans& other) const
    {
        for (usize i = 0; i < words_.size(); ++i)
            if (const u64 differs = words_[i] ^ other.words_[i]; differs != 0)
                return static_cast<u16>(i * 64 + static_cast<usize>(std::countr_zero(differs)));
        return std::nullopt;
    }

private:
    std::array<u64, 64> words_{};
};

// What all filters together want of the device.
struct Wanted {
    bool promiscuous = false;
    bool all_multicast = false;
    Addresses unicast;  // besides the device's own
    Addresses multicast;
    Vlans vlans;

    void add(const net::Filter& filter)
    {
        if ((filter.flags & net::FilterFlags::promiscuous) != 0) {
            promiscuous = true;
            vlans.add_all();  // a device may filter tags whatever else it lets through
        }
        all_multicast |= (filter.flags & net::FilterFlags::multicast) != 0;
        vlans.add(filter.vlan);
        const virtio::net::Mac address{filter.address};
        if (address == virtio::net::Mac{} || number_of(filter.address) == to_everybody)
            return;
        Addresses& list = address.multicast() ? multicast : unicast;
        if (!list.add(address))
            promiscuous = true;
    }
};

class Modes {
public:
    // After the device was started: it knows nothing yet.
    void restart(virtio::Features accepted)
    {
        filters_ = accepted.has(virtio::net::NetFeature::ctrl_rx);
        tags_ = accepted.has(virtio::net::NetFeature::ctrl_vlan);
        under_way_ = Step::none;
        promiscuous_ = all_multicast_ = std::nullopt;
        table_told_ = false;
        vlans_ = {};
        quiet_ = false;
    }

    void want(const Wanted& wanted)
    {
        wanted_ = wanted;
        quiet_ = false;
        table_told_ = false;
    }

    // Nothing more is to be told. False for good if the device refuses to be promiscuous.
    bool settled() const
    {
        return next() == Step::none && under_way_ == Step::none && refusals_ < most_refusals;
    }

    bool quiet() const { return quiet_; }
    // Prepares the next command, if none is under way.
    void step(virtio::net::Control& control)
    {
        if (quiet_ || control.busy() || refusals_ >= most_refusals)
            return;
        const Step what = next();
        quiet_ = what == Step::none;
        if (!quiet_ && tell(control, what))
            under_way_ = what;
    }
    // A command came back.
    void done(bool ok)
    {
        quiet_ = false;
        const Step what = std::exchange(under_way_, Step::none);
        if (!ok)
            refuse(what);
        else
            note(what);
    }

private:
    enum class Step : u8 { none, widen, table, vlan, all_multicast, narrow };
    static constexpr u32 most_refusals = 4;

    bool wants_all() const { return wanted_.promiscuous || refusals_ != 0; }

    // What widens comes first, what narrows last: no frame that is wanted is ever kept back.
    Step next() const
    {
        if (!filters_)
            return Step::none;
        if (wants_all() && promiscuous_ != true)
            return Step::widen;
        if (tags_ && wanted_.vlans.difference(vlans_))
            return Step::vlan;
        if (wants_all())
            return Step::none;
        if (!table_told_)
            return Step::table;
        if (all_multicast_ != wanted_.all_multicast)
            return Step::all_multicast;
        return promiscuous_ == false ? Step::none : Step::narrow;
    }

    bool tell(virtio::net::Control& control, Step what)
    {
        using virtio::net::Command;
        switch (what) {
        case Step::widen:
            return control.receive_mode(Command::promisc, true).has_value();
        case Step::table:
            table_told_ = true;  // a change of mind from here on is told again
            return control.set_mac_table(wanted_.unicast.all(), wanted_.multicast.all())
                .has_value();
        case Step::vlan:
            vlan_ = *wanted_.vlans.difference(vlans_);
            return control.vlan(vlan_, wanted_.vlans.has(vlan_)).has_value();
        case Step::all_multicast:
            mode_ = wanted_.all_multicast;
            return control.receive_mode(Command::allmulti, mode_).has_value();
        case Step::narrow:
            return control.receive_mode(Command::promisc, false).has_value();
        case Step::none:
            break;
        }
        return false;
    }

    void note(Step what)
    {
        switch (what) {
        case Step::widen:
        case Step::narrow:
            promiscuous_ = what == Step::widen;
            break;
        case Step::vlan:
            vlans_.toggle(vlan_);
            break;
        case Step::all_multicast:
            all_multicast_ = mode_;
            break;
        case Step::table:
        case Step::none:
            break;
        }
    }

    void refuse(Step what)
    {
        if (what != Step::none)
            ++refusals_;
        if (what == Step::vlan)
            tags_ = false;
    }

    Wanted wanted_;
    bool filters_ = false;  // the device has such commands, and those of VLANs
    bool tags_ = false;
    u32 refusals_ = 0;

    // What the device was told and took.
    std::optional<bool> promiscuous_;
    std::optional<bool> all_multicast_;
    bool table_told_ = false;
    Vlans vlans_;
    bool quiet_ = false;  // there was nothing to tell, and nothing happened since

    Step under_way_ = Step::none;
    u16 vlan_ = 0;
    bool mode_ = false;
};

}  // namespace netd
