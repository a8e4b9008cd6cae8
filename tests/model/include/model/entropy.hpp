// model/entropy.hpp - an entropy device (virtio 1.2, 5.4) whose bytes a test can foretell.
#pragma once

#include <model/device.hpp>

namespace model {

class Entropy : public Device {
public:
    explicit Entropy(World& world) : world_{&world} {}

    u32 id() const override { return 4; }
    void work(u16 index, Queue& queue) override;

    // The n-th byte that the device ever gives out; never zero.
    static u8 byte(u64 n) { return static_cast<u8>(1 + n * 37 % 255); }

    u32 most_bytes = ~u32{0};  // that one request gets
    bool stalled = false;      // takes nothing
    u64 given = 0;

private:
    u32 fill(const Chain& chain);

    World* world_;
};

}  // namespace model
