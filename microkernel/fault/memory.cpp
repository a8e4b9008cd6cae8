// fault/memory.cpp - which byte or instruction of the victim changes, and that it does.

#include "object/memory.hpp"

#include "arch/aarch64/cache.hpp"
#include "fault/inspector.hpp"
#include "fault/mutate.hpp"

#include <algorithm>

namespace kernel::fault {

namespace {

constexpr u64 near_reach = 64 * sizeof(u32);

struct Range {
    u64 first = 0;
    u64 end = 0;
};

const Memory* memory_of(const Mapping& mapping)
{
    const bool memory = mapping.whole && mapping.object->kind() == abi::Kind::memory;
    return memory ? static_cast<const Memory*>(mapping.object.get()) : nullptr;
}

bool pinned(const Memory& memory)
{
    for (Device* const device : devices())
        for (const Pin& pin : Inspector::pins(*device))
            if (&pin.memory() == &memory)
                return true;
    return false;
}

bool holds_stack(Process& process, const Mapping& mapping)
{
    for (const Thread& thread : Inspector::threads(process))
        if (mapping.address < thread.Frame::sp && thread.Frame::sp <= mapping.end)
            return true;
    return false;
}

// The memory that a kind is about.
bool suits(Process& process, const Mapping& mapping)
{
    const Memory* const memory = memory_of(mapping);
    if (memory == nullptr || !mapping.rights.has(abi::right::write))
        return false;
    if (order.kind == Kind::flip_shared)
        return shared(*memory, process);
    return !shared(*memory, process) && !pinned(*memory) && !holds_stack(process, mapping);
}

bool is_text(Process& process, const Mapping& mapping)
{
    const Memory* const memory = memory_of(mapping);
    return memory != nullptr && mapping.rights.has(abi::right::execute)
           && !shared(*memory, process);
}

// A page of all those mappings.
template <class Suits>
std::optional<u64> some_page(Process& process, Random& random, Suits fits)
{
    u64 pages = 0;
    for (const Mapping& mapping : Inspector::mappings(process))
        pages += fits(process, mapping) ? mapping.pages() : 0;
    if (pages == 0)
        return {};
    u64 chosen = random.below(pages);
    for (const Mapping& mapping : Inspector::mappings(process))
        if (fits(process, mapping)) {
            if (chosen < mapping.pages())
                return mapping.address + (chosen << page_shift);
            chosen -= mapping.pages();
        }
    return {};
}

std::optional<u64> some_address(Thread& thread, Random& random)
{
    if (order.detail != 0)
        return order.detail;
    Process& process = thread.process();
    if (order.kind == Kind::flip_stack) {
        const Mapping* const stack = process.space().find(thread.Frame::sp);
        if (stack == nullptr)
            return {};
        return thread.Frame::sp + random.below(stack->end - thread.Frame::sp);
    }
    const auto page = some_page(process, random, suits);
    return page ? std::optional{*page + random.below(page_bytes)} : page;
}

// The instructions that a kind chooses from.
std::optional<Range> text_range(Thread& thread, Random& random)
{
    const bool there = order.kind == Kind::trap || order.kind == Kind::loop;
    const u64 pc = order.detail != 0 ? order.detail : thread.pc;
    if (there || order.detail != 0)
        return Range{pc, pc + sizeof(u32)};
    Process& process = thread.process();
    const bool near = (order.flags & abi::FaultFlags::near) != 0;
    const auto at = near ? std::optional{pc} : some_page(process, random, is_text);
    const Mapping* const text = at ? process.space().find(*at) : nullptr;
    if (text == nullptr)
        return {};
    if (!near)
        return Range{text->address, text->end};
    return Range{std::max(text->address, pc - std::min(pc, near_reach)),
                 std::min(text->end, pc + near_reach)};
}

u32* instruction_at(Process& process, u64 address)
{
    const Mapping* const mapping = process.space().find(address);
    if (mapping == nullptr || !is_text(process, *mapping))
        return nullptr;
    return Inspector::at<u32>(process, address);
}

}  // namespace

bool shared(const Memory& memory, const Process& process)
{
    for (Process* const other : processes())
        for (const Mapping& mapping : Inspector::mappings(*other))
            if (other != &process && memory_of(mapping) == &memory)
                return true;
    return false;
}

// The first from a random one on that the kind applies to.
std::optional<Change> change_text(Thread& thread, Random& random)
{
    const auto range = text_range(thread, random);
    if (!range)
        return {};
    const u64 words = (range->end - range->first) / sizeof(u32);
    const u64 start = random.below(words);
    for (u64 i = 0; i < words; ++i) {
        const u64 address = range->first + (start + i) % words * sizeof(u32);
        u32* const at = instruction_at(thread.process(), address);
        const u32 before = at != nullptr ? *at : 0;
        const u32 after = at != nullptr ? mutated(order.kind, before, random) : 0;
        if (before == after)
            continue;
        *at = after;
        make_executable(PhysAddr{align_down(physical(at).raw(), page_bytes)});
        return Change{address, before, after};
    }
    return {};
}

std::optional<Change> change_memory(Thread& thread, Random& random)
{
    u64 address = 0;
    std::byte* at = nullptr;
    if (order.kind == Kind::flip_dma) {
        const auto where = queue_byte(thread.process(), random);
        address = where ? where->raw() : 0;
        at = where ? direct(*where) : nullptr;
    } else {
        address = some_address(thread, random).value_or(0);
        at = Inspector::at<std::byte>(thread.process(), address);
    }
    if (at == nullptr)
        return {};
    address = align_down(address, sizeof(u64));
    auto* const word = reinterpret_cast<u64*>(align_down(reinterpret_cast<u64>(at), sizeof(u64)));
    const u64 before = *word;
    const u64 shift = (reinterpret_cast<u64>(at) % sizeof(u64)) * 8;
    *word ^= u64{1} << (shift + random.below(8));
    return Change{address, before, *word};
}

}  // namespace kernel::fault
