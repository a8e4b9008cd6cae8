// memory/page_table.cpp - descriptors of the VMSAv8-64 translation tables (Arm ARM D8.3), written
// and found.

#include "arch/aarch64/sysreg.hpp"
#include "checks/refusal.hpp"
#include "memory/address_space.hpp"

#include <bit>
#include <utility>

namespace kernel {

namespace {

using Output = Field<47, 12>;
constexpr u64 valid = bit<0>;
constexpr u64 table_or_page = bit<1>;
constexpr u64 memory_device = 0 << 2;  // MAIR index
constexpr u64 memory_normal = 1 << 2;
constexpr u64 user = bit<6>;
constexpr u64 read_only = bit<7>;
constexpr u64 inner_shareable = 3 << 8;
constexpr u64 access_flag = bit<10>;
constexpr u64 not_global = bit<11>;
constexpr u64 guarded = bit<50>;  // indirect branches end at landing pads
constexpr u64 privileged_execute_never = bit<53>;
constexpr u64 user_execute_never = bit<54>;

constexpr unsigned top_shift = 30;  // level 1: 1 GiB an entry
constexpr unsigned level_bits = 9;

u64 index_at(u64 address, unsigned shift) { return address >> shift & 511; }

u64 page_descriptor(PhysAddr page, abi::Rights rights, PageType type)
{
    u64 descriptor = page.raw() | valid | table_or_page | user | access_flag | not_global
                     | privileged_execute_never;
    if (!rights.has(abi::right::write))
        descriptor |= read_only;
    if (!rights.has(abi::right::execute))
        descriptor |= user_execute_never;
    else if (sysreg::has_landing_pads())
        descriptor |= guarded;
    if (fault_injecting && type == PageType::device)
        descriptor &= ~valid;  // each access comes to fault/device.cpp
    return descriptor
           | (type == PageType::device ? memory_device : memory_normal | inner_shareable);
}

// Identifiers of address spaces: 0 is the empty table's. One bit each.
constexpr u64 asid_count = 4096;
constinit std::array<u64, asid_count / 64> asids_used{1};

Result<u64> take_asid()
{
    if (checks::refused())
        return fail(Errc::no_memory);
    for (u64 i = 0; i < asids_used.size(); ++i)
        if (~asids_used[i] != 0) {
            const auto free = static_cast<u64>(std::countr_one(asids_used[i]));
            asids_used[i] |= u64{1} << free;
            return i * 64 + free;
        }
    return fail(Errc::no_memory);
}

void give_asid(u64 asid) { asids_used[asid / 64] &= ~(u64{1} << (asid % 64)); }

}  // namespace

Result<> PageTable::start()
{
    const auto asid = take_asid();
    if (!asid)
        return fail(asid.error());
    const auto root = take_frame(*quota_);
    if (!root) {
        give_asid(*asid);
        return fail(root.error());
    }
    root_ = *root;
    asid_ = *asid;
    return {};
}

bool PageTable::free_some()
{
    constexpr unsigned cost_limit = 128;  // a look costs 1
    constexpr unsigned free_cost = 16;
    if (root_ == PhysAddr{})
        return true;
    for (unsigned cost = 0; cost < cost_limit && freed_ < u64{512} * 512; ++cost) {
        u64& top = direct<u64>(root_)[freed_ / 512];
        if (top == 0) {
            freed_ += 512;
            continue;
        }
        const PhysAddr middle{Output::mask & top};
        if (const u64 leaf = direct<u64>(middle)[freed_ % 512]; leaf != 0) {
            give_frame(PhysAddr{Output::mask & leaf}, *quota_);
            cost += free_cost;
        }
        if (++freed_ % 512 == 0)
            give_frame(middle, *quota_);
    }
    if (freed_ < u64{512} * 512)
        return false;
    give_frame(std::exchange(root_, PhysAddr{}), *quota_);
    give_asid(asid_);
    return true;
}

void PageTable::flush() const
{
    sysreg::dsb_ishst();  // cleared descriptors are seen by the walkers
    sysreg::tlbi_asid(asid_);
    sysreg::dsb_ish();  // and nobody uses an old translation any more
}

u64* PageTable::find(u64 address) const
{
    auto* table = direct<u64>(root_);
    for (unsigned shift = top_shift; shift > page_shift; shift -= level_bits) {
        const u64 descriptor = table[index_at(address, shift)];
        if (descriptor == 0)
            return nullptr;
        table = direct<u64>(PhysAddr{Output::mask & descriptor});
    }
    return &table[index_at(address, page_shift)];
}

Result<u64*> PageTable::entry(u64 address)
{
    auto* table = direct<u64>(root_);
    for (unsigned shift = top_shift; shift > page_shift; shift -= level_bits) {
        u64& descriptor = table[index_at(address, shift)];
        if (descriptor == 0) {
            const auto frame = take_frame(*quota_);
            if (!frame)
                return fail(frame.error());
            sysreg::dsb_ishst();  // the zeroes of the new table before the descriptor that shows it
            descriptor = frame->raw() | valid | table_or_page;
        }
        table = direct<u64>(PhysAddr{Output::mask & descriptor});
    }
    return &table[index_at(address, page_shift)];
}

Result<> PageTable::map(u64 address, PhysAddr page, abi::Rights rights, PageType type)
{
    const auto place = entry(address);
    if (!place)
        return fail(place.error());
    **place = page_descriptor(page, rights, type);
    sysreg::dsb_ishst();  // before the thread that asked for it goes on
    return {};
}

void PageTable::clear(u64 address, u64 pages)
{
    for (u64 i = 0; i < pages; ++i)
        if (u64* const place = find(address + (i << page_shift)); place != nullptr)
            *place = 0;
}

void PageTable::forget(u64 address, u64 pages) const
{
    constexpr u64 by_page_limit = 8;
    if (pages > by_page_limit)
        return flush();
    sysreg::dsb_ishst();  // cleared descriptors are seen by the walkers
    for (u64 i = 0; i < pages; ++i)
        sysreg::tlbi_page(asid_, address + (i << page_shift));
    sysreg::dsb_ish();  // and nobody uses an old translation any more
}

Result<PhysAddr> PageTable::translate(u64 address, abi::Rights rights) const
{
    const u64* const place = address < abi::user_end ? find(address) : nullptr;
    if (place == nullptr || *place == 0)
        return fail(Errc::fault);
    if (rights.has(abi::right::write) && (*place & read_only) != 0)
        return fail(Errc::fault);
    if ((*place & memory_normal) == 0)
        return fail(Errc::fault);  // device registers are not memory to copy from
    return PhysAddr{(Output::mask & *place) | (address & (page_bytes - 1))};
}

}  // namespace kernel
