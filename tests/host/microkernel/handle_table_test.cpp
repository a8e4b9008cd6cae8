// tests/host/microkernel/handle_table_test.cpp - a handle value names one handle, for ever: slots
// that are used again, and slots that are not.
#include "machine.hpp"
#include "object/handle_table.hpp"

#include <cstdlib>
#include <cstring>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

namespace kernel {

constinit Counts counts;

// Frames of the host's memory.
Result<PhysAddr> take_frame(Quota& quota)
{
    if (const auto paid = quota.charge(1); !paid)
        return fail(paid.error());
    void* const page = std::aligned_alloc(page_bytes, page_bytes);
    std::memset(page, 0, page_bytes);
    return physical(page);
}

void give_frame(PhysAddr frame, Quota& quota)
{
    std::free(direct<void>(frame));
    quota.refund(1);
}

}  // namespace kernel

namespace {

using kernel::HandleTable;
using kernel::Object;
using kernel::Quota;

constexpr u32 per_frame = page_bytes / sizeof(kernel::HandleEntry);

// A table that may have one frame: all places but that of slot zero.
struct Rig {
    abi::Slot add()
    {
        REQUIRE(table.reserve(1).has_value());
        return table.add(object, abi::right::all);
    }
    void close(abi::Slot slot) { (void)table.take(**table.find(slot)); }
    Errc finds(abi::Slot slot) const
    {
        const auto entry = table.find(slot);
        return entry ? Errc::ok : entry.error();
    }
    static u64 index(abi::Slot slot) { return abi::SlotIndex::get(slot.raw()); }

    Quota handles{1000, 0};
    Quota frames{1, 0};
    Object object{abi::Kind::notification};
    HandleTable table{handles, frames};
};

}  // namespace

TEST_CASE("a closed handle's value never names what comes after it", "[kernel][handles]")
{
    Rig rig;
    std::set<u64> values;
    for (int i = 0; i < 1000; ++i) {
        const auto slot = rig.add();
        CHECK(values.insert(slot.raw()).second);
        CHECK(rig.finds(slot) == Errc::ok);
        rig.close(slot);
        CHECK(rig.finds(slot) == Errc::bad_handle);
    }
    for (const u64 value : values)
        REQUIRE(rig.finds(abi::Slot{value}) == Errc::bad_handle);
    CHECK(rig.table.used() == 0);
    CHECK(rig.handles.used == 0);
}

TEST_CASE("a slot whose generations are used up is never used again", "[kernel][handles]")
{
    Rig rig;
    const auto first = rig.add();
    const u64 index = Rig::index(first);
    (*rig.table.find(first))->generation = ~0U - 1;  // all but two were used
    const auto before_last =
        abi::Slot{abi::SlotIndex::make(index) | abi::SlotGeneration::make(~0U - 1)};
    rig.close(before_last);
    const auto last = rig.add();
    REQUIRE(Rig::index(last) == index);
    CHECK(abi::SlotGeneration::get(last.raw()) == ~0U);
    rig.close(last);

    // All places that are left; the frame has one more for slot zero, which is never used.
    std::vector<abi::Slot> slots;
    for (u32 i = 0; i < per_frame - 2; ++i) {
        slots.push_back(rig.add());
        REQUIRE(Rig::index(slots.back()) != index);
        REQUIRE(Rig::index(slots.back()) != 0);
    }
    CHECK(rig.table.reserve(1).error() == Errc::over_quota);
    for (const u64 generation : {u64{0}, u64{1}, u64{~0U} - 1, u64{~0U}})
        CHECK(rig.finds(
                  abi::Slot{abi::SlotIndex::make(index) | abi::SlotGeneration::make(generation)})
              == Errc::bad_handle);
    for (const auto slot : slots)
        rig.close(slot);
    CHECK(rig.handles.used == 0);
}

TEST_CASE("slots that were set aside are there when they are needed", "[kernel][handles]")
{
    Rig rig;
    REQUIRE(rig.table.reserve(per_frame - 1).has_value());
    CHECK(rig.table.reserve(1).error() == Errc::over_quota);
    CHECK(rig.handles.used == per_frame - 1);
    for (u32 i = 0; i < per_frame - 1; ++i)
        (void)rig.table.add(rig.object, abi::right::all);
    CHECK(rig.table.used() == per_frame - 1);
    CHECK(rig.table.reserve(1).error() == Errc::over_quota);
}

TEST_CASE("values that no table gave name nothing", "[kernel][handles][hostile]")
{
    Rig rig;
    for (const u64 value : {u64{0}, u64{1}, u64{1} << 13, (u64{1} << 13) - 1, ~u64{0}, u64{1} << 45,
                            u64{0xffff'ffff} << 13})
        CHECK(rig.finds(abi::Slot{value}) == Errc::bad_handle);
    const auto slot = rig.add();
    CHECK(rig.finds(slot) == Errc::ok);
    for (unsigned bit = 0; bit < 64; ++bit)
        CHECK(rig.finds(abi::Slot{slot.raw() ^ u64{1} << bit}) == Errc::bad_handle);
}
