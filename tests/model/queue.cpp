// tests/model/queue.cpp - what both layouts of a virtqueue have in common: chains, and lies about
// them.
#include <algorithm>
#include <atomic>
#include <cstring>

#include <model/queue.hpp>

namespace model {

u64 Chain::sum(bool wanted) const
{
    u64 bytes = 0;
    for (const Piece& piece : pieces)
        if (piece.writable == wanted)
            bytes += piece.length;
    return bytes;
}

void Queue::start(Setup setup)
{
    stop();
    setup_ = setup;
    set_up();
    if (running_ && stale_) {
        write_used(*stale_, 1);
        publish(used_idx());
        stale_.reset();
    }
}

void Queue::stop()
{
    if (!held_.empty() && tell(Lie::used_after_reset))
        stale_ = held_.begin()->first;
    running_ = broken_ = by_itself_ = false;
    held_.clear();
    withheld_.clear();
    later_.reset();
    meddled_.clear();
}

bool Queue::complain(const char* what)
{
    world_->complaints.add(std::string{"queue: "} + what);
    broken_ = true;
    return false;
}

u16* Queue::word(u64 base, u64 index) const
{
    return reinterpret_cast<u16*>(world_->memory.at(base + 2 * index, 2));
}

Queue::Descriptor Queue::read(u64 address) const
{
    Descriptor descriptor;
    std::memcpy(&descriptor, world_->memory.at(address, 16), 16);
    return descriptor;
}

std::optional<Chain> Queue::pop()
{
    if (!running_ || broken_)
        return std::nullopt;
    if (!ready()) {
        if (broken_)
            return std::nullopt;
        wish_notification();
        if (!ready())  // again: something may have come before the wish was seen
            return std::nullopt;
    }
    Chain chain;
    if (!next(chain))
        return std::nullopt;
    held_[chain.head] = chain.readable() + chain.writable();
    spoil(chain);
    return chain;
}

void Queue::spoil(const Chain& chain)
{
    if (tell(Lie::scribbles))
        scribble();
    if (tell(Lie::chain_loops))
        loop(chain);
    if (chain.table != 0 && tell(Lie::scribbles_table))
        std::memset(world_->memory.at(chain.table, chain.table_bytes), 0xee, chain.table_bytes);
}

bool Queue::add_piece(u64 address, u32 length, bool writable, Chain& chain)
{
    if (length == 0)
        return complain("descriptor of no bytes");
    if (world_->memory.at(address, length) == nullptr)
        return complain("descriptor outside memory");
    if (!writable && !chain.pieces.empty() && chain.pieces.back().writable)
        return complain("readable descriptor after a writable one");
    if (chain.readable() + chain.writable() + length > ~u32{0})
        return complain("chain longer than 2^32 bytes");
    if (chain.pieces.size() >= setup_.size)
        return complain("chain with a loop, or longer than the queue");
    chain.pieces.push_back({address, length, writable});
    return true;
}

bool Queue::open_table(u64 address, u32 bytes, Chain& chain)
{
    if (!setup_.indirect)
        return complain("indirect descriptor without the feature");
    if (bytes == 0 || bytes % 16 != 0)
        return complain("indirect table that is no whole number of descriptors");
    if (world_->memory.at(address, bytes) == nullptr)
        return complain("indirect table outside memory");
    chain.table = address;
    chain.table_bytes = bytes;
    return true;
}

void Queue::look_by_itself(bool really)
{
    by_itself_ = really;
    wish_notification();
}

u16 Queue::not_given() const
{
    u16 index = 0;
    while (held_.contains(index))
        ++index;
    return index;
}

u32 Queue::told_id(const Chain& chain)
{
    if (const auto beyond = tell(Lie::id_out_of_range))
        return setup_.size + static_cast<u32>(*beyond);
    if (tell(Lie::id_not_head))
        return chain.second;
    if (tell(Lie::id_not_given))
        return not_given();
    return chain.head;
}

u32 Queue::told_length(const Chain& chain, u32 written)
{
    const u64 total = chain.readable() + chain.writable();
    if (tell(Lie::length_over_total))
        return static_cast<u32>(total + 1);
    if (tell(Lie::length_huge))
        return ~u32{0};
    if (tell(Lie::length_of_total))
        return static_cast<u32>(total);
    if (const auto shorter = tell(Lie::length_short))
        return static_cast<u32>(*shorter);
    return written;
}

void Queue::push(const Chain& chain, u32 written)
{
    if (!running_)
        return;
    if (tell(Lie::answers_nothing)) {
        withheld_.push_back({chain, written});
    } else if (!later_ && tell(Lie::out_of_order)) {
        later_ = {chain, written};
    } else {
        complete(chain, written);
        if (const auto late = std::exchange(later_, std::nullopt))
            complete(late->chain, late->written);
    }
}

void Queue::complete(const Chain& chain, u32 written)
{
    const u32 id = told_id(chain);
    const u32 length = told_length(chain, written);
    held_.erase(chain.head);
    if (tell(Lie::element_missing)) {
        skip();
        return publish(used_idx());
    }
    put(id, length, chain.slots);
    if (tell(Lie::used_twice))
        put(id, length, 1);
    if (const auto further = tell(Lie::index_jumps))
        jump(static_cast<u16>(*further));
    else if (tell(Lie::index_goes_back))
        go_back();
    else
        publish(used_idx());
    if (const auto times = tell(Lie::payload_changes))
        meddled_.push_back({chain, std::max<u64>(*times, 1)});
}

void Queue::answer_withheld()
{
    for (const Answer& answer : std::exchange(withheld_, {}))
        complete(answer.chain, answer.written);
}

bool Queue::interrupt_due()
{
    if (!running_)
        return false;
    if (const auto late = std::exchange(later_, std::nullopt))
        complete(late->chain, late->written);
    return interrupt_wanted() && !tell(Lie::interrupt_missing);
}

void Queue::meddle()
{
    for (Meddled& there : meddled_) {
        flip(world_->memory, there.chain);
        --there.times;
    }
    std::erase_if(meddled_, [](const Meddled& there) { return there.times == 0; });
}

void Queue::flip(const Memory& memory, const Chain& chain)
{
    for (const Piece& piece : chain.pieces)
        for (u32 i = 0; piece.writable && i < piece.length; ++i) {
            auto* byte = reinterpret_cast<u8*>(memory.at(piece.address + i, 1));
            std::atomic_ref{*byte}.fetch_xor(0xff, std::memory_order_relaxed);
        }
}

}  // namespace model
