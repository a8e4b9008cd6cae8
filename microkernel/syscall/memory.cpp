// syscall/memory.cpp - memory objects and mappings.

#include "syscall/calls.hpp"

#include <abi/syscall.hpp>

namespace kernel {

namespace {

bool create_some(Thread& caller)
{
    auto& memory = static_cast<Memory&>(*caller.work.object);
    const auto filled = memory.fill_some();
    if (filled && !*filled)
        return false;
    if (filled)
        memory.ref();  // of the handle
    using namespace abi::right;
    const auto slot = filled
                          ? install(caller, memory, duplicate | transfer | read | write | execute)
                          : Result<abi::Slot>{fail(filled.error())};
    if (slot)
        caller.finish(slot->raw());
    else
        caller.x[0] = static_cast<u64>(slot.error());
    return true;
}

bool unmap_some(Thread& caller) { return caller.undo_some_work(); }

bool map_some(Thread& caller)
{
    auto& into = static_cast<Process&>(*caller.work.object);
    const auto built = into.dead() ? Result<bool>{fail(Errc::peer_gone)}
                                   : into.space().build_some(*caller.work.mapping);
    if (built) {
        caller.finish(caller.work.mapping->address);
        return *built;
    }
    caller.x[0] = static_cast<u64>(built.error());
    caller.work.step = &unmap_some;
    return false;
}

}  // namespace

Result<> sys_memory_create(Thread& caller)
{
    const u64 bytes = caller.argument(0);
    const u64 flags = caller.argument(1);
    if (bytes == 0 || flags > abi::MemoryFlags::contiguous)
        return fail(Errc::bad_argument);
    if (bytes > Memory::max_pages << page_shift)
        return fail(Errc::too_big);
    const u64 pages = align_up(bytes, page_bytes) >> page_shift;
    const auto made =
        Memory::create(caller.process(), pages, flags == abi::MemoryFlags::contiguous);
    if (!made)
        return fail(made.error());
    caller.start_work(&create_some, **made);
    release(**made);  // the work keeps it
    return {};
}

// x0 process slot (0: own), x1 offset, x2 bytes, x3 rights, x4 address
Result<> sys_memory_map(Thread& caller)
{
    const u64 offset = caller.argument(1);
    const u64 bytes = caller.argument(2);
    if (!aligned(offset, page_bytes) || !aligned(bytes, page_bytes) || bytes == 0)
        return fail(Errc::bad_argument);
    const abi::Rights rights{static_cast<u16>(caller.argument(3) & abi::right::all.raw)};
    using namespace abi::right;
    if (caller.argument(3) != rights.raw || !(read | write | execute).has(rights)
        || !rights.has(read))
        return fail(Errc::bad_argument);
    const auto memory = handles(caller).get<Memory>(caller.call_slot(), rights);
    if (!memory)
        return fail(memory.error());
    Process* into = &caller.process();
    if (const abi::Slot slot{caller.argument(0)}; slot != abi::no_slot) {
        const auto other = handles(caller).get<Process>(slot, manage);
        if (!other)
            return fail(other.error());
        into = *other;
    }
    if (into->dead())
        return fail(Errc::peer_gone);
    const auto mapping = into->space().start(**memory, offset >> page_shift, bytes >> page_shift,
                                             rights, caller.argument(4));
    if (!mapping)
        return fail(mapping.error());
    caller.start_work(&map_some, *into, *mapping);
    return {};
}

// x0 address, x1 bytes: exactly one whole mapping
Result<> sys_memory_unmap(Thread& caller)
{
    const u64 address = caller.argument(0);
    Mapping* const mapping = caller.process().space().find(address);
    if (mapping == nullptr || mapping->address != address
        || caller.argument(1) != mapping->end - address)
        return fail(Errc::not_found);
    caller.finish();
    mapping->whole = false;
    caller.start_work(&unmap_some, caller.process(), mapping);
    return {};
}

Result<> sys_memory_info(Thread& caller)
{
    const auto memory = handles(caller).get<Memory>(caller.call_slot(), abi::right::none);
    if (!memory)
        return fail(memory.error());
    caller.finish((*memory)->pages() << page_shift,
                  (*memory)->contiguous() ? abi::MemoryFlags::contiguous : 0);
    return {};
}

}  // namespace kernel
