// object/handle_table.hpp - a process's handles: slot -> object, rights, and what the kind needs
// beside.
//
// A handle value carries the generation of its slot; closing a slot raises the generation, and a
// slot whose generations are used up is never used again, so a stale value never finds another
// object. Slots can be reserved ahead, so that what must not fail later (a reply that brings
// handles) does not. Invariants: used + reserved <= limit of the quota and <= places in the chunks.
#pragma once

#include "memory/pool.hpp"
#include "object/object.hpp"

#include <array>

namespace kernel {

struct HandleEntry {
    u64 data;  // endpoint: its Badge, if any; notification: the mask; free: index of the next one
    u64 key;   // x8 of the one call that fast.S makes through it; zero: of none
    Object* object;
    u32 generation;  // of the slot, zero never
    abi::Rights rights;
    abi::Kind kind;  // none: the slot is free
    u8 reserved;
};
static_assert(sizeof(HandleEntry) == 32);

// What a new handle, and one less, mean to the object: a device is live, an endpoint served, a
// badge held.
void handle_added(const HandleEntry& entry);
void handle_dropped(const HandleEntry& entry);

class HandleTable {
public:
    HandleTable(Quota& handle_quota, Quota& frame_quota);
    HandleTable(const HandleTable&) = delete;
    HandleTable& operator=(const HandleTable&) = delete;
    ~HandleTable();

    // The slot of that generation, in use or not; null if there is none.
    HandleEntry* peek(abi::Slot slot) const
    {
        const u64 index = abi::SlotIndex::get(slot.raw());
        HandleEntry* const entry = &chunks_[index / per_chunk][index % per_chunk];
        return slot.raw() >> abi_generation_shift == entry->generation ? entry : nullptr;
    }

    // The entry that a handle value names. bad_handle if it names none.
    Result<HandleEntry*> find(abi::Slot slot) const
    {
        HandleEntry* const entry = peek(slot);
        if (entry == nullptr || entry->kind == abi::Kind::none)
            return fail(Errc::bad_handle);
        return entry;
    }

    // The same, of this kind and with these rights. wrong_kind, denied.
    Result<HandleEntry*> find(abi::Slot slot, abi::Kind kind, abi::Rights rights) const
    {
        const auto entry = find(slot);
        if (!entry)
            return entry;
        if ((*entry)->kind != kind)
            return fail(Errc::wrong_kind);
        if (!(*entry)->rights.has(rights))
            return fail(Errc::denied);
        return entry;
    }

    template <class T>
    Result<T*> get(abi::Slot slot, abi::Rights rights) const
    {
        return find(slot, T::kind_value, rights).transform([](HandleEntry* entry) {
            return static_cast<T*>(entry->object);
        });
    }

    // Sets slots aside. over_quota, no_memory; afterwards `count` calls of add() cannot fail.
    Result<> reserve(u32 count)
    {
        if (reserve_spare(count))
            return {};
        return reserve_slowly(count);
    }
    bool has_spare(u64 count) const { return count <= spare() && count <= handles_->left(); }
    // Only if there are places already.
    bool reserve_spare(u64 count)
    {
        if (!has_spare(count))
            return false;
        handles_->used += static_cast<u32>(count);
        reserved_ += static_cast<u32>(count);
        return true;
    }
    void unreserve(u32 count)
    {
        reserved_ -= count;
        handles_->refund(count);
    }

    // Fills a reserved slot; the entry owns the reference that comes with `object`. The caller
    // calls handle_added unless the handle only moved here.
    abi::Slot add(Object& object, abi::Rights rights, u64 data = 0);

    // Empties a slot without dropping the reference: what was in it is the caller's now.
    HandleEntry take(HandleEntry& entry);

    u32 used() const { return used_; }
    // Entries by the upper bits of their index; those that do not exist are free for ever.
    HandleEntry* const* chunks() const { return chunks_.data(); }

    // Nothing will be added any more: calls f(entry), which takes it, for some of the slots in use,
    // and gives pages back; true: no slot is left.
    template <class F>
    bool empty_some(F f)
    {
        constexpr u64 cost_limit = 64;  // a look costs 1
        constexpr u64 take_cost = 16;
        for (u64 cost = 0; cost < cost_limit && emptied_ < abi::slot_limit; ++cost) {
            HandleEntry* const chunk = chunks_[emptied_ / per_chunk];
            if (chunk == no_entries()) {
                emptied_ += per_chunk;
                continue;
            }
            if (HandleEntry& entry = chunk[emptied_ % per_chunk]; entry.kind != abi::Kind::none) {
                f(entry);
                cost += take_cost;
            }
            if (++emptied_ % per_chunk == 0)
                free_chunk(emptied_ / per_chunk - 1);
        }
        return emptied_ == abi::slot_limit;
    }

private:
    friend struct checks::Inspector;
    static constexpr u64 per_chunk = page_bytes / sizeof(HandleEntry);
    static constexpr u64 chunk_count = abi::slot_limit / per_chunk;
    static constexpr unsigned abi_generation_shift = 13;
    static_assert(abi::SlotGeneration::mask >> abi_generation_shift == ~u32{0});

    static HandleEntry* no_entries();
    u32 spare() const { return capacity_ - used_ - reserved_; }
    Result<> reserve_slowly(u32 count);
    Result<> grow();
    u64 index_of(const HandleEntry& entry) const;
    void free_chunk(u64 index);

    std::array<HandleEntry*, chunk_count> chunks_;
    Quota* handles_;
    Quota* frames_;
    u32 capacity_ = 0;  // places not retired
    u32 used_ = 0;
    u32 reserved_ = 0;
    u64 emptied_ = 0;  // slots that empty_some() has looked at
    u32 free_ = 0;     // index of the first free slot; zero: none, slot 0 is never used
};

}  // namespace kernel
