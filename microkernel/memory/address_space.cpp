// memory/address_space.cpp - where mappings go, their pages some at a time, and copies from user
// memory.

#include "memory/address_space.hpp"

#include "arch/aarch64/cache.hpp"
#include "object/memory.hpp"
#include "object/slabs.hpp"

#include <algorithm>
#include <cstring>

namespace kernel {

namespace {

constexpr u64 lowest_address = 0x10000;  // a null pointer with an offset hits nothing
constexpr u64 highest_address = abi::message_base;

u64 message_address(u32 thread) { return abi::message_base + u64{thread} * 2 * page_bytes; }

}  // namespace

Mapping* AddressSpace::find(u64 address)
{
    for (Mapping& mapping : mappings_)
        if (address < mapping.end)
            return mapping.address <= address && mapping.whole ? &mapping : nullptr;
    return nullptr;
}

// Where pages go: at the address, or, if that is 0, in the first gap that holds them and a guard
// page before and behind them. The address becomes where, and what is given is the mapping behind.
// Seven instructions for each of the mappings in front.
Mapping* AddressSpace::look_for_place(u64& address, u64 pages)
{
    const bool anywhere = address == 0;
    const u64 bytes = (pages + 2) << page_shift;
    u64 from = anywhere ? abi::mapping_base : address;
    auto at = mappings_.begin();
    while (at != mappings_.end() && at->end <= from)
        ++at;
    for (; anywhere && at != mappings_.end() && at->address < from + bytes; ++at)
        from = at->end;
    if (anywhere)
        address = from + page_bytes;
    return at != mappings_.end() ? &*at : nullptr;
}

Result<Mapping*>
AddressSpace::place(Object& object, u64 pages, u64 offset, abi::Rights rights, u64 address)
{
    if (count_ == max_mappings)
        return fail(Errc::over_quota);
    const bool anywhere = address == 0;
    Mapping* const behind = look_for_place(address, pages);
    const u64 end = address + (pages << page_shift);
    if (anywhere && !fits(address, (pages + 1) << page_shift, highest_address))
        return fail(Errc::no_memory);
    if (behind != nullptr && behind->address < end)
        return fail(Errc::exists);
    const auto mapping = slabs::mappings.make(address, end, object, offset, rights);
    if (!mapping)
        return mapping;
    if (behind != nullptr)
        mappings_.insert_before(*behind, **mapping);
    else
        mappings_.push_back(**mapping);
    ++count_;
    return mapping;
}

Result<Mapping*>
AddressSpace::start(Memory& memory, u64 first_page, u64 pages, abi::Rights rights, u64 address)
{
    const u64 bytes = pages << page_shift;
    if (pages == 0 || !aligned(address, page_bytes))
        return fail(Errc::bad_argument);
    if (!fits(first_page, pages, memory.pages()))
        return fail(Errc::out_of_range);
    if (address != 0 && (address < lowest_address || !fits(address, bytes, highest_address)))
        return fail(Errc::out_of_range);
    if (rights.has(abi::right::write | abi::right::execute))
        return fail(Errc::denied);
    return place(memory, pages, first_page, rights, address);
}

Result<bool> AddressSpace::build_some(Mapping& mapping)
{
    const auto& memory = static_cast<Memory&>(*mapping.object);
    const bool code = mapping.rights.has(abi::right::execute);
    const u64 pages = mapping.pages();
    const u64 end = std::min(pages, mapping.built + (code ? 8 : 32));
    for (u64& i = mapping.built; i < end; ++i) {
        const PhysAddr page = memory.page(mapping.offset + i);
        if (code)
            make_executable(page);
        if (const auto mapped = tables_.map(mapping.address + (i << page_shift), page,
                                            mapping.rights, PageType::normal);
            !mapped)
            return fail(mapped.error());
    }
    return mapping.whole = end == pages;
}

bool AddressSpace::remove_some(Mapping& mapping)
{
    constexpr u64 at_once = 64;
    const u64 pages = std::min(mapping.built, at_once);
    mapping.built -= pages;
    tables_.clear(mapping.address + (mapping.built << page_shift), pages);
    if (mapping.built > 0)
        return false;
    tables_.forget(mapping.address, mapping.pages());
    drop(mapping);
    return true;
}

void AddressSpace::drop(Mapping& mapping)
{
    List<Mapping>::remove(mapping);
    --count_;
    slabs::mappings.destroy(mapping);
}

Result<u64> AddressSpace::map_device(Object& device, PhysAddr first, u64 pages)
{
    const auto rights = abi::right::read | abi::right::write;
    const auto mapping = place(device, pages, 0, rights, 0);
    if (!mapping)
        return fail(mapping.error());
    for (u64& i = (*mapping)->built; i < pages; ++i) {
        const u64 offset = i << page_shift;
        const auto mapped = tables_.map((*mapping)->address + offset, first + Bytes{offset}, rights,
                                        PageType::device);
        if (!mapped) {
            remove_some(**mapping);
            return fail(mapped.error());
        }
    }
    (*mapping)->whole = true;
    return (*mapping)->address;
}

Result<> AddressSpace::map_message_page(u32 thread, PhysAddr page)
{
    return tables_.map(message_address(thread), page, abi::right::read | abi::right::write,
                       PageType::normal);
}

void AddressSpace::unmap_message_page(u32 thread)
{
    tables_.clear(message_address(thread), 1);
    tables_.forget(message_address(thread), 1);
}

bool AddressSpace::clear_some()
{
    if (Mapping* const mapping = mappings_.front())
        return drop(*mapping), false;  // its tables go as a whole
    return tables_.free_some();
}

Result<> AddressSpace::read(u64 address, std::span<std::byte> to) const
{
    while (!to.empty()) {
        const auto from = tables_.translate(address, abi::right::read);
        if (!from)
            return fail(from.error());
        const u64 here = std::min<u64>(to.size(), page_bytes - (address & (page_bytes - 1)));
        std::memcpy(to.data(), direct(*from), here);
        address += here;
        to = to.subspan(here);
    }
    return {};
}

}  // namespace kernel
