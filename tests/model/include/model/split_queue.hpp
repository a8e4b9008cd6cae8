// model/split_queue.hpp - a split virtqueue, device side (virtio 1.2, 2.7).
#pragma once

#include <model/queue.hpp>

namespace model {

class SplitQueue final : public Queue {
public:
    using Queue::Queue;

    void publish(u16 idx) override;
    u16 used_idx() const override { return used_; }

private:
    void set_up() override;
    bool ready() override;
    bool next(Chain& chain) override;
    void wish_notification() override;
    bool interrupt_wanted() override;
    void put(u32 id, u32 len, u16 slots) override;
    void skip() override { ++used_; }
    void jump(u16 further) override { publish(static_cast<u16>(used_ + further)); }
    void go_back() override { publish(static_cast<u16>(used_ - 2)); }
    void scribble() override;
    void loop(const Chain& chain) override;

    bool read_chain(Chain& chain);
    bool read_links(u64 table, u32 entries, u16 first, Chain& chain);

    u16 available_ = 0;  // next entry of the available ring to look at
    u16 used_ = 0;       // next entry of the used ring to fill
    u16 signalled_ = 0;  // used ring as of the last interrupt decision
};

}  // namespace model
