// tests/model/net.cpp - a network device: configuration, receiving, transmitting.
#include <algorithm>

#include <model/net.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

constexpr u64 bit(unsigned n) { return u64{1} << n; }
constexpr u64 mrg_rxbuf = bit(15);
constexpr u64 status = bit(16);
constexpr u64 ctrl_vlan = bit(19);
constexpr u64 version_1 = bit(32);

// 5.1.3.1: a feature, and one of those that it needs
struct Need {
    u64 feature;
    u64 needs;
};
constexpr Need needs[] = {
    {bit(7) | bit(8) | bit(10), bit(1)},   {bit(9), bit(7) | bit(8)},
    {bit(11) | bit(12) | bit(14), bit(0)}, {bit(13), bit(11) | bit(12)},
    {bit(18) | bit(19), bit(17)},          {bit(20), bit(17)},
    {bit(21) | bit(22), bit(17)},          {bit(23), bit(17)},
};

constexpr u16 link_up = 1;
constexpr u16 announced = 2;
constexpr u32 at_status = 6;

constexpr u8 needs_csum = 1;

// Ones' complement sum of RFC 1071, big-endian words.
u16 internet_checksum(std::span<const u8> bytes)
{
    u64 sum = 0;
    for (usize i = 0; i < bytes.size(); ++i)
        sum += i % 2 == 0 ? u64{bytes[i]} << 8 : bytes[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(~sum);
}

}  // namespace

std::vector<u8> Frame::on_wire() const
{
    auto wire = bytes;
    const usize at = usize{header.csum_start} + header.csum_offset;
    if ((header.flags & needs_csum) == 0 || at + 2 > wire.size())
        return wire;
    const u16 sum = internet_checksum(std::span{wire}.subspan(header.csum_start));
    wire[at] = static_cast<u8>(sum >> 8);
    wire[at + 1] = static_cast<u8>(sum);
    return wire;
}

Net::Net(World& world, NetOptions options)
    : world_{&world}, options_{options}, config_(12), incoming_(options.max_pairs)
{
    std::ranges::copy(options_.mac, config_.begin());
    set_field<u16>(config_, at_status, link_up);
    set_field<u16>(config_, 8, options_.max_pairs);
    set_field<u16>(config_, 10, options_.mtu);
}

u32 Net::config_width(u32 offset) const
{
    return offset < at_status ? 1 : offset < 12 && offset % 2 == 0 ? 2 : 0;
}

// Version 1 drivers without a control queue set the MAC there (5.1.4.3).
bool Net::config_writable(u32 offset) const { return offset < at_status && !on(version_1); }

Mac Net::mac() const
{
    Mac mac{};
    std::copy_n(config_.begin(), mac.size(), mac.begin());
    return mac;
}

void Net::accepted(u64 features)
{
    Device::accepted(features);
    for (const Need& need : needs)
        if (on(need.feature) && !on(need.needs))
            complain("a feature accepted without the one that it needs");
}

void Net::reset()
{
    features_ = 0;
    filters = {};
    pairs = 1;
    collected_.clear();
    held_.clear();
}

void Net::set_status(u16 bits)
{
    set_field<u16>(config_, at_status, bits);
    if (on(status))
        tell_config_changed();
}

void Net::set_link(bool up)
{
    const auto now = field<u16>(config_, at_status);
    set_status(static_cast<u16>(up ? now | link_up : now & ~link_up));
}

void Net::announce() { set_status(static_cast<u16>(field<u16>(config_, at_status) | announced)); }

u64 Net::header_bytes() const { return on(version_1) || on(mrg_rxbuf) ? 12 : 10; }

u16 Net::control_queue() const { return on(mq) ? static_cast<u16>(2 * options_.max_pairs) : 2; }

bool Net::pending(u16 index) const
{
    return index % 2 == 0 && index / 2 < incoming_.size() && !incoming_[index / 2].empty();
}

void Net::work(u16 index, Queue& queue)
{
    if (world_->lies.tell(Lie::link_flaps))
        set_link((field<u16>(config_, at_status) & link_up) == 0);
    if (index == control_queue())
        control(queue);
    else if (index / 2u >= incoming_.size())
        complain("a queue that was not negotiated");
    else if (index % 2 == 1)
        transmit(queue);
    else
        deliver(index / 2, queue);
}

bool Net::passes(const Frame& frame) const
{
    const auto& [promiscuous, all_multi, all_uni, no_multi, no_uni, no_broadcast] = filters.modes;
    const bool tagged = frame.bytes.size() >= 16 && frame.bytes[12] == 0x81 && frame.bytes[13] == 0;
    if (tagged && on(ctrl_vlan)) {
        const u32 tag = u32{frame.bytes[14]} << 8 | frame.bytes[15];
        if (!filters.vlans.contains(static_cast<u16>(tag & 0xfff)))
            return false;
    }
    Mac to{};
    std::copy_n(frame.bytes.begin(), std::min(to.size(), frame.bytes.size()), to.begin());
    if (promiscuous)
        return true;
    if (std::ranges::all_of(to, [](u8 byte) { return byte == 0xff; }))
        return !no_broadcast;
    if ((to[0] & 1) != 0)
        return !no_multi && (all_multi || filters.multicast.contains(to));
    return !no_uni && (all_uni || to == mac() || filters.unicast.contains(to));
}

