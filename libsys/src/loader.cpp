// libsys/src/loader.cpp - a process from an image: map, copy, unmap, map there.
#include <algorithm>

#include <sys/device.hpp>
#include <sys/loader.hpp>
#include <sys/memory.hpp>
#include <sys/process.hpp>

namespace sys {

namespace {

// Fresh memory with these first bytes, at `address` of the process. Only the mapping keeps it
// alive.
Result<> place(Borrowed<Process> process,
               std::span<const std::byte> contents,
               u64 bytes,
               abi::Rights rights,
               VirtAddr address)
{
    const Bytes size{align_up(bytes, page_bytes)};
    const auto memory = create_memory(size);
    if (!memory)
        return fail(memory.error());
    if (!contents.empty()) {
        const auto here = Mapping::create(memory->borrow(), read_write, Bytes{0}, size);
        if (!here)
            return fail(here.error());
        std::memcpy(here->bytes().data(), contents.data(), contents.size());
    }
    return map_into(process, memory->borrow(), size, rights, address);
}

}  // namespace

Launch::Launch(Handle<Process> process, VirtAddr entry, const abi::ProcessQuota& quota)
    : process_{std::move(process)}, entry_{entry}
{
    startup_.magic = abi::startup_magic;
    startup_.name = quota.name;
    startup_.epoch = quota.epoch;
}

Launch::~Launch()
{
    if (process_.valid())
        (void)kill(process_.borrow());
}

Result<Launch> Launch::create(Borrowed<Process> payer,
                              const Archive& archive,
                              std::string_view image,
                              const abi::ProcessQuota& quota)
{
    const auto found = archive.find(image);
    if (!found)
        return fail(found.error());
    auto process = create_process(payer, quota);
    if (!process)
        return fail(process.error());

    Launch launch{std::move(*process), VirtAddr{found->entry}, quota};
    for (const abi::Segment& s : std::span{found->segments}.first(found->segment_count)) {
        const abi::Rights rights{static_cast<u16>(s.rights)};
        const auto placed = place(launch.process(), archive.contents(s), s.memory_bytes, rights,
                                  VirtAddr{s.address});
        if (!placed)
            return fail(placed.error());
    }
    return launch;
}

Result<> Launch::grant(std::string_view name, abi::Slot what, abi::Kind kind, abi::Rights rights)
{
    if (startup_.grant_count == abi::max_grants)
        return fail(Errc::no_space);
    const auto slot = sys::grant(process(), what, rights);
    if (!slot)
        return fail(slot.error());
    return list(name, *slot, kind);
}

Result<> Launch::lend(std::string_view name, Borrowed<Device> device, abi::Rights rights)
{
    if (startup_.grant_count == abi::max_grants)
        return fail(Errc::no_space);
    const auto slot = sys::lend(device, process(), rights);
    if (!slot)
        return fail(slot.error());
    return list(name, *slot, abi::Kind::device);
}

Result<> Launch::watch_progress(Borrowed<Memory> page)
{
    startup_.progress = progress_address.raw();
    return map_into(process(), page, Bytes{page_bytes}, read_write, progress_address);
}

Result<> Launch::list(std::string_view name, abi::Slot slot, abi::Kind kind)
{
    u32 index = 0;
    for (const abi::Grant& earlier : std::span{startup_.grants}.first(startup_.grant_count))
        index += text::of(earlier.name) == name ? 1 : 0;
    startup_.grants[startup_.grant_count++] = {text::padded<16>(name), slot, static_cast<u32>(kind),
                                               index};
    return {};
}

Result<Handle<Process>> Launch::start(u64 stack_bytes, u64 priority, Arguments arguments)
{
    if (arguments.bytes.size() > startup_.arguments.size() || stack_bytes > max_stack_bytes)
        return fail(Errc::too_big);
    startup_.argument_bytes = static_cast<u32>(arguments.bytes.size());
    startup_.argument_count = arguments.count;
    std::copy(arguments.bytes.begin(), arguments.bytes.end(), startup_.arguments.begin());

    const u64 stack = align_up(std::max(stack_bytes, page_bytes), page_bytes);
    const auto page = std::as_bytes(std::span{&startup_, 1});
    if (const auto placed = place(process(), page, page_bytes, read_only, startup_address); !placed)
        return fail(placed.error());
    const VirtAddr bottom{first_stack_top.raw() - stack};
    if (const auto placed = place(process(), {}, stack, read_write, bottom); !placed)
        return fail(placed.error());

    const auto thread =
        create_thread(process(), entry_, first_stack_top, startup_address.raw(), priority);
    if (!thread)
        return fail(thread.error());
    return std::move(process_);
}

}  // namespace sys
