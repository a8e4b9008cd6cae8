// model/packed_queue.hpp - a packed virtqueue, device side (virtio 1.2, 2.8).
//
// Positions count descriptors since the start and never wrap; what is in memory follows from them:
// the slot is the position modulo the size, the wrap counter is 1 in every other lap.
#pragma once

#include <model/queue.hpp>

namespace model {

class PackedQueue final : public Queue {
public:
    using Queue::Queue;

    void publish(u16 idx) override;
    u16 used_idx() const override { return static_cast<u16>(used_ % setup_.size); }

private:
    void set_up() override;
    bool ready() override;
    bool next(Chain& chain) override;
    void wish_notification() override;
    bool interrupt_wanted() override;
    void put(u32 id, u32 len, u16 slots) override;
    void skip() override;
    void jump(u16 further) override;
    void go_back() override;
    void scribble() override;
    void loop(const Chain& chain) override;

    bool wrap(u64 position) const { return position / setup_.size % 2 == 0; }
    u64 slot(u64 position) const { return setup_.desc + 16 * (position % setup_.size); }
    u16 flags(u64 position) const;
    bool offered(u64 position) const;
    bool read_table(Chain& chain);

    struct Shown {
        u64 position;
        u16 flags;
    };

    u64 available_ = 0;          // next descriptor to look at
    u64 used_ = 0;               // next descriptor to write
    u64 signalled_ = 0;          // as of the last interrupt decision
    std::vector<Shown> unseen_;  // elements written, but for their flags
};

}  // namespace model
