// mappings.cpp - where memory can be mapped, with which rights, and how it goes again.
#include "cases.hpp"

#include <check/child.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

namespace right = abi::right;

constexpr u64 somewhere = 0x20'0000'0000;  // far from what the kernel chooses

struct Map {
    u64 offset = 0;
    u64 bytes = page_bytes;
    abi::Rights rights = right::read | right::write;
    u64 address = 0;
    abi::Slot into = abi::no_slot;
};

Result<u64> map(sys::Borrowed<sys::Memory> memory, const Map& m)
{
    return sys::fetch(abi::Syscall::memory_map, memory.slot, m.into.raw(), m.offset, m.bytes,
                      m.rights.raw, m.address);
}
Result<> unmap(u64 address, u64 bytes)
{
    return sys::perform(abi::Syscall::memory_unmap, abi::no_slot, address, bytes);
}

sys::Handle<sys::Memory> pages(u64 count)
{
    return need(sys::create_memory(Bytes{count * page_bytes}));
}

void crooked_arguments()
{
    const auto memory = pages(4);
    for (const u64 odd : {u64{1}, u64{8}, page_bytes - 1, page_bytes + 1}) {
        fails(map(memory.borrow(), {.offset = odd}), Errc::bad_argument);
        fails(map(memory.borrow(), {.bytes = odd}), Errc::bad_argument);
        fails(map(memory.borrow(), {.address = somewhere + odd}), Errc::bad_argument);
    }
    fails(map(memory.borrow(), {.bytes = 0}), Errc::bad_argument);
}

void beyond_the_object()
{
    const auto memory = pages(4);
    const u64 huge = ~u64{0} & ~(page_bytes - 1);
    struct Range {
        u64 offset;
        u64 bytes;
    };
    for (const Range r : {Range{0, 5 * page_bytes}, Range{4 * page_bytes, page_bytes},
                          Range{page_bytes, 4 * page_bytes}, Range{huge, page_bytes},
                          Range{huge, 2 * page_bytes}, Range{page_bytes, huge}, Range{huge, huge},
                          Range{0, huge}, Range{u64{1} << 63, u64{1} << 63}})
        fails(map(memory.borrow(), {.offset = r.offset, .bytes = r.bytes}), Errc::out_of_range);
}

void forbidden_addresses()
{
    const auto memory = pages(2);
    for (const u64 address :
         {page_bytes, u64{0xf000}, abi::message_base, abi::user_end, abi::user_end - page_bytes,
          u64{0xffff'ff80'0000'0000}, u64{0xffff'ff80'4008'0000}, ~u64{0} & ~(page_bytes - 1),
          u64{1} << 47, u64{1} << 63, abi::message_base - page_bytes})
        fails(map(memory.borrow(), {.bytes = 2 * page_bytes, .address = address}),
              Errc::out_of_range);
}

void write_and_execute()
{
    const auto memory = pages(1);
    for (const abi::Rights both : {right::read | right::write | right::execute})
        fails(map(memory.borrow(), {.rights = both}), Errc::denied);
    for (const abi::Rights strange :
         {right::none, right::write, right::execute, right::read | right::signal,
          right::read | right::manage, abi::Rights{0x2000}, abi::Rights{0xffff}})
        fails(map(memory.borrow(), {.rights = strange}), Errc::bad_argument);
    fails(sys::fetch(abi::Syscall::memory_map, memory.slot(), 0, 0, page_bytes,
                     u64{1} << 40 | right::read.raw, 0),
          Errc::bad_argument);
}

void rights_of_the_handle()
{
    const auto memory = pages(1);
    const auto reader = need(sys::duplicate(memory.borrow(), right::read));
    fails(map(reader.borrow(), {.rights = right::read | right::write}), Errc::denied);
    fails(map(reader.borrow(), {.rights = right::read | right::execute}), Errc::denied);
    const u64 at = need(map(reader.borrow(), {.rights = right::read}));
    works(unmap(at, page_bytes));
}

void taken_places()
{
    const auto memory = pages(4);
    const u64 at = need(map(memory.borrow(), {.bytes = 4 * page_bytes, .address = somewhere}));
    equals(at, somewhere);
    for (u64 i = 0; i < 4; ++i)
        fails(map(memory.borrow(), {.address = somewhere + i * page_bytes}), Errc::exists);
    fails(map(memory.borrow(), {.bytes = 2 * page_bytes, .address = somewhere - page_bytes}),
          Errc::exists);
    fails(map(memory.borrow(), {.bytes = 2 * page_bytes, .address = somewhere + 3 * page_bytes}),
          Errc::exists);
    fails(map(memory.borrow(), {.address = abi::image_base}), Errc::exists);
    const u64 behind = need(map(memory.borrow(), {.address = somewhere + 4 * page_bytes}));
    const u64 before = need(map(memory.borrow(), {.address = somewhere - page_bytes}));
    works(unmap(behind, page_bytes));
    works(unmap(before, page_bytes));
    works(unmap(at, 4 * page_bytes));
}

