// arch/aarch64/mmu.cpp - the kernel's translation tables. Arm ARM D8.3, 39-bit upper half, three
// levels.

#include "arch/aarch64/mmu.hpp"

#include "arch/aarch64/stacks.hpp"
#include "arch/aarch64/sysreg.hpp"
#include "arch/aarch64/tags.hpp"
#include "checks/flavour.hpp"
#include "machine.hpp"

#include <algorithm>
#include <array>

#include <base/bits.hpp>

extern "C" char image_start, rodata_start, data_start, image_end;  // layout.ld

namespace kernel {

namespace {

constexpr u64 block_bytes = u64{2} << 20;
constexpr u64 block_shift = 21;
constexpr u64 gigabyte_shift = 30;
constexpr u64 gigabytes = (ram_limit - ram_start) >> gigabyte_shift;

constexpr u64 table = 3;
constexpr u64 page = 3;
constexpr u64 block = 1;
constexpr u64 access_flag = bit<10>;
constexpr u64 inner_shareable = 3 << 8;
u64 normal()
{
    constexpr u64 mair_normal = 1 << 2;
    return (tags::present() ? tags::mair_normal_tagged : mair_normal) | inner_shareable
           | access_flag;
}
constexpr u64 device = access_flag;  // MAIR index 0
constexpr u64 read_only = bit<7>;
constexpr u64 execute_never = bit<53> | bit<54>;
constexpr u64 user_execute_never = bit<54>;
constexpr u64 guarded = bit<50>;  // indirect branches end at landing pads

constexpr u64 sctlr_wxn = bit<19>;
constexpr u64 sctlr_span = bit<23>;

using Table = std::array<u64, 512>;
alignas(page_bytes) constinit Table root{};
alignas(page_bytes) constinit std::array<Table, gigabytes> blocks{};
alignas(page_bytes) constinit Table kernel_pages{};

u64 address_of(const char& symbol) { return reinterpret_cast<u64>(&symbol); }

// The block that holds the kernel, page by page.
u64 kernel_page(u64 address)
{
    const u64 output = (address - kernel_base) | page | normal();
    if (stack_guard(address))
        return 0;
    if (address < address_of(image_start) || address >= address_of(data_start))
        return output | execute_never;
    if (address >= address_of(rodata_start))
        return output | execute_never | read_only;
    const bool pads = landing_pads && sysreg::has_landing_pads();
    return output | user_execute_never | read_only | (pads ? guarded : 0);
}

void map_range(const Range& ram)
{
    const u64 start = align_up(ram.base.raw(), block_bytes);
    const u64 end = std::min(align_down(ram.base.raw() + ram.size.raw(), block_bytes), ram_limit);
    for (u64 at = std::max(start, ram_start); at < end; at += block_bytes) {
        const u64 index = (at - ram_start) >> block_shift;
        blocks[index / 512][index % 512] = at | block | normal() | execute_never;
    }
}

u64 physical_of(const Table& of) { return physical(of.data()).raw(); }

}  // namespace

u64 image_begin() { return address_of(image_start); }
u64 image_limit() { return address_of(image_end); }

void map_kernel(std::span<const Range> ram)
{
    for (const Range& range : ram)
        map_range(range);
    const u64 kernel_block = align_down(image_begin(), block_bytes);
    for (u64 i = 0; i < kernel_pages.size(); ++i)
        kernel_pages[i] = kernel_page(kernel_block + (i << page_shift));
    const u64 index = (kernel_block - kernel_base - ram_start) >> block_shift;
    blocks[index / 512][index % 512] = physical_of(kernel_pages) | table;
    root[0] = block | device | execute_never;
    for (u64 i = 0; i < gigabytes; ++i)
        root[(ram_start >> gigabyte_shift) + i] = physical_of(blocks[i]) | table;
    sysreg::dsb_ishst();  // the tables before their use
    use_kernel_map();
}

void use_kernel_map()
{
    tags::start();
    sysreg::set_ttbr1(physical_of(root));
    sysreg::isb();
    sysreg::tlbi_all();
    sysreg::dsb_ish();  // boot translations are gone
    sysreg::isb();

    u64 control = sysreg::sctlr() | sctlr_wxn;
    const bool has_pan = (sysreg::id_aa64mmfr1() >> 20 & 0xf) != 0;
    if (has_pan)
        control &= ~sctlr_span;  // each exception to EL1 sets PSTATE.PAN
    sysreg::set_sctlr(control);
    sysreg::isb();
    if (has_pan)
        sysreg::set_pan();
    tags::watch();
}

}  // namespace kernel
