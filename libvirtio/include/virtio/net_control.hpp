// virtio/net_control.hpp - the control queue of a network device (virtio 1.2, 5.1.6.5): filters,
// address, VLANs, queue pairs, offloads. One command at a time is under way.
#pragma once

#include <cstring>

#include <virtio/device_queue.hpp>
#include <virtio/net_config.hpp>

namespace virtio::net {

// Class in the upper byte, command in the lower.
enum class Command : u16 {
    promisc = 0x0000,
    allmulti = 0x0001,
    alluni = 0x0002,
    nomulti = 0x0003,
    nouni = 0x0004,
    nobcast = 0x0005,
    mac_table_set = 0x0100,
    mac_addr_set = 0x0101,
    vlan_add = 0x0200,
    vlan_del = 0x0201,
    announce_ack = 0x0300,
    vq_pairs_set = 0x0400,
    guest_offloads_set = 0x0500,
};

struct CommandDone {
    Command command;
    bool ok;  // otherwise the device refused it
};

inline constexpr u16 max_table_macs = 64;

class Control {
public:
    static constexpr u16 queue_size = 4;  // a command is three descriptors

    // DMA memory that start() takes.
    static constexpr Bytes memory_bytes()
    {
        return DeviceQueue<queue_size>::memory_bytes(queue_size) + Bytes{page_bytes};
    }

    // Errors: those of DeviceQueue::start, not_supported (a queue too small for a command).
    template <Bus B>
    Result<>
    start(Device<B>& device, u16 index, DmaCursor& memory, Features accepted, u16 max_pairs);
    // A device without a control queue: every command is not_supported.
    void start_without()
    {
        stop();
        accepted_ = {};
        pairs_ = 1;
    }
    void stop()
    {
        queue_.stop();
        busy_ = false;
    }

    // Each prepares a command, which take() reports. Errors of all: not_supported (not negotiated),
    // would_block (one is under way), device_fault (not started, or broken).
    //
    // `mode` is promisc to nobcast. Also bad_argument: another command.
    Result<> receive_mode(Command mode, bool on);
    // Also bad_argument: an address that no card can have.
    Result<> set_mac(Mac mac);
    // Replaces the addresses that are received besides the card's own. Also too_big: more than
    // max_table_macs in all; bad_argument: one is in the wrong list.
    Result<> set_mac_table(std::span<const Mac> unicast, std::span<const Mac> multicast);
    // Also out_of_range: no VLAN has that number.
    Result<> vlan(u16 id, bool add);
    Result<> announced();
    // Also out_of_range: none, or more than the device has.
    Result<> use_pairs(u16 pairs);
    // `offloads` are bits of NetFeature, of those that were accepted. Also bad_argument: others.
    Result<> set_guest_offloads(Features offloads);

    // The outcome of the command; an error is a lie of the device, told once.
    std::optional<Result<CommandDone>> take();

    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return queue_.kick(device);
    }
    [[nodiscard]] bool arm() { return busy_ && queue_.arm(); }

    bool busy() const { return busy_; }
    u16 pairs() const { return pairs_; }  // that can be used now
    bool broken() const { return queue_.broken(); }

private:
    static constexpr u8 ack_ok = 0;
    static constexpr u8 ack_none = 0xff;  // preset: no value that the specification knows
    static constexpr u64 ack_at = 0;
    static constexpr u64 command_at = 4;
    static constexpr u64 data_at = 8;
    static_assert(data_at + 2 * sizeof(u32) + max_table_macs * sizeof(Mac) <= page_bytes);

    // The command's data, to be filled in; nothing if it can't be sent now.
    Result<std::byte*> begin(Features needed);
    Result<> send(Command command, u64 bytes);
    template <class T>
    Result<> send(Command command, Features needed, const T& data);

    DeviceQueue<queue_size> queue_;
    DmaRegion memory_;
    Features accepted_;
    u16 max_pairs_ = 1;
    u16 pairs_ = 1;
    u16 pairs_wanted_ = 1;
    bool busy_ = false;
    Command command_{};
};

template <Bus B>
Result<>
Control::start(Device<B>& device, u16 index, DmaCursor& memory, Features accepted, u16 max_pairs)
{
    if (const auto done = queue_.start(device, index, memory, queue_size); !done)
        return done;
    if (queue_.size() < queue_size)
        return fail(Errc::not_supported);
    const auto piece = memory.take(Bytes{page_bytes}, page_bytes);
    if (!piece)
        return fail(piece.error());
    memory_ = *piece;
    accepted_ = accepted;
    max_pairs_ = max_pairs;
    pairs_ = 1;  // until the device is told otherwise (5.1.6.5.5)
    busy_ = false;
    return {};
}

