// model/split_queue.hpp - a split virtqueue, device side (virtio 1.2, 2.7). Checks all that the
// driver must keep to, and lies about chains it returns when told to.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <model/world.hpp>

namespace model {

struct Piece {
    u64 address;
    u32 length;
    bool writable;
};

struct Chain {
    u16 head = 0;
    u16 second = 0;  // descriptor after the head, if there is one
    std::vector<Piece> pieces;

    u64 readable() const { return sum(false); }
    u64 writable() const { return sum(true); }

private:
    u64 sum(bool writable) const;
};

class SplitQueue {
public:
    struct Setup {
        u16 size;
        u64 desc;
        u64 driver;
        u64 device;
        bool event_idx;
    };

    explicit SplitQueue(World& world) : world_{&world} {}

    void start(Setup setup);
    void stop();
    bool running() const { return running_; }
    u16 size() const { return setup_.size; }

    // The next available chain. When there is none, the driver is asked to notify. A chain that
    // breaks the rules is a complaint, and the queue is broken().
    std::optional<Chain> pop();
    bool broken() const { return broken_; }

    // Returns a chain.
    void push(const Chain& chain, u32 written);
    // True: the chains returned since the last call deserve an interrupt.
    bool interrupt_due();

    // Asks for no notifications from now on.
    void look_by_itself(bool really);

    // The used ring, to be written as one likes.
    void write_used(u32 id, u32 len);
    void publish(u16 idx);
    u16 used_idx() const { return used_; }
    u16 chains_held() const { return static_cast<u16>(held_.size()); }

private:
    struct Descriptor {
        u64 addr;
        u32 len;
        u16 flags;
        u16 next;
    };

    bool complain(const char* what);
    bool read_chain(u16 head, Chain& chain);
    bool check(const Descriptor& descriptor, const Chain& chain);
    u32 told_id(const Chain& chain);
    u32 told_length(const Chain& chain, u32 written);
    u16 not_given() const;
    void scribble();
    void wish_notification();
    u16* word(u64 base, u64 index) const;

    World* world_;
    Setup setup_{};
    bool running_ = false;
    bool broken_ = false;
    bool by_itself_ = false;
    u16 available_ = 0;        // next entry of the available ring to look at
    u16 used_ = 0;             // next entry of the used ring to fill
    u16 signalled_ = 0;        // used ring as of the last interrupt decision
    std::map<u16, u64> held_;  // heads the device has, and their bytes in all
};

}  // namespace model
