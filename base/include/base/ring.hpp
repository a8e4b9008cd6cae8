// base/ring.hpp - a single-producer single-consumer ring in memory that two programs share.
//
// Each side publishes how many entries it has produced or consumed so far: a free-running u32 in a
// RingSide on a page that it alone can write. The entries are the producer's too. Nothing of the
// other side is trusted but through a copy: an index is copied and compared with the private
// cursors before it moves them, an entry is copied once and only the copy is ever looked at.
//
//   producer   push push push, publish() once -> true: ring the doorbell
//   consumer   pop until would_block, release(); before sleeping arm() -> false: look again,
//   something came
//
// Both views start at zero: memory that was used before is cleared by its owner first.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include <base/types.hpp>
#include <base/wire.hpp>

// What one side of one ring publishes; the other side only reads it. A cache line of its own.
struct alignas(64) RingSide {
    u32 index;    // entries produced, or consumed, so far
    u32 wake_at;  // a doorbell is wanted when the other side's index steps over this one
    std::array<u32, 14> reserved;
};
static_assert(sizeof(RingSide) == 64);

// The first page of what one program writes of a pair of rings.
struct RingPage {
    RingSide produced;  // of the ring whose entries follow this page
    RingSide consumed;  // of the ring that the other program fills
    std::array<u8, page_bytes - 2 * sizeof(RingSide)> reserved;
};
static_assert(sizeof(RingPage) == page_bytes);

// Entries are copied in words (ring::copy_once).
template <class T>
concept RingEntry = Wire<T> && sizeof(T) % 8 == 0 && alignof(T) <= 8;

namespace ring {

inline constexpr usize max_entries = usize{1} << 20;

inline bool good_place(const void* entries, usize count)
{
    return std::has_single_bit(count) && count <= max_entries
           && std::bit_cast<uptr>(entries) % 8 == 0;
}

// An entry, word by word. Atomic loads are never repeated, merged or split, whoever writes
// meanwhile.
template <RingEntry Entry>
Entry copy_once(const Entry& shared)
{
    using Word [[gnu::may_alias]] = u64;
    const auto* from = reinterpret_cast<const Word*>(&shared);
    std::array<u64, sizeof(Entry) / 8> words;
    for (usize i = 0; i < words.size(); ++i)
        words[i] = __atomic_load_n(from + i, __ATOMIC_RELAXED);
    return std::bit_cast<Entry>(words);
}

// Builtins, because std::atomic_ref takes no const object and the peer's page is mapped read-only.
inline u32 load(const u32& shared) { return __atomic_load_n(&shared, __ATOMIC_RELAXED); }
inline u32 load_acquire(const u32& shared) { return __atomic_load_n(&shared, __ATOMIC_ACQUIRE); }
inline void store(u32& shared, u32 value) { __atomic_store_n(&shared, value, __ATOMIC_RELAXED); }
inline void store_release(u32& shared, u32 value)
{
    __atomic_store_n(&shared, value, __ATOMIC_RELEASE);
}

// Orders our index (or our wake_at) before the read of the peer's wake_at (or index): without it
// both sides could read the old value of the other, and a sleeper would miss its doorbell.
inline void fence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// The index went from `before` to `after`: did it step over `wake_at`? Right across the wrap of 32
// bits.
constexpr bool stepped_over(u32 wake_at, u32 before, u32 after)
{
    return after - wake_at - 1 < after - before;
}

}  // namespace ring

// The side that fills the ring.
template <RingEntry Entry>
class Producer {
public:
    // `entries`: a power of two of them, at most ring::max_entries, 8-aligned.
    static Result<Producer> over(RingSide& own, const RingSide& peer, std::span<Entry> entries)
    {
        if (!ring::good_place(entries.data(), entries.size()))
            return fail(Errc::bad_argument);
        return Producer{own, peer, entries};
    }

