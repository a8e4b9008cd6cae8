// tests/model/entropy.cpp - an entropy device.
#include <algorithm>

#include <model/entropy.hpp>
#include <model/payload.hpp>

namespace model {

void Entropy::work(u16, Queue& queue)
{
    while (!stalled) {
        const auto chain = queue.pop();
        if (!chain)
            return;
        if (chain->readable() != 0)
            world_->complaints.add("entropy: a buffer that is not for writing");
        if (chain->writable() == 0)
            world_->complaints.add("entropy: a buffer of no bytes");
        queue.push(*chain, world_->lies.tell(Lie::no_bytes) ? 0 : fill(*chain));
    }
}

u32 Entropy::fill(const Chain& chain)
{
    const auto count = static_cast<u32>(std::min<u64>(chain.writable(), most_bytes));
    if (world_->lies.tell(Lie::bytes_not_written))
        return count;
    std::vector<u8> bytes(count);
    const auto constant = world_->lies.tell(Lie::constant_bytes);
    for (u8& each : bytes)
        each = constant ? static_cast<u8>(*constant) : byte(given++);
    return static_cast<u32>(scatter(world_->memory, chain, 0, bytes));
}

}  // namespace model
