// tests/model/split_queue.cpp - a split virtqueue, device side.
#include <atomic>
#include <cstring>

#include <model/split_queue.hpp>

namespace model {

namespace {

constexpr u16 flag_next = 1;
constexpr u16 flag_write = 2;
constexpr u16 no_interrupt = 1;
constexpr u16 no_notify = 1;

u16 load(u16* word) { return std::atomic_ref{*word}.load(std::memory_order_acquire); }
void store(u16* word, u16 value) { std::atomic_ref{*word}.store(value, std::memory_order_release); }

}  // namespace

u64 Chain::sum(bool wanted) const
{
    u64 bytes = 0;
    for (const Piece& piece : pieces)
        if (piece.writable == wanted)
            bytes += piece.length;
    return bytes;
}

void SplitQueue::start(Setup setup)
{
    stop();
    setup_ = setup;
    const u64 size = setup.size;
    running_ = world_->memory.at(setup.desc, 16 * size) != nullptr
               && world_->memory.at(setup.driver, 6 + 2 * size) != nullptr
               && world_->memory.at(setup.device, 6 + 8 * size) != nullptr;
    if (!running_)
        world_->complaints.add("queue: a part of it is outside memory");
    if (setup.desc % 16 != 0 || setup.driver % 2 != 0 || setup.device % 4 != 0)
        world_->complaints.add("queue: a part of it is not aligned");
}

void SplitQueue::stop()
{
    running_ = broken_ = by_itself_ = false;
    available_ = used_ = signalled_ = 0;
    held_.clear();
}

u16* SplitQueue::word(u64 base, u64 index) const
{
    return reinterpret_cast<u16*>(world_->memory.at(base + 2 * index, 2));
}

bool SplitQueue::complain(const char* what)
{
    world_->complaints.add(std::string{"queue: "} + what);
    broken_ = true;
    return false;
}

std::optional<Chain> SplitQueue::pop()
{
    if (!running_ || broken_)
        return std::nullopt;
    u16 idx = load(word(setup_.driver, 1));
    if (idx == available_) {
        wish_notification();
        idx = load(word(setup_.driver, 1));  // again: it may have moved before the wish was seen
        if (idx == available_)
            return std::nullopt;
    }
    if (static_cast<u16>(idx - available_) > setup_.size) {
        complain("available index moved by more than the size");
        return std::nullopt;
    }
    const u16 head = *word(setup_.driver, 2u + available_ % setup_.size);
    ++available_;
    Chain chain;
    if (!read_chain(head, chain))
        return std::nullopt;
    held_[head] = chain.readable() + chain.writable();
    if (world_->lies.tell(Lie::scribbles))
        scribble();
    return chain;
}

bool SplitQueue::read_chain(u16 head, Chain& chain)
{
    if (head >= setup_.size)
        return complain("head outside the table");
    if (held_.contains(head))
        return complain("head given again before it was returned");
    chain.head = head;
    u16 index = head;
    for (u32 count = 0;; ++count) {
        if (count == setup_.size)
            return complain("chain with a loop");
        Descriptor descriptor;
        std::memcpy(&descriptor, world_->memory.at(setup_.desc + 16 * u64{index}, 16), 16);
        if (!check(descriptor, chain))
            return false;
        chain.pieces.push_back(
            {descriptor.addr, descriptor.len, (descriptor.flags & flag_write) != 0});
        if ((descriptor.flags & flag_next) == 0)
            return true;
        index = descriptor.next;
        if (count == 0)
            chain.second = index;
    }
}

bool SplitQueue::check(const Descriptor& descriptor, const Chain& chain)
{
    const bool writable = (descriptor.flags & flag_write) != 0;
    if ((descriptor.flags & ~(flag_next | flag_write)) != 0)
        return complain("unknown descriptor flags");
    if ((descriptor.flags & flag_next) != 0 && descriptor.next >= setup_.size)
        return complain("next outside the table");
    if (descriptor.len == 0)
        return complain("descriptor of no bytes");
    if (world_->memory.at(descriptor.addr, descriptor.len) == nullptr)
        return complain("descriptor outside memory");
    if (!writable && !chain.pieces.empty() && chain.pieces.back().writable)
        return complain("readable descriptor after a writable one");
    if (chain.readable() + chain.writable() + descriptor.len > ~u32{0})
        return complain("chain longer than 2^32 bytes");
    return true;
}

// Wanted exactly for the entry that the device looks at next (virtio 1.2, 2.7.10).
void SplitQueue::wish_notification()
{
    if (setup_.event_idx)
        store(word(setup_.device, 2u + 4u * setup_.size),
              by_itself_ ? static_cast<u16>(available_ - 1) : available_);
    else
        store(word(setup_.device, 0), by_itself_ ? no_notify : u16{0});
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

void SplitQueue::look_by_itself(bool really)
{
    by_itself_ = really;
    wish_notification();
}

u16 SplitQueue::not_given() const
{
    u16 index = 0;
    while (held_.contains(index))
        ++index;
    return index;
}

u32 SplitQueue::told_id(const Chain& chain)
{
    if (const auto beyond = world_->lies.tell(Lie::id_out_of_range))
        return setup_.size + static_cast<u32>(*beyond);
    if (world_->lies.tell(Lie::id_not_head))
        return chain.second;
    if (world_->lies.tell(Lie::id_not_given))
        return not_given();
    return chain.head;
}

u32 SplitQueue::told_length(const Chain& chain, u32 written)
{
    const u64 total = chain.readable() + chain.writable();
    if (world_->lies.tell(Lie::length_over_total))
        return static_cast<u32>(total + 1);
    if (world_->lies.tell(Lie::length_huge))
        return ~u32{0};
    if (world_->lies.tell(Lie::length_of_total))
        return static_cast<u32>(total);
    if (const auto shorter = world_->lies.tell(Lie::length_short))
        return static_cast<u32>(*shorter);
    return written;
}

void SplitQueue::push(const Chain& chain, u32 written)
{
    if (!running_)
        return;
    const u32 id = told_id(chain);
    const u32 length = told_length(chain, written);
    held_.erase(chain.head);
    write_used(id, length);
    if (world_->lies.tell(Lie::used_twice))
        write_used(id, length);
    u16 idx = used_;
    if (const auto further = world_->lies.tell(Lie::index_jumps))
        idx = static_cast<u16>(idx + *further);
    if (world_->lies.tell(Lie::index_goes_back))
        idx = static_cast<u16>(idx - 2);
    publish(idx);
}

void SplitQueue::write_used(u32 id, u32 len)
{
    const std::array<u32, 2> element{id, len};
    auto* at = reinterpret_cast<u32*>(
        world_->memory.at(setup_.device + 4 + 8 * u64{used_} % (8 * u64{setup_.size}), 8));
    std::atomic_ref{at[0]}.store(element[0], std::memory_order_relaxed);
    std::atomic_ref{at[1]}.store(element[1], std::memory_order_relaxed);
    ++used_;
}

void SplitQueue::publish(u16 idx)
{
    store(word(setup_.device, 1), idx);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // before reading the driver's wish
}

bool SplitQueue::interrupt_due()
{
    if (!running_ || used_ == signalled_)
        return false;
    const u16 old = signalled_;
    signalled_ = used_;
    if (!setup_.event_idx)
        return (load(word(setup_.driver, 0)) & no_interrupt) == 0;
    const u16 event = load(word(setup_.driver, 2u + setup_.size));
    // Some entry of old .. used_ - 1 is the one that the driver named.
    return static_cast<u16>(event - old) < static_cast<u16>(used_ - old);
}

void SplitQueue::scribble()
{
    std::memset(world_->memory.at(setup_.desc, 16 * u64{setup_.size}), 0xee, 16 * u64{setup_.size});
    for (u16 i = 0; i < setup_.size; ++i)
        *word(setup_.driver, 2u + i) = 0xeeee;
}

}  // namespace model
