// tests/model/packed_queue.cpp - a packed virtqueue, device side.
#include <atomic>
#include <cstring>

#include <model/packed_queue.hpp>

namespace model {

namespace {

constexpr u16 flag_available = 1 << 7;
constexpr u16 flag_used = 1 << 15;

// event suppression: flags
constexpr u16 enable = 0;
constexpr u16 disable = 1;
constexpr u16 of_descriptor = 2;

u16 load(u16* word) { return std::atomic_ref{*word}.load(std::memory_order_acquire); }
void store(u16* word, u16 value) { std::atomic_ref{*word}.store(value, std::memory_order_release); }

}  // namespace

void PackedQueue::set_up()
{
    const u64 size = setup_.size;
    available_ = used_ = signalled_ = 2 * size;  // not 0, so that there is something to go back to
    unseen_.clear();
    running_ = world_->memory.at(setup_.desc, 16 * size) != nullptr
               && world_->memory.at(setup_.driver, 4) != nullptr
               && world_->memory.at(setup_.device, 4) != nullptr;
    if (!running_)
        world_->complaints.add("queue: a part of it is outside memory");
    if (setup_.desc % 16 != 0 || setup_.driver % 4 != 0 || setup_.device % 4 != 0)
        world_->complaints.add("queue: a part of it is not aligned");
}

u16 PackedQueue::flags(u64 position) const { return load(word(slot(position), 7)); }

// AVAIL is the wrap counter, USED is not.
bool PackedQueue::offered(u64 position) const
{
    const u16 now = flags(position) & (flag_available | flag_used);
    return now == (wrap(position) ? flag_available : flag_used);
}

bool PackedQueue::ready() { return offered(available_); }

bool PackedQueue::next(Chain& chain)
{
    const u64 first = available_;
    for (bool more = true; more;) {
        if (available_ - first >= setup_.size || available_ - used_ >= setup_.size)
            return complain("list longer than what is free in the ring");
        if (!offered(available_))
            return complain("list shown before all of it was written");
        const Descriptor d = read(slot(available_));
        const u16 marks = d.last & ~(flag_available | flag_used);
        if ((marks & ~(flag_next | flag_write | flag_indirect)) != 0)
            return complain("unknown descriptor flags");
        more = (marks & flag_next) != 0;
        if ((marks & flag_indirect) != 0 && (more || available_ != first))
            return complain("an indirect descriptor in a list");
        if ((marks & flag_indirect) != 0
                ? !open_table(d.addr, d.len, chain)
                : !add_piece(d.addr, d.len, (marks & flag_write) != 0, chain))
            return false;
        chain.head = d.middle;
        ++available_;
    }
    chain.slots = static_cast<u16>(available_ - first);
    chain.second = static_cast<u16>(chain.head + setup_.size / 2);
    if (holds(chain.head))
        return complain("buffer id given again before it was returned");
    return chain.table == 0 || read_table(chain);
}

bool PackedQueue::read_table(Chain& chain)
{
    for (u32 at = 0; at < chain.table_bytes; at += 16) {
        const Descriptor d = read(chain.table + at);
        if ((d.last & ~flag_write) != 0)
            return complain("flags that no indirect descriptor has");
        if (!add_piece(d.addr, d.len, d.last != 0, chain))
            return false;
    }
    return true;
}

void PackedQueue::wish_notification()
{
    if (setup_.event_idx && !by_itself_) {
        if (tell(Lie::event_idx_dead))
            return;
        const u64 off = available_ % setup_.size;
        store(word(setup_.device, 0), static_cast<u16>(off | (wrap(available_) ? 0x8000u : 0u)));
        store(word(setup_.device, 1), of_descriptor);
    } else {
        store(word(setup_.device, 1), by_itself_ ? disable : enable);
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

// The driver reads the flags first: they are written last, by publish().
void PackedQueue::put(u32 id, u32 len, u16 slots)
{
    if (id >= setup_.size && static_cast<u16>(id) < setup_.size)
        id = 0xffff;  // a lie that does not fit into 16 bits
    auto* at = reinterpret_cast<u32*>(world_->memory.at(slot(used_) + 8, 4));
    std::atomic_ref{*at}.store(len, std::memory_order_relaxed);
    std::atomic_ref{*word(slot(used_), 6)}.store(static_cast<u16>(id), std::memory_order_relaxed);
    const bool wrote = len != 0 && !tell(Lie::write_flag_missing);
    unseen_.push_back({used_, wrote ? flag_write : u16{0}});
    used_ += slots;
}

void PackedQueue::skip()
{
    unseen_.push_back({used_, flag_write});
    ++used_;
}

// The first one last, so that the driver sees all or none.
void PackedQueue::publish(u16)
{
    for (; !unseen_.empty(); unseen_.pop_back()) {
        const auto& [position, more] = unseen_.back();
        const u16 both = wrap(position) ? flag_available | flag_used : 0;
        store(word(slot(position), 7), both | more);
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);  // before reading the driver's wish
}

void PackedQueue::jump(u16 further)
{
    for (u64 i = 0; i < std::min<u64>(further, setup_.size); ++i)
        unseen_.push_back({used_ + i, flag_write});
    publish(0);
}

void PackedQueue::go_back()
{
    const u64 from = slot(unseen_.back().position);
    const u64 to = slot(--unseen_.back().position);
    std::memcpy(world_->memory.at(to + 8, 6), world_->memory.at(from + 8, 6), 6);
    publish(0);
}

bool PackedQueue::interrupt_wanted()
{
    if (used_ == signalled_)
        return false;
    const u64 old = std::exchange(signalled_, used_);
    const u16 wish = load(word(setup_.driver, 1));
    if (wish > (setup_.event_idx ? of_descriptor : disable))
        return complain("event suppression flags that are reserved");
    if (wish != of_descriptor)
        return wish == enable;
    if (tell(Lie::event_idx_dead))
        return true;
    const u16 named = load(word(setup_.driver, 0));
    if ((named & 0x7fff) >= setup_.size)
        return complain("event suppression names a descriptor beyond the ring");
    // Laps repeat after two: how far behind the last decision is the descriptor that it names?
    const u64 laps = 2 * u64{setup_.size};
    const u64 event = (named & 0x7fff) + ((named & 0x8000) != 0 ? 0 : u64{setup_.size});
    return (event + laps - old % laps) % laps < used_ - old;
}

// All but the flags, which would mean something.
void PackedQueue::scribble()
{
    for (u64 i = 0; i < setup_.size; ++i)
        std::memset(world_->memory.at(setup_.desc + 16 * i, 14), 0xee, 14);
}

void PackedQueue::loop(const Chain& chain)
{
    for (u64 i = 1; i <= chain.slots; ++i)
        *word(slot(available_ - i), 7) |= flag_next;
}

}  // namespace model