void only_whole_mappings_go()
{
    const auto memory = pages(4);
    const u64 at = need(map(memory.borrow(), {.bytes = 4 * page_bytes}));
    struct Range {
        u64 address;
        u64 bytes;
    };
    for (const Range r :
         {Range{at, page_bytes}, Range{at + page_bytes, page_bytes},
          Range{at + page_bytes, 3 * page_bytes}, Range{at, 5 * page_bytes}, Range{at, 0},
          Range{at + 1, 4 * page_bytes}, Range{0, 0}, Range{at, ~u64{0}}, Range{~u64{0}, 1},
          Range{u64{0xffff'ff80'4008'0000}, page_bytes}, Range{abi::message_base, page_bytes}})
        fails(unmap(r.address, r.bytes), Errc::not_found);
    works(unmap(at, 4 * page_bytes));
    fails(unmap(at, 4 * page_bytes), Errc::not_found);
}

// The kernel's choice leaves a page free between mappings.
void chosen_places_are_apart()
{
    const auto memory = pages(1);
    std::array<u64, 20> places{};
    for (u64& place : places)
        place = need(map(memory.borrow(), {}));
    for (usize i = 0; i < places.size(); ++i)
        for (usize j = 0; j < i; ++j) {
            const u64 distance =
                places[i] > places[j] ? places[i] - places[j] : places[j] - places[i];
            that(distance >= 2 * page_bytes, "two mappings touch");
        }
    for (const u64 place : places)
        works(unmap(place, page_bytes));
}

// The same page twice: what is written here is read there.
void two_views()
{
    const auto memory = pages(3);
    const auto all = need(sys::Mapping::create(memory.borrow(), sys::read_write));
    const auto last = need(sys::Mapping::create(memory.borrow(), sys::read_only,
                                                Bytes{2 * page_bytes}, Bytes{page_bytes}));
    const auto word = need(all.at<u64>(2 * page_bytes + 16));
    *word = 0x1234'5678;
    asm volatile("" ::: "memory");
    equals(*need(last.at<u64>(16)), 0x1234'5678);
}

// After an unmap the page is gone from the TLB too: a child that maps, unmaps and touches it
// faults.
void mappings_have_a_limit()
{
    const auto memory = pages(1);
    std::array<u64, 1100> places{};
    usize count = 0;
    for (; count < places.size(); ++count) {
        const auto at = map(memory.borrow(), {});
        if (!at) {
            fails(at, Errc::over_quota);
            break;
        }
        places[count] = *at;
    }
    that(count > 900 && count < 1024, "the limit of mappings is elsewhere");
    for (usize i = 0; i < count; ++i)
        works(unmap(places[i], page_bytes));
}

void code_runs_after_it_was_mapped_so()
{
    constexpr u32 bti_c = 0xd503245f;
    constexpr u32 mov_w0_77 = 0x52800000 | 77 << 5;
    constexpr u32 ret = 0xd65f03c0;
    const auto memory = pages(1);
    for (u32 i = 0; i < 3; ++i) {
        {
            const auto writable = need(sys::Mapping::create(memory.borrow(), sys::read_write));
            const auto code = need(writable.array<u32>(0, 3));
            code[0] = bti_c;
            code[1] = mov_w0_77 + (i << 5);
            code[2] = ret;
        }
        const auto runnable =
            need(sys::Mapping::create(memory.borrow(), right::read | right::execute));
        const auto function = std::bit_cast<u32 (*)()>(runnable.address().raw());
        equals(function(), 77 + i);
    }
}

constexpr std::array cases{
    check::Case{"offsets, sizes and addresses that are not whole pages are refused",
                crooked_arguments},
    check::Case{"a range beyond the object is refused, near 2^64 too", beyond_the_object},
    check::Case{"the lowest pages, the message pages and the kernel's half are nobody's to map",
                forbidden_addresses},
    check::Case{"nothing is writable and executable, and no other right can be mapped",
                write_and_execute},
    check::Case{"a mapping has no more rights than the handle", rights_of_the_handle},
    check::Case{"a mapping never covers another", taken_places},
    check::Case{"a mapping is undone as a whole, or not at all", only_whole_mappings_go},
    check::Case{"the kernel chooses places with a gap between them", chosen_places_are_apart},
    check::Case{"two mappings show the same memory", two_views},
    check::Case{"the number of mappings has a limit", mappings_have_a_limit},
    check::Case{"code that was written runs where it is mapped executable",
                code_runs_after_it_was_mapped_so},
};

}  // namespace

const check::Cases mapping_cases{cases};