    // Errors: no_space, malformed (the consumer's index is impossible; for ever).
    Result<> push(const Entry& entry)
    {
        if (tail_ - head_ > mask_ && !refresh()) [[unlikely]]
            return fail(broken_ ? Errc::malformed : Errc::no_space);
        std::memcpy(&entries_[tail_ & mask_], &entry, sizeof(Entry));
        ++tail_;
        return {};
    }

    // Shows the consumer what was pushed. True: it sleeps and wants its doorbell.
    [[nodiscard]] bool publish()
    {
        if (published_ == tail_)
            return false;
        const u32 before = std::exchange(published_, tail_);
        ring::store_release(own_->index, tail_);
        ring::fence();
        return ring::stepped_over(ring::load(peer_->wake_at), before, tail_);
    }

    // As push, of one that there is room() for.
    void put(const Entry& entry) { std::memcpy(&entries_[tail_++ & mask_], &entry, sizeof(Entry)); }

    // One can be pushed now.
    bool has_room() { return tail_ - head_ <= mask_ || refresh(); }
    // Entries that can be pushed now.
    u32 room()
    {
        (void)refresh();
        return broken_ ? 0 : size() - (tail_ - head_);
    }

    // Announces sleep until `entries` can be pushed. False: there is room already (or the ring
    // broke), do not sleep. Publish first: a consumer that has not seen the entries never makes
    // room.
    [[nodiscard]] bool arm(u32 entries = 1)
    {
        const u32 wanted = std::clamp(entries, 1U, size());
        ring::store(own_->wake_at, tail_ - size() + wanted - 1);
        ring::fence();
        return room() < wanted && !broken_;
    }

    // The consumer sleeps until one is there that was pushed and not published, or one of the next
    // `entries`.
    bool awaited(u32 entries) const
    {
        return ring::stepped_over(ring::load(peer_->wake_at), published_, tail_ + entries);
    }

    u32 size() const { return mask_ + 1; }
    bool broken() const { return broken_; }
    // Entries pushed so far, modulo 2^32.
    u32 position() const { return tail_; }

private:
    Producer(RingSide& own, const RingSide& peer, std::span<Entry> entries)
        : own_{&own},
          peer_{&peer},
          entries_{entries.data()},
          mask_{static_cast<u32>(entries.size() - 1)}
    {
        ring::store(own.wake_at, ~0U);
        ring::store_release(own.index, 0);
    }

    // The consumer can only have moved forward, and not past what it was shown. True: there is
    // room.
    bool refresh()
    {
        const u32 head = ring::load_acquire(peer_->index);
        if (head - head_ > published_ - head_)
            broken_ = true;
        if (broken_)
            return false;
        head_ = head;
        return tail_ - head_ <= mask_;
    }

    RingSide* own_;
    const RingSide* peer_;
    Entry* entries_;
    u32 mask_;
    u32 tail_ = 0;       // the next entry
    u32 published_ = 0;  // what the consumer was shown
    u32 head_ = 0;       // what the consumer had taken when we last looked
    bool broken_ = false;
};

// The side that empties the ring.
template <RingEntry Entry>
class Consumer {
public:
    static Result<Consumer>
    over(RingSide& own, const RingSide& peer, std::span<const Entry> entries)
    {
        if (!ring::good_place(entries.data(), entries.size()))
            return fail(Errc::bad_argument);
        return Consumer{own, peer, entries};
    }

    // The next entry, a private copy. Errors: would_block (empty), malformed (the producer's index
    // is impossible; for ever).
    Result<Entry> pop()
    {
        if (head_ == tail_ && !refresh()) [[unlikely]]
            return fail(broken_ ? Errc::malformed : Errc::would_block);
        return ring::copy_once(entries_[head_++ & mask_]);
    }

