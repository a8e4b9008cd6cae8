// tests/model/split_queue.cpp - a split virtqueue, device side.
#include <atomic>
#include <cstring>

#include <model/split_queue.hpp>

namespace model {

namespace {

constexpr u16 no_interrupt = 1;
constexpr u16 no_notify = 1;

u16 load(u16* word) { return std::atomic_ref{*word}.load(std::memory_order_acquire); }
void store(u16* word, u16 value) { std::atomic_ref{*word}.store(value, std::memory_order_release); }

}  // namespace

void SplitQueue::set_up()
{
    available_ = used_ = signalled_ = 0;
    const u64 size = setup_.size;
    running_ = world_->memory.at(setup_.desc, 16 * size) != nullptr
               && world_->memory.at(setup_.driver, 6 + 2 * size) != nullptr
               && world_->memory.at(setup_.device, 6 + 8 * size) != nullptr;
    if (!running_)
        world_->complaints.add("queue: a part of it is outside memory");
    if (setup_.desc % 16 != 0 || setup_.driver % 2 != 0 || setup_.device % 4 != 0)
        world_->complaints.add("queue: a part of it is not aligned");
}

bool SplitQueue::ready()
{
    const u16 idx = load(word(setup_.driver, 1));
    if (static_cast<u16>(idx - available_) > setup_.size)
        return complain("available index moved by more than the size");
    return idx != available_;
}

bool SplitQueue::next(Chain& chain)
{
    chain.head = *word(setup_.driver, 2u + available_ % setup_.size);
    ++available_;
    if (chain.head >= setup_.size)
        return complain("head outside the table");
    if (holds(chain.head))
        return complain("head given again before it was returned");
    return read_chain(chain);
}

bool SplitQueue::read_chain(Chain& chain)
{
    if (!read_links(setup_.desc, setup_.size, chain.head, chain))
        return false;
    return chain.table == 0 || read_links(chain.table, chain.table_bytes / 16, 0, chain);
}

// Follows `next` through the ring's table or an indirect one.
bool SplitQueue::read_links(u64 table, u32 entries, u16 first, Chain& chain)
{
    const bool nested = table == chain.table;
    u16 index = first;
    for (u32 count = 0;; ++count) {
        if (count == entries)
            return complain("chain with a loop");
        const Descriptor d = read(table + 16 * u64{index});
        const u16 flags = d.middle;
        if ((flags & ~(flag_next | flag_write | (nested ? 0 : flag_indirect))) != 0)
            return complain(nested ? "flags that no indirect descriptor has"
                                   : "unknown descriptor flags");
        if ((flags & flag_next) != 0 && d.last >= entries)
            return complain("next outside the table");
        if ((flags & flag_indirect) != 0)
            return (flags & flag_next) == 0 ? open_table(d.addr, d.len, chain)
                                            : complain("an indirect descriptor with a next one");
        if (!add_piece(d.addr, d.len, (flags & flag_write) != 0, chain))
            return false;
        if ((flags & flag_next) == 0)
            return true;
        index = d.last;
        if (!nested && count == 0)
            chain.second = index;
    }
}

// Wanted exactly for the entry that the device looks at next (virtio 1.2, 2.7.10).
void SplitQueue::wish_notification()
{
    if (setup_.event_idx) {
        if (!tell(Lie::event_idx_dead))
            store(word(setup_.device, 2u + 4u * setup_.size),
                  by_itself_ ? static_cast<u16>(available_ - 1) : available_);
    } else {
        store(word(setup_.device, 0), by_itself_ ? no_notify : u16{0});
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

void SplitQueue::put(u32 id, u32 len, u16)
{
    auto* at = reinterpret_cast<u32*>(
        world_->memory.at(setup_.device + 4 + 8 * u64{used_} % (8 * u64{setup_.size}), 8));
    std::atomic_ref{at[0]}.store(id, std::memory_order_relaxed);
    std::atomic_ref{at[1]}.store(len, std::memory_order_relaxed);
    ++used_;
}

void SplitQueue::publish(u16 idx)
{
    store(word(setup_.device, 1), idx);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // before reading the driver's wish
}

bool SplitQueue::interrupt_wanted()
{
    if (used_ == signalled_)
        return false;
    const u16 old = signalled_;
    signalled_ = used_;
    if (!setup_.event_idx)
        return (load(word(setup_.driver, 0)) & no_interrupt) == 0;
    if (tell(Lie::event_idx_dead))
        return true;
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

void SplitQueue::loop(const Chain& chain)
{
    for (const u16 index : {chain.head, chain.second}) {
        *word(setup_.desc + 16 * u64{index}, 6) |= flag_next;
        *word(setup_.desc + 16 * u64{index}, 7) = chain.head;
    }
}

}  // namespace model
