// objects.cpp - how memory is made: sizes, quota, contents.
#include "cases.hpp"

#include <algorithm>

#include <check/child.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

constexpr u64 limit = u64{1} << 30;  // of one object

abi::ProcessInfo own() { return need(sys::info(check::self())); }
u64 left() { return own().frames_limit - own().frames_used; }

bool all_zero(std::span<const std::byte> bytes)
{
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

void impossible_sizes()
{
    fails(sys::create_memory(Bytes{0}), Errc::bad_argument);
    for (const u64 bytes : {limit + 1, limit * 2, u64{1} << 63, ~u64{0}, ~u64{0} - page_bytes + 2})
        for (const u64 flags : {u64{0}, abi::MemoryFlags::contiguous})
            fails(sys::create_memory(Bytes{bytes}, flags), Errc::too_big);
    for (const u64 flags : {u64{2}, u64{3}, ~u64{0}})
        fails(sys::create_memory(Bytes{page_bytes}, flags), Errc::bad_argument);
}

void sizes_are_rounded_up()
{
    for (const u64 bytes : {u64{1}, page_bytes - 1, page_bytes, page_bytes + 1, 3 * page_bytes}) {
        const auto memory = need(sys::create_memory(Bytes{bytes}));
        equals(need(sys::info(memory.borrow())).size.raw(), align_up(bytes, page_bytes));
    }
}

void more_than_the_quota()
{
    const auto before = own();
    const u64 pages = left();
    for (const u64 flags : {u64{0}, abi::MemoryFlags::contiguous}) {
        fails(sys::create_memory(Bytes{(pages + 1) * page_bytes}, flags), Errc::over_quota);
        fails(sys::create_memory(Bytes{limit}, flags), Errc::over_quota);
    }
    fails(sys::create_memory(Bytes{pages * page_bytes}),
          Errc::over_quota);  // its table needs frames too
    equals(own().frames_used, before.frames_used);
}

void all_of_the_quota()
{
    const auto before = need(sys::system_info());
    const u64 pages = left() - 64;
    {
        const auto memory = need(sys::create_memory(Bytes{pages * page_bytes}));
        fails(sys::create_memory(Bytes{64 * page_bytes}), Errc::over_quota);
        equals(need(sys::info(memory.borrow())).size.raw(), pages * page_bytes);
    }
    equals(need(sys::system_info()).frames_free, before.frames_free);
    equals(left(), pages + 64);
}

void charged_page_by_page()
{
    for (const u64 pages : {u64{1}, u64{2}, u64{511}, u64{512}, u64{513}, u64{1025}}) {
        const u64 before = left();
        const auto memory = need(sys::create_memory(Bytes{pages * page_bytes}));
        const u64 taken = before - left();
        that(taken >= pages && taken <= pages + 5, "charged other than its pages and tables");
        const auto run =
            need(sys::create_memory(Bytes{pages * page_bytes}, abi::MemoryFlags::contiguous));
        equals(before - left(), taken + pages);
        that(need(sys::info(run.borrow())).contiguous, "not contiguous");
    }
}

// What one owner wrote the next one never sees.
void contents_are_zero()
{
    for (int round = 0; round < 3; ++round)
        for (const u64 pages : {u64{1}, u64{7}, u64{600}})
            for (const u64 flags : {u64{0}, abi::MemoryFlags::contiguous}) {
                const auto memory =
                    need(sys::SharedMemory::create(Bytes{pages * page_bytes}, flags));
                that(all_zero(memory.mapping.bytes()), "fresh memory is not zero");
                std::ranges::fill(memory.mapping.bytes(), std::byte{0xa5});
            }
}

// Each page is another one: no frame is in an object twice.
void pages_are_different()
{
    constexpr u64 pages = 1100;
    const auto memory = need(sys::SharedMemory::create(Bytes{pages * page_bytes}));
    const auto words = need(memory.mapping.array<u64>(0, pages * page_bytes / 8));
    for (u64 i = 0; i < pages; ++i)
        words[i * 512] = i;
    for (u64 i = 0; i < pages; ++i)
        equals(words[i * 512], i);
}

void no_room_for_the_handle()
{
    // The object is made before its handle: if that fails it must go again. (handles/table.cpp
    // fills the table.)
    const auto before = need(sys::system_info());
    for (int i = 0; i < 100; ++i)
        (void)need(sys::create_memory(Bytes{5 * page_bytes}));
    const auto after = need(sys::system_info());
    equals(after.frames_free, before.frames_free);
    equals(after.memories, before.memories);
}

constexpr std::array cases{
    check::Case{"memory of no size and of too much is refused", impossible_sizes},
    check::Case{"a size is rounded up to pages", sizes_are_rounded_up},
    check::Case{"memory beyond the quota is refused before anything is taken", more_than_the_quota},
    check::Case{"nearly all of the quota in one object, and all of it back", all_of_the_quota},
    check::Case{"memory is charged page by page with its tables", charged_page_by_page},
    check::Case{"fresh memory is zero, whoever had it before", contents_are_zero},
    check::Case{"the pages of an object are different frames", pages_are_different},
    check::Case{"a hundred objects leave nothing", no_room_for_the_handle},
};

}  // namespace

const check::Cases object_cases{cases};
