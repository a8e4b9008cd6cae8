// object/handle_table.cpp - slots are taken, freed and retired.

#include "object/handle_table.hpp"

#include "checks/invariants.hpp"
#include "machine.hpp"

#include <abi/syscall.hpp>

namespace kernel {

namespace {

// What chunks that do not exist point at: generation zero matches no handle.
constinit std::array<HandleEntry, page_bytes / sizeof(HandleEntry)> nothing{};

// The short way of a handle: one per handle, so that one comparison says number, index, generation,
// kind and right.
abi::Syscall hot_call(abi::Kind kind, abi::Rights rights)
{
    if (kind == abi::Kind::endpoint && rights.has(abi::right::call))
        return abi::Syscall::call;
    if (kind == abi::Kind::endpoint && rights.has(abi::right::receive))
        return abi::Syscall::reply_recv;
    if (kind == abi::Kind::notification && rights.has(abi::right::wait))
        return abi::Syscall::wait;
    if (kind == abi::Kind::notification && rights.has(abi::right::signal))
        return abi::Syscall::signal;
    return abi::Syscall::null;
}

}  // namespace

HandleEntry* HandleTable::no_entries() { return nothing.data(); }

HandleTable::HandleTable(Quota& handle_quota, Quota& frame_quota)
    : handles_{&handle_quota}, frames_{&frame_quota}
{
    chunks_.fill(no_entries());
}

HandleTable::~HandleTable()
{
    for (u64 i = 0; i < chunk_count; ++i)
        if (chunks_[i] != no_entries())
            free_chunk(i);
    checks::all_paid_back(*frames_, *handles_);
}

void HandleTable::free_chunk(u64 index)
{
    give_frame(physical(std::exchange(chunks_[index], no_entries())), *frames_);
}

Result<> HandleTable::reserve_slowly(u32 count)
{
    if (count > handles_->left())
        return fail(Errc::over_quota);
    while (count > spare())
        if (const auto grown = grow(); !grown)
            return grown;
    return reserve(count);
}

Result<> HandleTable::grow()
{
    u64 chunk = 0;
    while (chunk < chunk_count && chunks_[chunk] != no_entries())
        ++chunk;
    if (chunk == chunk_count)
        return fail(Errc::over_quota);
    const auto frame = take_frame(*frames_);
    if (!frame)
        return fail(frame.error());
    auto* const entries = direct<HandleEntry>(*frame);
    chunks_[chunk] = entries;
    for (u64 i = per_chunk; i-- > 0;) {
        const u64 index = chunk * per_chunk + i;
        if (index == 0)
            continue;
        entries[i].generation = 1;
        entries[i].data = free_;
        free_ = static_cast<u32>(index);
        ++capacity_;
    }
    return {};
}

abi::Slot HandleTable::add(Object& object, abi::Rights rights, u64 data)
{
    const u64 index = free_;
    HandleEntry& entry = chunks_[index / per_chunk][index % per_chunk];
    free_ = static_cast<u32>(entry.data);
    --reserved_;
    ++used_;
    ++counts.handles;
    entry.object = &object;
    entry.data = data;
    entry.rights = rights;
    entry.kind = object.kind();
    const u64 slot = abi::SlotIndex::make(index) | abi::SlotGeneration::make(entry.generation);
    const auto hot = static_cast<u64>(hot_call(entry.kind, rights));
    entry.key = hot != 0 ? abi::CallNumber::make(hot) | abi::CallSlot::make(slot) : 0;
    return abi::Slot{slot};
}

u64 HandleTable::index_of(const HandleEntry& entry) const
{
    const auto* const chunk =
        reinterpret_cast<const HandleEntry*>(align_down(reinterpret_cast<u64>(&entry), page_bytes));
    u64 at = 0;
    while (chunks_[at] != chunk)
        ++at;
    return at * per_chunk + static_cast<u64>(&entry - chunk);
}

HandleEntry HandleTable::take(HandleEntry& entry)
{
    const HandleEntry content = entry;
    entry.object = nullptr;
    entry.kind = abi::Kind::none;
    entry.key = 0;
    --used_;
    --counts.handles;
    handles_->refund(1);
    if (++entry.generation == 0) {
        --capacity_;  // retired: every generation was used once
        return content;
    }
    entry.data = free_;
    free_ = static_cast<u32>(index_of(entry));
    return content;
}

}  // namespace kernel
