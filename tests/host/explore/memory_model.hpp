// memory_model.hpp - the memory of two threads as C++ orders it, and no stronger.
//
// What is known is a view: of each word the oldest value that may still be read, and how much of
// each thread's past lies before. A store appends a value to its words, with the view that comes
// with it; a load takes any value that its thread's view allows, which the explorer chooses. So a
// store stays in a buffer as long as nothing orders it, and a load reads something old. Plain
// accesses are not reordered but judged: one that another thread's access is not ordered with is a
// race, for which any value could be read (and what is read before a later store is covered, too).
//
// Views follow "A promising semantics for relaxed-memory concurrency" (Kang et al., 2017), without
// promises: no load reads what is stored after it. Words have 16 bits, the least that rings share.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <base/types.hpp>

namespace explore {

inline constexpr usize thread_count = 2;
inline constexpr usize arena_bytes = 16384;
inline constexpr usize max_words = 160;  // that are ever accessed by an atomic operation

enum class Order : u8 { relaxed, acquire, release, seq_cst };

struct View {
    std::array<u16, max_words> oldest{};       // the first value of a word that may be read
    std::array<u32, thread_count> clock{};     // events of each thread that lie before
    void join(const View& other, usize words)  // all of both is known
    {
        join_words(other, words);
        for (usize i = 0; i < thread_count; ++i)
            clock[i] = std::max(clock[i], other.clock[i]);
    }
    void join_words(const View& other, usize words)
    {
        for (usize i = 0; i < words; ++i)
            oldest[i] = std::max(oldest[i], other.oldest[i]);
    }
};

// Chooses one of several ways to go on: 0 is the usual one, the others are deviations.
class Chooser {
public:
    virtual u32 older_value(u32 count) = 0;
    virtual ~Chooser() = default;
};

class MemoryModel {
public:
    explicit MemoryModel(Chooser& chooser) : chooser_{&chooser} {}

    // All that is in the arena is known to everybody.
    void reset();

    u64 load(usize thread, usize at, usize bytes, Order order);
    void store(usize thread, usize at, usize bytes, u64 value, Order order);
    // Reads the newest value and stores another one in the same step.
    template <class Change>
    u64 modify(usize thread, usize at, usize bytes, Order load, Order store, Change change);
    void fence(usize thread, Order order);
    void plain_read(usize thread, usize at, usize bytes);
    void plain_write(usize thread, usize at, usize bytes);

    // What a thread knows, or what it knew at its last fence; a message of another kind brings that
    // to the other one.
    const View& known(usize thread, bool all) const;
    void received(usize thread, const View& view);
    void join(View& into, const View& view) const { into.join(view, ids_); }

    // The first race: which word, and what met. Empty: none.
    struct Race {
        usize at;
        std::string what;
    };
    const Race* race() const { return race_.what.empty() ? nullptr : &race_; }

    // What both threads share; the newest values.
    alignas(4096) static inline constinit std::array<std::byte, arena_bytes> arena{};
    static bool shares(const void* at)
    {
        const auto* byte = static_cast<const std::byte*>(at);
        return byte >= arena.data() && byte < arena.data() + arena.size();
    }
    static usize offset(const void* at)
    {
        return static_cast<usize>(static_cast<const std::byte*>(at) - arena.data());
    }

private:
    struct Value {
        u16 value;
        u32 event;  // of the store that left it there
        View view;
    };
    enum Access : u8 { plain_load, plain_store, atomic_load, atomic_store };
    struct Word {
        std::array<std::array<u32, 4>, thread_count> last{};  // event of each kind of access
        std::vector<Value> values;
        u16 id = 0;
        u16 first = 0;         // number of values[0]
        bool known = false;    // to be cleared by reset()
        bool written = false;  // by a plain store, since `values` were looked at
    };
    struct Thread {
        View now;
        View released;  // what goes with relaxed stores: known at the last fence
        View acquired;  // what an acquire fence would make known
    };

    Word& touch(usize at);
    Word& atomic_word(usize at);
    void judge(usize thread, usize at, Access access);
    bool ordered(usize thread, const Word& word, usize other, Access access) const;
    u32 pick(usize thread, Word& word, u32 event);
    void take(usize thread, const Word& word, u32 chosen, Order order);

    Chooser* chooser_;
    std::array<Thread, thread_count> threads_{};
    View sequential_;  // of all fences
    std::array<Word, arena_bytes / 2> words_{};
    std::vector<usize> touched_;
    usize ids_ = 1;  // words keep theirs for ever; 0 is none
    u32 events_ = 0;
    Race race_{};
};

template <class Change>
u64 MemoryModel::modify(usize thread, usize at, usize bytes, Order load, Order store, Change change)
{
    View carried_on;
    u64 value = 0;
    for (usize i = 0; i < bytes; i += 2) {
        Word& word = atomic_word(at + i);
        const auto newest = static_cast<u32>(word.values.size() - 1);
        judge(thread, at + i, atomic_load);
        take(thread, word, newest, load);
        value |= u64{word.values[newest].value} << 8 * i;
        carried_on.join(word.values[newest].view, ids_);
    }
    this->store(thread, at, bytes, change(value), store);
    for (usize i = 0; i < bytes; i += 2)
        words_[(at + i) / 2].values.back().view.join(carried_on, ids_);
    return value;
}

}  // namespace explore
