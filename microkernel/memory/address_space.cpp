// memory/address_space.cpp - where mappings go, and copies from user memory.

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
        if (mapping.address <= address && address < mapping.end())
            return &mapping;
    return nullptr;
}

// The first gap that holds the pages and a guard page before and behind them.
Result<u64> AddressSpace::choose(u64 pages)
{
    const u64 bytes = (pages + 2) << page_shift;
    u64 from = abi::mapping_base;
    for (Mapping& mapping : mappings_) {
        if (mapping.end() <= from)
            continue;
        if (mapping.address >= from && mapping.address - from >= bytes)
            break;
        from = mapping.end();
    }
    if (!fits(from, bytes, highest_address))
        return fail(Errc::no_memory);
    return from + page_bytes;
}

Result<Mapping*> AddressSpace::place(Object& object, u64 pages, u64 offset, u64 address)
{
    if (count_ == max_mappings)
        return fail(Errc::over_quota);
    const auto at = address == 0 ? choose(pages) : Result<u64>{address};
    if (!at)
        return fail(at.error());
    Mapping* behind = nullptr;
    for (Mapping& other : mappings_) {
        if (other.end() <= *at)
            continue;
        behind = &other;
        break;
    }
    if (behind != nullptr && behind->address < *at + (pages << page_shift))
        return fail(Errc::exists);
    const auto mapping = slabs::mappings.make(*at, pages, object, offset);
    if (!mapping)
        return mapping;
    if (behind != nullptr)
        mappings_.insert_before(*behind, **mapping);
    else
        mappings_.push_back(**mapping);
    ++count_;
    return mapping;
}

void AddressSpace::remove(Mapping& mapping)
{
    tables_.unmap(mapping.address, mapping.pages);
    List<Mapping>::remove(mapping);
    --count_;
    slabs::mappings.destroy(mapping);
}

Result<u64>
AddressSpace::map(Memory& memory, u64 first_page, u64 pages, abi::Rights rights, u64 address)
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
    const auto mapping = place(memory, pages, first_page, address);
    if (!mapping)
        return fail(mapping.error());
    for (u64 i = 0; i < pages; ++i) {
        const PhysAddr page = memory.page(first_page + i);
        if (rights.has(abi::right::execute))
            make_executable(page);
        const auto mapped =
            tables_.map((*mapping)->address + (i << page_shift), page, rights, PageType::normal);
        if (!mapped) {
            remove(**mapping);
            return fail(mapped.error());
        }
    }
    return (*mapping)->address;
}

Result<u64> AddressSpace::map_device(Object& device, PhysAddr first, u64 pages)
{
    const auto mapping = place(device, pages, 0, 0);
    if (!mapping)
        return fail(mapping.error());
    for (u64 i = 0; i < pages; ++i) {
        const u64 offset = i << page_shift;
        const auto mapped = tables_.map((*mapping)->address + offset, first + Bytes{offset},
                                        abi::right::read | abi::right::write, PageType::device);
        if (!mapped) {
            remove(**mapping);
            return fail(mapped.error());
        }
    }
    return (*mapping)->address;
}

Result<> AddressSpace::map_message_page(u32 thread, PhysAddr page)
{
    return tables_.map(message_address(thread), page, abi::right::read | abi::right::write,
                       PageType::normal);
}

void AddressSpace::unmap_message_page(u32 thread) { tables_.unmap(message_address(thread), 1); }

Result<> AddressSpace::unmap(u64 address, u64 bytes)
{
    Mapping* const mapping = find(address);
    if (mapping == nullptr || mapping->address != address || bytes != mapping->pages << page_shift)
        return fail(Errc::not_found);
    remove(*mapping);
    return {};
}

void AddressSpace::clear()
{
    while (Mapping* const mapping = mappings_.front())
        remove(*mapping);
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
