// memory_model.cpp - values of words, views of threads, and races.
#include "memory_model.hpp"

#include <algorithm>
#include <cstdlib>

namespace explore {

void MemoryModel::reset()
{
    for (const usize at : touched_) {
        Word& word = words_[at / 2];
        word.values.clear();
        word.last = {};
        word.first = 0;
        word.known = word.written = false;
    }
    touched_.clear();
    threads_ = {};
    sequential_ = {};
    events_ = 0;
    race_ = {};
    for (usize i = 0; i < thread_count; ++i)
        threads_[i].now.clock[i] = 1;
}

MemoryModel::Word& MemoryModel::touch(usize at)
{
    Word& word = words_[at / 2];
    if (!word.known)
        touched_.push_back(at);
    word.known = true;
    return word;
}

// The word has at least one value: what is in the arena, if nobody stored an atomic one since.
MemoryModel::Word& MemoryModel::atomic_word(usize at)
{
    Word& word = touch(at);
    if (word.id == 0) {
        if (ids_ == max_words)
            std::abort();
        word.id = static_cast<u16>(ids_++);
    }
    if (word.values.empty() || word.written) {
        word.first = static_cast<u16>(word.first + word.values.size());
        u16 value = 0;
        std::memcpy(&value, arena.data() + at, 2);
        word.values.clear();
        word.values.push_back({value, 0, {}});
        word.written = false;
    }
    return word;
}

bool MemoryModel::ordered(usize thread, const Word& word, usize other, Access access) const
{
    return word.last[other][access] <= threads_[thread].now.clock[other];
}

// Two accesses of two threads conflict if one of them stores, and one of them is plain.
void MemoryModel::judge(usize thread, usize at, Access access)
{
    Word& word = touch(at);
    const usize other = 1 - thread;
    const bool plain = access <= plain_store;
    const bool stores = access == plain_store || access == atomic_store;
    const auto meets = [&](Access there, const char* what) {
        if (!ordered(thread, word, other, there) && race_.what.empty())
            race_ = {at, what};
    };
    meets(plain_store, "a store that is not ordered before");
    if (stores)
        meets(plain_load, "stored while it may still be read");
    if (plain)
        meets(atomic_store, "a store that is not ordered before");
    if (plain && stores)
        meets(atomic_load, "stored while it may still be read");
    word.last[thread][access] = threads_[thread].now.clock[thread];
}

// Which value is read: any that the thread may read, the newest by default. Halves of one store
// belong together.
u32 MemoryModel::pick(usize thread, Word& word, u32 event)
{
    const auto newest = static_cast<u32>(word.values.size() - 1);
    const u32 bound = threads_[thread].now.oldest[word.id];
    const u32 oldest = bound > word.first ? bound - word.first : 0;
    if (event != 0)
        for (u32 i = oldest; i <= newest; ++i)
            if (word.values[i].event == event)
                return i;
    return oldest == newest ? newest : newest - chooser_->older_value(newest - oldest + 1);
}

void MemoryModel::take(usize thread, const Word& word, u32 chosen, Order order)
{
    Thread& mine = threads_[thread];
    const View& view = word.values[chosen].view;
    const auto number = static_cast<u16>(word.first + chosen);
    mine.now.oldest[word.id] = std::max(mine.now.oldest[word.id], number);
    mine.acquired.join(view, ids_);
    if (order == Order::acquire || order == Order::seq_cst)
        mine.now.join(view, ids_);
}

u64 MemoryModel::load(usize thread, usize at, usize bytes, Order order)
{
    ++threads_[thread].now.clock[thread];
    u64 value = 0;
    u32 event = 0;
    for (usize i = 0; i < bytes; i += 2) {
        Word& word = atomic_word(at + i);
        const u32 chosen = pick(thread, word, event);
        event = word.values[chosen].event;
        value |= u64{word.values[chosen].value} << 8 * i;
        judge(thread, at + i, atomic_load);
        take(thread, word, chosen, order);
    }
    return value;
}

void MemoryModel::store(usize thread, usize at, usize bytes, u64 value, Order order)
{
    ++events_;
    Thread& mine = threads_[thread];
    ++mine.now.clock[thread];
    for (usize i = 0; i < bytes; i += 2) {
        Word& word = atomic_word(at + i);
        judge(thread, at + i, atomic_store);
        const auto number = static_cast<u16>(word.first + word.values.size());
        mine.now.oldest[word.id] = number;
        word.values.push_back({static_cast<u16>(value >> 8 * i), events_, {}});
    }
    View view = known(thread, order == Order::release || order == Order::seq_cst);
    for (usize i = 0; i < bytes; i += 2) {
        Word& word = words_[(at + i) / 2];
        view.oldest[word.id] = mine.now.oldest[word.id];
    }
    for (usize i = 0; i < bytes; i += 2)
        words_[(at + i) / 2].values.back().view = view;
    std::memcpy(arena.data() + at, &value, bytes);
    ++mine.now.clock[thread];
}

// A full fence knows what was known at every one before it, and tells those after it; that orders
// no plain access.
void MemoryModel::fence(usize thread, Order order)
{
    Thread& mine = threads_[thread];
    if (order != Order::release)
        mine.now.join(mine.acquired, ids_);
    if (order == Order::seq_cst) {
        sequential_.join_words(mine.now, ids_);
        mine.now.join_words(sequential_, ids_);
    }
    if (order != Order::acquire)
        mine.released = mine.now;
    ++mine.now.clock[thread];
}

void MemoryModel::plain_read(usize thread, usize at, usize bytes)
{
    ++threads_[thread].now.clock[thread];
    for (usize i = at & ~usize{1}; i < at + bytes; i += 2)
        judge(thread, i, plain_load);
}

void MemoryModel::plain_write(usize thread, usize at, usize bytes)
{
    ++threads_[thread].now.clock[thread];
    for (usize i = at & ~usize{1}; i < at + bytes; i += 2) {
        judge(thread, i, plain_store);
        words_[i / 2].written = true;
    }
}

const View& MemoryModel::known(usize thread, bool all) const
{
    return all ? threads_[thread].now : threads_[thread].released;
}

void MemoryModel::received(usize thread, const View& view)
{
    threads_[thread].now.join(view, ids_);
}

}  // namespace explore
