// common/attachment.cpp - a client's memory, checked and taken in.
#include <common/attachment.hpp>

namespace common {

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

Result<AttachHandles> AttachHandles::take(sys::Caller& caller, unsigned wanted)
{
    if (caller.received() != wanted)
        return fail(Errc::bad_argument);
    auto client = caller.take<sys::Memory>(0);
    auto server = caller.take<sys::Memory>(1);
    auto buffer =
        wanted == count ? caller.take<sys::Memory>(2) : Result<sys::Handle<sys::Memory>>{};
    auto doorbell = caller.take<sys::Notification>(wanted - 1);
    for (const auto* memory : {&client, &server, &buffer})
        if (!*memory)
            return fail(memory->error());
    if (!doorbell)
        return fail(doorbell.error());
    return AttachHandles{std::move(*client), std::move(*server), std::move(*buffer),
                         std::move(*doorbell)};
}

Result<Attachment> Attachment::create(u64 badge,
                                      sys::Borrowed<sys::Device> device,
                                      AttachHandles handles,
                                      const AttachShape& shape)
{
    Attachment made;
    made.badge_ = badge;
    if (const auto mapped = made.map(handles, shape); !mapped)
        return fail(mapped.error());
    if (handles.buffer.valid())
        if (const auto pinned = made.pin(device, handles.buffer.borrow(), shape); !pinned)
            return fail(pinned.error());
    made.doorbell_ = std::move(handles.doorbell);
    return made;
}

Result<> Attachment::map(const AttachHandles& handles, const AttachShape& shape)
{
    auto client = map_pages(handles.client.borrow(), sys::read_only, shape.client_bytes);
    if (!client)
        return fail(client.error());
    client_ = std::move(*client);
    auto server = map_pages(handles.server.borrow(), sys::read_write, shape.server_bytes);
    if (!server)
        return fail(server.error());
    server_ = std::move(*server);
    return {};
}

Result<> Attachment::pin(sys::Borrowed<sys::Device> device,
                         sys::Borrowed<sys::Memory> memory,
                         const AttachShape& shape)
{
    const auto about = sys::info(memory);
    if (!about)
        return fail(about.error());
    const Bytes size = about->size;
    if (size.raw() == 0 || size.raw() > ~u32{0})
        return fail(Errc::out_of_range);
    if (shape.map_buffer) {
        auto mapped = sys::Mapping::create(memory, sys::read_write, Bytes{0}, size);
        if (!mapped)
            return fail(mapped.error());
        buffer_ = std::move(*mapped);
    }
    auto pinned = sys::PinnedMemory::create(device, memory, Bytes{0}, size, shape.device);
    if (!pinned)
        return fail(pinned.error());
    pin_ = std::move(*pinned);
    const auto runs = list_runs();
    if (!runs)
        return fail(runs.error());
    map_ = BufferMap{*runs, size.raw()};
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

}  // namespace common