    // Entries that can be popped, as far as we know; if we know of none, a quick look whether there
    // are. A lie is left for available() to notice.
    [[gnu::always_inline]] u32 ready()
    {
        if (!emptied())
            return tail_ - head_;
        const u32 tail = ring::load_acquire(peer_->index);
        const u32 more = tail - head_;
        if (more - 1 > mask_ || broken_) [[unlikely]]
            return 0;
        tail_ = tail;
        return more;
    }
    // As pop, of one that ready() or available() told of.
    Entry take() { return ring::copy_once(entries_[head_++ & mask_]); }
    // For a loop that writes memory which the compiler can't tell from the cursors: the same, one
    // after the other; took() says how far it got.
    class Batch {
    public:
        Entry take() { return ring::copy_once(entries_[head_++ & mask_]); }

    private:
        friend class Consumer;
        explicit Batch(const Consumer& from)
            : entries_{from.entries_}, mask_{from.mask_}, head_{from.head_}
        {
        }

        const Entry* entries_;
        u64 mask_;  // not beside the cursor: two halves of one word are taken apart again
        u32 head_;
    };
    Batch batch() const { return Batch{*this}; }
    void took(const Batch& batch) { head_ = batch.head_; }
    // Nothing is left that we know of.
    bool emptied() const { return head_ == tail_; }

    // The next entry if `wanted(copy)`, otherwise it stays. Errors: as pop; not_found (it stays).
    template <class Wanted>
    Result<Entry> pop_if(Wanted wanted)
    {
        if (head_ == tail_ && !refresh()) [[unlikely]]
            return fail(broken_ ? Errc::malformed : Errc::would_block);
        const Entry entry = ring::copy_once(entries_[head_ & mask_]);
        if (!wanted(entry))
            return fail(Errc::not_found);
        ++head_;
        return entry;
    }

    // Gives the places of popped entries back to the producer, without a look whether it sleeps on
    // them.
    void release() { ring::store_release(own_->index, head_); }

    // The same for a producer that may sleep until there is room. True: it wants its doorbell.
    [[nodiscard]] bool release_and_check()
    {
        const u32 before = released_;
        released_ = head_;
        release();
        ring::fence();
        return before != head_ && ring::stepped_over(ring::load(peer_->wake_at), before, head_);
    }

    // Entries that can be popped now.
    u32 available()
    {
        (void)refresh();
        return broken_ ? 0 : tail_ - head_;
    }

    // Announces sleep until something can be popped. False: it is there already (or the ring
    // broke), do not sleep.
    [[nodiscard]] [[gnu::always_inline]] bool arm()
    {
        const bool empty = emptied();
        const u32 tail = tail_;
        ring::store(own_->wake_at, head_);
        ring::fence();
        if (empty && ring::load(peer_->index) == tail) [[likely]]
            return !broken_;
        return available() == 0 && !broken_;
    }
    // The same, until `entries` can be.
    [[nodiscard]] bool arm(u32 entries)
    {
        const u32 wanted = std::clamp(entries, 1U, size());
        ring::store(own_->wake_at, head_ + wanted - 1);
        ring::fence();
        return available() < wanted && !broken_;
    }

    u32 size() const { return mask_ + 1; }
    bool broken() const { return broken_; }

private:
    Consumer(RingSide& own, const RingSide& peer, std::span<const Entry> entries)
        : own_{&own},
          peer_{&peer},
          entries_{entries.data()},
          mask_{static_cast<u32>(entries.size() - 1)}
    {
        ring::store(own.wake_at, 0);
        ring::store_release(own.index, 0);
    }

    // The producer can only have moved forward, and not past the room it has. True: there is an
    // entry.
    bool refresh()
    {
        const u32 tail = ring::load_acquire(peer_->index);
        if (tail - tail_ > size() - (tail_ - head_))
            broken_ = true;
        if (broken_)
            return false;
        tail_ = tail;
        return tail_ != head_;
    }

    RingSide* own_;
    const RingSide* peer_;
    const Entry* entries_;
    u32 mask_;
    u32 head_ = 0;      // the next entry
    u32 released_ = 0;  // what the producer was told by release_and_check
    u32 tail_ = 0;      // what the producer had shown when we last looked
    bool broken_ = false;
};
