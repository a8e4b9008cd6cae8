// tests/model/entropy.cpp - an entropy device.
#include <model/entropy.hpp>

namespace model {

void Entropy::work(u16, Queue& queue)
{
    while (!stalled) {
        const auto chain = queue.pop();
        if (!chain)
            return;
        if (chain->readable() != 0)
            world_->complaints.add("entropy: a buffer that is not for writing");
        u32 written = 0;
        const bool empty = world_->lies.tell(Lie::no_bytes).has_value();
        for (const Piece& piece : chain->pieces)
            for (u32 i = 0; !empty && i < piece.length && written < most_bytes; ++i, ++written)
                *world_->memory.at(piece.address + i, 1) = static_cast<std::byte>(byte(given++));
        queue.push(*chain, written);
    }
}

}  // namespace model
