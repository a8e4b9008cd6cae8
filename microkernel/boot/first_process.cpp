// boot/first_process.cpp - the image named "init" of the boot archive becomes the first process.

#include "boot/first_process.hpp"

#include "arch/aarch64/sysreg.hpp"
#include "boot/archive.hpp"
#include "console.hpp"
#include "machine.hpp"
#include "object/slabs.hpp"
#include "sched/cpu.hpp"

#include <cstring>

namespace kernel {

namespace {

constexpr u64 stack_bytes = 64 * 1024;
constexpr u64 kernel_margin = 512;  // frames that no quota covers: kernel objects
constexpr u8 init_priority = abi::priorities - 1;

[[noreturn]] void no_init(std::string_view why) { panic(why); }

template <class T>
T need(const Result<T>& result)
{
    if (!result)
        no_init("init cannot be loaded");
    return *result;
}

Process& make_process()
{
    constexpr u32 handle_budget = 65536;  // its own and those it gives to others
    constexpr u32 thread_budget = 4096;
    const abi::ProcessQuota quota{
        .frames = static_cast<u32>(frames.free_frames() - kernel_margin),
        .handles = handle_budget,
        .threads = thread_budget,
        .max_priority = init_priority,
        .name = text::padded<16>("init"),
        .epoch = 0,
        .cpu = 1,
    };
    return *need(Process::create(nullptr, quota));
}

abi::Slot give(Process& init, Object& object, abi::Rights rights)
{
    if (!init.handles().reserve(1))
        no_init("no memory for init's handles");
    const abi::Slot slot = init.handles().add(object, rights);
    handle_added(*need(init.handles().find(slot)));
    return slot;
}

// New memory with these bytes at its start, mapped at `address`, or where the kernel likes (0).
u64 map_bytes(
    Process& init, std::span<const std::byte> bytes, u64 size, abi::Rights rights, u64 address)
{
    const u64 pages = align_up(size, page_bytes) >> page_shift;
    Memory& memory = *need(Memory::create(init, pages, false));
    while (!need(memory.fill_some()))
        this_cpu().zero_now();
    for (u64 at = 0; at < bytes.size(); at += page_bytes)
        std::memcpy(direct(memory.page(at >> page_shift)), bytes.data() + at,
                    std::min(page_bytes, bytes.size() - at));
    Mapping& mapping = *need(init.space().start(memory, 0, pages, rights, address));
    while (!need(init.space().build_some(mapping))) {}
    release(memory);  // the mapping keeps it
    return mapping.address;
}

void load(Process& init, const ArchiveView& archive, const abi::Image& image)
{
    for (u32 i = 0; i < image.segment_count; ++i) {
        const abi::Segment& segment = image.segments[i];
        const abi::Rights rights{static_cast<u16>(segment.rights)};
        map_bytes(init, archive.bytes(segment), segment.memory_bytes, rights, segment.address);
    }
}

abi::BootInfo grants(Process& init, PhysAddr archive, u64 archive_bytes)
{
    using namespace abi::right;
    abi::BootInfo info{};
    info.magic = abi::boot_info_magic;
    init.ref();
    info.self = give(init, init, duplicate | transfer | manage | read | system);
    const u64 pages = align_up(archive_bytes, page_bytes) >> page_shift;
    info.archive =
        give(init, *need(Memory::wrap(init, archive, pages)), duplicate | transfer | read);
    info.archive_bytes = archive_bytes;
    for (Device* const device : devices())
        if (device->what().serial)
            info.serial = give(init, *device, duplicate | manage | map);
        else
            info.devices[info.device_count++] = give(init, *device, duplicate | manage | map | dma);
    return info;
}

}  // namespace

void start_first_process(const MachineDescription& machine)
{
    const PhysAddr start = machine.initrd->base;
    const auto archive = ArchiveView::open({direct(start), machine.initrd->size.raw()});
    if (!archive || !aligned(start.raw(), page_bytes))
        no_init("the boot archive is damaged");
    const abi::Image* const image = archive->find("init");
    if (image == nullptr)
        no_init("the boot archive has no init");
    if ((archive->header().flags & abi::ArchiveFlags::counters) != 0)
        user_counters = 0xc;  // event and cycle counters
    sysreg::set_pmuserenr(user_counters);

    Process& init = make_process();
    load(init, *archive, *image);
    using namespace abi::right;
    const abi::BootInfo info = grants(init, start, archive->header().size);
    const u64 info_at = map_bytes(init, std::as_bytes(std::span{&info, 1}), page_bytes, read, 0);
    const u64 stack = map_bytes(init, {}, stack_bytes, read | write, 0);
    Thread& thread =
        *need(init.create_thread(image->entry, stack + stack_bytes, info_at, init_priority));
    release(thread);
    release(init);
}

}  // namespace kernel