bool Net::receive(Frame frame, u16 pair)
{
    if (!passes(frame))
        return false;
    incoming_[pair < pairs ? pair : 0].push_back(std::move(frame));
    return true;
}

void Net::deliver(u16 pair, Queue& queue)
{
    auto& incoming = incoming_[pair];
    while (!incoming.empty() && collect(header_bytes() + incoming.front().bytes.size(), queue)) {
        give(incoming.front(), queue);
        incoming.pop_front();
    }
}

// Takes as many receive buffers as so many bytes need; false while there are not enough.
bool Net::collect(u64 bytes, Queue& queue)
{
    u64 room = 0;
    for (const Chain& chain : collected_)
        room += chain.writable();
    while (collected_.empty() || (on(mrg_rxbuf) && room < bytes)) {
        auto chain = queue.pop();
        if (!chain)
            return false;
        if (chain->readable() != 0 || chain->writable() < header_bytes())
            complain("a receive buffer that can be read only, or is shorter than the header");
        room += chain->writable();
        collected_.push_back(std::move(*chain));
    }
    return true;
}

void Net::give(const Frame& frame, Queue& queue)
{
    NetHeader header = frame.header;
    header.num_buffers = on(mrg_rxbuf) ? static_cast<u16>(collected_.size()) : 1;
    if (const auto told = world_->lies.tell(Lie::num_buffers))
        header.num_buffers = static_cast<u16>(*told);
    if (const auto told = world_->lies.tell(Lie::header_bits)) {
        header.flags = static_cast<u8>(*told);
        header.gso_type = static_cast<u8>(*told >> 8);
    }
    std::vector<u8> bytes(header_bytes());
    const bool counts = on(mrg_rxbuf) || options_.writes_num_buffers;
    std::memcpy(bytes.data(), &header, counts ? bytes.size() : 10);
    bytes.insert(bytes.end(), frame.bytes.begin(), frame.bytes.end());
    if (const auto told = world_->lies.tell(Lie::frame_short))
        bytes.resize(std::min<u64>(bytes.size(), header_bytes() + *told));
    if (!on(mrg_rxbuf) && bytes.size() > collected_[0].writable()) {
        ++dropped;
        return;
    }
    std::span<const u8> rest{bytes};
    for (const Chain& chain : std::exchange(collected_, {})) {
        const u64 written = scatter(world_->memory, chain, 0, rest);
        rest = rest.subspan(written);
        const auto more = world_->lies.tell(Lie::frame_long);
        queue.push(chain, static_cast<u32>(more ? chain.writable() + *more : written));
    }
}

void Net::transmit(Queue& queue)
{
    while (const auto chain = queue.pop()) {
        const auto bytes = gather(world_->memory, *chain);
        if (chain->writable() != 0)
            complain("a buffer for transmission that is for writing");
        if (bytes.size() < header_bytes() + 14) {
            complain("a frame without room for header and addresses");
        } else {
            Frame frame{{bytes.begin() + static_cast<std::ptrdiff_t>(header_bytes()), bytes.end()}};
            std::memcpy(&frame.header, bytes.data(), header_bytes());
            check_header(frame.header, frame.bytes.size());
            sent.push_back(std::move(frame));
        }
        if (hold)
            held_.push_back(*chain);
        else
            queue.push(*chain, 0);
    }
}

void Net::finish(Queue& queue, usize which)
{
    const Chain chain = held_.at(which);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
    queue.push(chain, 0);
}

// 5.1.6.2.1
void Net::check_header(const NetHeader& header, usize bytes)
{
    if ((header.flags & ~needs_csum) != 0 || (header.flags != 0 && !on(csum)))
        complain("header flags that were not negotiated");
    if (header.flags != 0 && u64{header.csum_start} + header.csum_offset + 2 > bytes)
        complain("a checksum beyond the frame");
    const u8 type = header.gso_type & 0x7f;
    const bool ecn = (header.gso_type & 0x80) != 0;
    const u64 wanted = type == 1 ? bit(11) : type == 4 ? bit(12) : type == 3 ? bit(14) : 0;
    if ((type != 0 && !on(wanted)) || (ecn && !on(bit(13))))
        complain("segmentation that was not negotiated");
    if (type != 0 && (header.flags == 0 || header.gso_size == 0))
        complain("segmentation without a checksum or a size");
    if (header.num_buffers != 0)
        complain("num_buffers of a frame for transmission is not zero");
    if (type == 0 && on(has_mtu) && bytes > options_.mtu + 18u)
        complain("a frame longer than the MTU");
}

}  // namespace model
