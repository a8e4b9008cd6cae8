// model/net.hpp - a network device (virtio 1.2, 5.1); frames go in and out as vectors of bytes.
//
// Queues: receive 2n, transmit 2n + 1 for each pair n, then control. Everything arrives that the
// driver's filters let through; all is promiscuous until the driver says otherwise.
#pragma once

#include <array>
#include <deque>
#include <set>

#include <model/device.hpp>

namespace model {

using Mac = std::array<u8, 6>;

// 5.1.6; num_buffers is not there in version 1 without MRG_RXBUF.
struct NetHeader {
    u8 flags = 0;
    u8 gso_type = 0;
    u16 hdr_len = 0;
    u16 gso_size = 0;
    u16 csum_start = 0;
    u16 csum_offset = 0;
    u16 num_buffers = 0;
    bool operator==(const NetHeader&) const = default;
};
static_assert(sizeof(NetHeader) == 12);

struct Frame {
    std::vector<u8> bytes;
    NetHeader header{};

    // With the checksum filled in that the header asks for.
    std::vector<u8> on_wire() const;
};

struct NetOptions {
    // 5.1.3; by default what QEMU offers for a backend without offloads.
    u64 features = 0xbf'8024;
    Mac mac{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    u16 max_pairs = 1;
    u16 mtu = 1500;
    bool writes_num_buffers = true;  // also without MRG_RXBUF; QEMU does not
};

class Net : public Device {
public:
    static constexpr u64 csum = 1 << 0;
    static constexpr u64 guest_csum = 1 << 1;
    static constexpr u64 has_mtu = 1 << 3;
    static constexpr u64 mq = 1 << 22;

    explicit Net(World& world, NetOptions options = {});

    u32 id() const override { return 1; }
    u64 features() const override { return options_.features; }
    u16 queues() const override { return static_cast<u16>(2 * options_.max_pairs + 1); }
    std::span<u8> config() override { return config_; }
    u32 config_width(u32 offset) const override;
    bool config_writable(u32 offset) const override;
    void accepted(u64 features) override;
    void work(u16 index, Queue& queue) override;
    bool pending(u16 index) const override;
    void reset() override;

    // A frame from the wire, for that pair; Mmio::poll() delivers it. False: filtered.
    bool receive(Frame frame, u16 pair = 0);
    usize waiting(u16 pair = 0) const { return incoming_[pair].size(); }

    // With `hold`, frames are sent and their chains kept until finish() returns them, in any order.
    bool hold = false;
    usize held() const { return held_.size(); }
    void finish(Queue& queue, usize which);

    void set_link(bool up);
    void announce();
    Mac mac() const;

    std::deque<Frame> sent;
    u64 dropped = 0;  // frames that no buffer of the driver's could hold

    // What the driver set by control commands.
    struct Filters {
        std::array<bool, 6> modes{
            true};  // 5.1.6.5.1: promisc, allmulti, alluni, nomulti, nouni, nobcast
        std::set<Mac> unicast{};
        std::set<Mac> multicast{};
        std::set<u16> vlans{};
    };
    Filters filters;
    u16 pairs = 1;
    u64 offloads = 0;
    u64 commands = 0;

private:
    struct Command;

    bool on(u64 feature) const { return (features_ & feature) != 0; }
    void complain(const char* what) { world_->complaints.add(std::string{"net: "} + what); }
    u64 header_bytes() const;
    u16 control_queue() const;
    bool passes(const Frame& frame) const;
    void deliver(u16 pair, Queue& queue);
    bool collect(u64 bytes, Queue& queue);
    void give(const Frame& frame, Queue& queue);
    void transmit(Queue& queue);
    void check_header(const NetHeader& header, usize bytes);
    void control(Queue& queue);
    bool obey(const Command& command);
    bool obey_mac(const Command& command);
    void set_status(u16 bits);

    World* world_;
    NetOptions options_;
    std::vector<u8> config_;
    std::vector<std::deque<Frame>> incoming_;
    std::vector<Chain> collected_;  // receive buffers for the frame at hand
    std::vector<Chain> held_;
};

}  // namespace model
