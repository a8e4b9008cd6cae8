// blkd/attachment.cpp - a client's memory, checked and taken in.
#include "attachment.hpp"

namespace blkd {

namespace {

// At least `bytes` of a memory object, mapped from its beginning.
Result<sys::Mapping> map_pages(sys::Borrowed<sys::Memory> memory, abi::Rights rights, u64 bytes)
{
    const auto about = sys::info(memory);
    if (!about)
        return fail(about.error());
    const u64 whole = align_up(bytes, page_bytes);
    if (whole > about->size.raw())
        return fail(Errc::out_of_range);
    return sys::Mapping::create(memory, rights, Bytes{0}, Bytes{whole});
}

// Memory of our own; it lives as long as the mapping.
Result<sys::Mapping> scratch(u64 bytes)
{
    const auto memory = sys::create_memory(Bytes{bytes});
    if (!memory)
        return fail(memory.error());
    return sys::Mapping::create(memory->borrow(), sys::read_write);
}

}  // namespace

Result<Attachment>
Attachment::create(u64 badge, u32 entries, sys::Borrowed<sys::Device> device, AttachHandles handles)
{
    Attachment made;
    made.badge_ = badge;
    if (const auto mapped = made.map(handles, entries); !mapped)
        return fail(mapped.error());
    if (const auto pinned = made.pin(device, handles.buffer.borrow()); !pinned)
        return fail(pinned.error());
    made.doorbell_ = std::move(handles.doorbell);
    return made;
}

Result<> Attachment::map(const AttachHandles& handles, u32 entries)
{
    auto down =
        map_pages(handles.submissions.borrow(), sys::read_only, block::submissions_bytes(entries));
    if (!down)
        return fail(down.error());
    submissions_ = std::move(*down);
    auto up =
        map_pages(handles.completions.borrow(), sys::read_write, block::completions_bytes(entries));
    if (!up)
        return fail(up.error());
    completions_ = std::move(*up);
    return {};
}

Result<> Attachment::pin(sys::Borrowed<sys::Device> device, sys::Borrowed<sys::Memory> memory)
{
    const auto about = sys::info(memory);
    if (!about)
        return fail(about.error());
    const Bytes size = about->size;
    if (size.raw() == 0 || size.raw() > ~u32{0})
        return fail(Errc::out_of_range);
    auto pinned = sys::PinnedMemory::create(device, memory, Bytes{0}, size, sys::read_write);
    if (!pinned)
        return fail(pinned.error());
    pin_ = std::move(*pinned);
    const auto runs = list_runs();
    if (!runs)
        return fail(runs.error());
    buffer_ = BufferMap{*runs, size.raw()};
    return {};
}

// Fetches the runs of the pin and turns them, in place, from lengths into positions.
Result<std::span<const BufferRun>> Attachment::list_runs()
{
    static_assert(sizeof(abi::DmaRun) == sizeof(BufferRun));
    const u64 count = pin_.run_count();
    if (count > most_runs)
        return fail(Errc::too_big);
    auto table = scratch(align_up(count * sizeof(BufferRun), page_bytes));
    if (!table)
        return fail(table.error());
    runs_ = std::move(*table);

    const auto lengths = runs_.array<abi::DmaRun>(0, count);
    if (!lengths)
        return fail(lengths.error());
    if (const auto fetched = pin_.runs(*lengths); !fetched)
        return fail(fetched.error());
    u64 begin = 0;
    for (abi::DmaRun& entry : *lengths) {
        const BufferRun run{begin, entry.address};
        begin += entry.length.raw();
        std::memcpy(&entry, &run, sizeof(run));
    }
    return runs_.array<const BufferRun>(0, count);
}

Result<Rings> Attachment::rings(u32 entries) const
{
    const auto client = submissions_.at<const RingPage>();
    const auto submissions = submissions_.array<const block::Submission>(page_bytes, entries);
    const auto server = completions_.at<block::CompletionPage>();
    const auto completions = completions_.array<block::Completion>(page_bytes, entries);
    if (!client || !submissions || !server || !completions)
        return fail(Errc::out_of_range);
    return Rings{**client, *submissions, **server, *completions};
}

}  // namespace blkd
