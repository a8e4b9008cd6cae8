// syscall/memory.cpp - memory objects and mappings.

#include "syscall/calls.hpp"

#include <abi/syscall.hpp>

namespace kernel {

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
    using namespace abi::right;
    return install(caller, **made, duplicate | transfer | read | write | execute)
        .transform([&](abi::Slot slot) { caller.finish(slot.raw()); });
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
    const auto at = into->space().map(**memory, offset >> page_shift, bytes >> page_shift, rights,
                                      caller.argument(4));
    if (!at)
        return fail(at.error());
    caller.finish(*at);
    return {};
}

Result<> sys_memory_unmap(Thread& caller)
{
    if (const auto done = caller.process().space().unmap(caller.argument(0), caller.argument(1));
        !done)
        return done;
    caller.finish();
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
