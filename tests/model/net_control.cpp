// tests/model/net_control.cpp - the control queue of a network device (virtio 1.2, 5.1.6.5).
#include <algorithm>

#include <model/net.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

constexpr u64 bit(unsigned n) { return u64{1} << n; }

constexpr u8 ok = 0;
constexpr u8 error = 1;

enum Class : u8 {
    rx_modes = 0,
    addresses = 1,
    vlan_table = 2,
    announce_ack = 3,
    queue_pairs = 4,
    guest_offloads = 5,
};

// The feature that a command needs.
u64 feature_of(u8 group, u8 command)
{
    switch (group) {
    case rx_modes:
        return command < 2 ? bit(18) : bit(20);
    case addresses:
        return command == 0 ? bit(18) : bit(23);
    case vlan_table:
        return bit(19);
    case announce_ack:
        return bit(21);
    case queue_pairs:
        return Net::mq;
    case guest_offloads:
        return bit(2);
    default:
        return 0;
    }
}

}  // namespace

struct Net::Command {
    u8 group;
    u8 number;
    std::span<const u8> data;
};

void Net::control(Queue& queue)
{
    while (const auto chain = queue.pop()) {
        ++commands;
        const auto bytes = gather(world_->memory, *chain);
        u8 ack = error;
        if (bytes.size() < 2 || chain->writable() != 1)
            complain("a command without class, command or ack");
        else if (!on(feature_of(bytes[0], bytes[1])))
            complain("a command that was not negotiated");
        else
            ack = obey({bytes[0], bytes[1], std::span{bytes}.subspan(2)}) ? ok : error;
        if (const auto told = world_->lies.tell(Lie::ack_byte))
            ack = static_cast<u8>(*told);
        scatter(world_->memory, *chain, 0, {&ack, 1});
        queue.push(*chain, 1);
    }
}

bool Net::obey(const Command& command)
{
    const auto& data = command.data;
    const auto number = field<u16>(data, 0);
    switch (command.group) {
    case rx_modes:
        if (command.number > 5 || data.size() != 1 || data[0] > 1)
            return false;
        filters.modes.at(command.number) = data[0] == 1;
        return true;
    case addresses:
        return obey_mac(command);
    case vlan_table:
        if (command.number > 1 || data.size() != 2 || number > 4095)
            return false;
        if (command.number == 0)
            filters.vlans.insert(number);
        else
            filters.vlans.erase(number);
        return true;
    case announce_ack:
        config_[6] &= 1;
        return command.number == 0 && data.empty();
    case queue_pairs:
        if (command.number != 0 || data.size() != 2 || number == 0 || number > options_.max_pairs)
            return false;
        pairs = number;
        return true;
    case guest_offloads:
        offloads = field<u64>(data, 0);
        return command.number == 0 && data.size() == 8;
    default:
        return false;
    }
}

bool Net::obey_mac(const Command& command)
{
    auto data = command.data;
    if (command.number == 1) {
        if (data.size() != 6)
            return false;
        std::ranges::copy(data, config_.begin());
        return true;
    }
    std::array<std::set<Mac>, 2> tables;  // of single addresses, of groups
    for (auto& table : tables) {
        const u64 entries = field<u32>(data, 0);
        if (command.number != 0 || data.size() < 4 + 6 * entries)
            return false;
        for (u64 i = 0; i < entries; ++i)
            table.insert(field<Mac>(data, 4 + 6 * i));
        data = data.subspan(4 + 6 * entries);
    }
    filters.unicast = tables[0];
    filters.multicast = tables[1];
    return data.empty();
}

}  // namespace model