inline Result<std::byte*> Control::begin(Features needed)
{
    if (!accepted_.has(needed | NetFeature::ctrl_vq))
        return fail(Errc::not_supported);
    if (queue_.size() == 0 || broken())
        return fail(Errc::device_fault);
    if (busy_)
        return fail(Errc::would_block);
    return memory_.memory + data_at;
}

inline Result<> Control::send(Command command, u64 bytes)
{
    const auto code = static_cast<u16>(command);
    memory_.memory[command_at] = static_cast<std::byte>(code >> 8);
    memory_.memory[command_at + 1] = static_cast<std::byte>(code);
    memory_.memory[ack_at] = std::byte{ack_none};
    const std::array chain{
        Buffer{memory_.address + Bytes{command_at}, 2, false},
        Buffer{memory_.address + Bytes{data_at}, static_cast<u32>(bytes), false},
        Buffer{memory_.address + Bytes{ack_at}, 1, true},
    };
    const std::array without_data{chain[0], chain[2]};
    const auto head = bytes != 0 ? queue_.submit(chain) : queue_.submit(without_data);
    if (!head)
        return fail(head.error());
    command_ = command;
    busy_ = true;
    return {};
}

template <class T>
Result<> Control::send(Command command, Features needed, const T& data)
{
    const auto at = begin(needed);
    if (!at)
        return fail(at.error());
    std::memcpy(*at, &data, sizeof data);
    return send(command, sizeof data);
}

inline Result<> Control::receive_mode(Command mode, bool on)
{
    if (mode > Command::nobcast)
        return fail(Errc::bad_argument);
    const auto needed = mode <= Command::allmulti ? NetFeature::ctrl_rx : NetFeature::ctrl_rx_extra;
    return send(mode, needed, on ? u8{1} : u8{0});
}

inline Result<> Control::set_mac(Mac mac)
{
    if (!mac.valid())
        return fail(Errc::bad_argument);
    // ctrl_rx: virtio 1.2, 5.1.6.5.2.2, for all commands of the class.
    return send(Command::mac_addr_set, {NetFeature::ctrl_rx, NetFeature::ctrl_mac_addr}, mac);
}

inline Result<> Control::set_mac_table(std::span<const Mac> unicast, std::span<const Mac> multicast)
{
    if (unicast.size() > max_table_macs || multicast.size() > max_table_macs - unicast.size())
        return fail(Errc::too_big);
    if (std::ranges::any_of(unicast, &Mac::multicast)
        || !std::ranges::all_of(multicast, &Mac::multicast))
        return fail(Errc::bad_argument);
    const auto data = begin(NetFeature::ctrl_rx);
    if (!data)
        return fail(data.error());
    std::byte* at = *data;
    for (const auto list : {unicast, multicast}) {
        const auto count = static_cast<u32>(list.size());
        std::memcpy(at, &count, sizeof count);
        at = std::ranges::copy(std::as_bytes(list), at + sizeof count).out;
    }
    return send(Command::mac_table_set, static_cast<u64>(at - *data));
}

inline Result<> Control::vlan(u16 id, bool add)
{
    if (id > 4095)
        return fail(Errc::out_of_range);
    return send(add ? Command::vlan_add : Command::vlan_del, NetFeature::ctrl_vlan, id);
}

inline Result<> Control::announced()
{
    const auto at = begin(NetFeature::guest_announce);
    if (!at)
        return fail(at.error());
    return send(Command::announce_ack, 0);
}

inline Result<> Control::use_pairs(u16 pairs)
{
    if (pairs == 0 || pairs > max_pairs_)
        return fail(Errc::out_of_range);
    const auto sent = send(Command::vq_pairs_set, NetFeature::mq, pairs);
    if (sent) {
        pairs_wanted_ = pairs;
        pairs_ = std::min(pairs_, pairs);  // none beyond from now on, more once it is acknowledged
    }
    return sent;
}

inline Result<> Control::set_guest_offloads(Features offloads)
{
    constexpr Features all{NetFeature::guest_csum, NetFeature::guest_tso4, NetFeature::guest_tso6,
                           NetFeature::guest_ecn, NetFeature::guest_ufo};
    if (!all.has(offloads) || !accepted_.has(offloads))
        return fail(Errc::bad_argument);
    return send(Command::guest_offloads_set, NetFeature::ctrl_guest_offloads, offloads.mask());
}

inline std::optional<Result<CommandDone>> Control::take()
{
    const auto taken = queue_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken)
        return fail(taken->error());
    busy_ = false;
    const auto ack = std::atomic_ref{reinterpret_cast<u8&>(memory_.memory[ack_at])}.load(
        std::memory_order_relaxed);
    const bool ok = ack == ack_ok;
    if (ok && command_ == Command::vq_pairs_set)
        pairs_ = pairs_wanted_;
    return CommandDone{command_, ok};
}

}  // namespace virtio::net
