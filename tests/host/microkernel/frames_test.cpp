// tests/host/microkernel/frames_test.cpp - the frame allocator against a map of what it handed out.
#include "memory/frames.hpp"

#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using kernel::FrameAllocator;
using kernel::FrameRecord;

namespace {

// What the kernel's panic is to these tests.
struct Corruption {
    PhysAddr where;
};

constexpr u64 frame_bytes = page_bytes;
constexpr PhysAddr ram{0x4000'0000};

// An allocator of its own memory records, filled with junk first: init may rely on nothing.
struct Machine {
    std::vector<FrameRecord> records;
    FrameAllocator frames;
    PhysAddr base;

    explicit Machine(u64 count, PhysAddr first = ram)
        : records(count, FrameRecord{7, 7, 7, kernel::FrameState::free, 7}), base{first}
    {
        frames.init(first, count, records.data());
    }

    PhysAddr frame(u64 index) const { return base + Bytes{index * frame_bytes}; }
    void release_all() { frames.release_range(base, records.size()); }
};

// The lengths of free blocks by order: two allocators with equal ones are equally fragmented.
std::map<unsigned, u64> free_blocks(const Machine& machine)
{
    std::map<unsigned, u64> blocks;
    for (const auto& record : machine.records)
        if (record.state == kernel::FrameState::free)
            ++blocks[record.order];
    return blocks;
}

// Runs handed out, by first address; refuses any overlap.
class Model {
public:
    void insert(PhysAddr first, u64 frames)
    {
        const u64 end = first.raw() + frames * frame_bytes;
        const auto after = runs_.lower_bound(first.raw());
        REQUIRE((after == runs_.end() || after->first >= end));
        if (after != runs_.begin())
            REQUIRE(std::prev(after)->second <= first.raw());
        runs_[first.raw()] = end;
        used_ += frames;
    }

    std::pair<PhysAddr, u64> take(usize n)
    {
        const auto chosen = std::next(runs_.begin(), static_cast<std::ptrdiff_t>(n % runs_.size()));
        const u64 frames = (chosen->second - chosen->first) / frame_bytes;
        const PhysAddr first{chosen->first};
        runs_.erase(chosen);
        used_ -= frames;
        return {first, frames};
    }

    bool empty() const { return runs_.empty(); }
    u64 used() const { return used_; }

private:
    std::map<u64, u64> runs_;
    u64 used_ = 0;
};

void random_walk(Machine& machine, Model& model, std::mt19937_64& random, int steps)
{
    const u64 total = machine.frames.total_frames();
    for (int step = 0; step < steps; ++step) {
        const u64 dice = random() % 8;
        if (dice < 4 && !model.empty()) {
            const auto [first, frames] = model.take(random());
            dice < 2 ? machine.frames.free(first) : machine.frames.free_run(first, frames);
        } else {
            const auto order = static_cast<unsigned>(random() % 5);
            const u64 frames = dice < 6 ? u64{1} << order : 1 + random() % 40;
            const auto run =
                dice < 6 ? machine.frames.allocate(order) : machine.frames.allocate_run(frames);
            if (run) {
                model.insert(*run, frames);
                REQUIRE(aligned(run->raw(), std::bit_ceil(frames) * frame_bytes));
                REQUIRE(run->raw() >= machine.base.raw());
                REQUIRE(run->raw() + frames * frame_bytes
                        <= machine.frame(machine.records.size()).raw());
            } else {
                REQUIRE(run.error() == Errc::no_memory);
            }
        }
        REQUIRE(machine.frames.free_frames() + model.used() == total);
    }
}

}  // namespace

void kernel::frame_corruption(PhysAddr where) { throw Corruption{where}; }

TEST_CASE("reserved frames are never handed out", "[microkernel][frames]")
{
    Machine machine{64};
    CHECK(machine.frames.total_frames() == 0);
    CHECK(machine.frames.allocate(0).error() == Errc::no_memory);

    machine.frames.release_range(machine.frame(10), 3);
    CHECK(machine.frames.total_frames() == 3);
    CHECK(machine.frames.free_frames() == 3);
    std::vector<u64> got;
    for (auto frame = machine.frames.allocate(0); frame; frame = machine.frames.allocate(0))
        got.push_back((frame->raw() - ram.raw()) / frame_bytes);
    std::ranges::sort(got);
    CHECK(got == std::vector<u64>{10, 11, 12});
    CHECK(machine.frames.free_frames() == 0);
}

TEST_CASE("random allocations never overlap, are aligned, and coalesce back",
          "[microkernel][frames]")
{
    const auto [count, first] = GENERATE(table<u64, u64>({
        {1024, 0x4000'0000},
        {1000, 0x4000'0000},  // no power of two
        {777, 0x4000'5000},   // not even aligned
        {2047, 0x7fff'f000},
    }));
    Machine machine{count, PhysAddr{first}};
    machine.frames.release_range(machine.frame(3), count - 20);
    const auto before = free_blocks(machine);

    std::mt19937_64 random{count};
    Model model;
    random_walk(machine, model, random, 20'000);
    while (!model.empty())
        machine.frames.free(model.take(random()).first);

    CHECK(machine.frames.free_frames() == count - 20);
    CHECK(free_blocks(machine) == before);
}

TEST_CASE("a run of any length is contiguous and its tail stays usable", "[microkernel][frames]")
{
    Machine machine{64};
    machine.release_all();
    const u64 length = GENERATE(range(u64{1}, u64{65}));

    const auto run = machine.frames.allocate_run(length);
    REQUIRE(run.has_value());
    CHECK(machine.frames.free_frames() == 64 - length);
    Model model;
    model.insert(*run, length);
    for (auto frame = machine.frames.allocate(0); frame; frame = machine.frames.allocate(0))
        model.insert(*frame, 1);
    CHECK(model.used() == 64);

    while (!model.empty())
        machine.frames.free(model.take(0).first);
    CHECK(free_blocks(machine) == std::map<unsigned, u64>{{6, 1}});
}

TEST_CASE("memory given back by a run serves the longest run again", "[microkernel][frames]")
{
    constexpr u64 gigabyte = u64{1} << FrameAllocator::max_order;
    Machine machine{2 * gigabyte};
    machine.release_all();
    CHECK(machine.frames.allocate_run(gigabyte + 1).error() == Errc::no_memory);

    const auto big = machine.frames.allocate_run(gigabyte - 1).value();
    const auto second = machine.frames.allocate(FrameAllocator::max_order).value();
    CHECK(machine.frames.free_frames() == 1);
    CHECK(machine.frames.allocate(1).error() == Errc::no_memory);
    machine.frames.free_run(big, gigabyte - 1);
    CHECK(machine.frames.allocate(FrameAllocator::max_order).value() == big);
    machine.frames.free(second);
    CHECK(machine.frames.free_frames() == gigabyte);
}

TEST_CASE("exhaustion is an error value and ends with the first free", "[microkernel][frames]")
{
    Machine machine{100};
    machine.release_all();
    std::vector<PhysAddr> got;
    for (auto frame = machine.frames.allocate(0); frame; frame = machine.frames.allocate(0))
        got.push_back(*frame);
    CHECK(got.size() == 100);
    CHECK(machine.frames.allocate_run(1).error() == Errc::no_memory);

    machine.frames.free(got[41]);
    CHECK(machine.frames.allocate(0).value() == got[41]);
}

TEST_CASE("lengths and orders that nobody can have are refused", "[microkernel][frames]")
{
    Machine machine{64};
    machine.release_all();
    CHECK(machine.frames.allocate_run(0).error() == Errc::bad_argument);
    CHECK(machine.frames.allocate_run(65).error() == Errc::no_memory);
    CHECK(machine.frames.allocate_run(~u64{0}).error() == Errc::no_memory);
    CHECK(machine.frames.allocate_run(u64{1} << 32).error() == Errc::no_memory);
    CHECK(machine.frames.allocate(FrameAllocator::max_order + 1).error() == Errc::no_memory);
    CHECK(machine.frames.allocate(~0U).error() == Errc::no_memory);
    CHECK(machine.frames.free_frames() == 64);
}

TEST_CASE("what is not the caller's to free is noticed", "[microkernel][frames][hostile]")
{
    Machine machine{64};
    machine.frames.release_range(machine.frame(0), 48);  // 48..63 stay reserved
    const auto run = machine.frames.allocate_run(5).value();
    const auto single = machine.frames.allocate(0).value();

    SECTION("twice the same frame")
    {
        machine.frames.free(single);
        CHECK_THROWS_AS(machine.frames.free(single), Corruption);
    }
    SECTION("twice the same frame after it merged away")
    {
        machine.frames.free(single);
        machine.frames.free(run);
        CHECK_THROWS_AS(machine.frames.free(single), Corruption);
        CHECK_THROWS_AS(machine.frames.free(run), Corruption);
    }
    SECTION("the middle of a run")
    {
        CHECK_THROWS_AS(machine.frames.free(run + Bytes{4096}), Corruption);
    }
    SECTION("a part of a run") { CHECK_THROWS_AS(machine.frames.free_run(run, 4), Corruption); }
    SECTION("more than the run") { CHECK_THROWS_AS(machine.frames.free_run(run, 6), Corruption); }
    SECTION("a frame that was never allocated")
    {
        CHECK_THROWS_AS(machine.frames.free(machine.frame(47)), Corruption);
    }
    SECTION("a reserved frame")
    {
        CHECK_THROWS_AS(machine.frames.free(machine.frame(48)), Corruption);
    }
    SECTION("the frame after the last")
    {
        CHECK_THROWS_AS(machine.frames.free(machine.frame(64)), Corruption);
    }
    SECTION("the frame before the first")
    {
        CHECK_THROWS_AS(machine.frames.free(PhysAddr{ram.raw() - frame_bytes}), Corruption);
    }
    SECTION("an address inside a frame")
    {
        CHECK_THROWS_AS(machine.frames.free(single + Bytes{8}), Corruption);
    }
    SECTION("released twice")
    {
        CHECK_THROWS_AS(machine.frames.release_range(machine.frame(47), 2), Corruption);
    }
    SECTION("released beyond the end")
    {
        CHECK_THROWS_AS(machine.frames.release_range(machine.frame(60), 5), Corruption);
        CHECK_THROWS_AS(machine.frames.release_range(machine.frame(60), ~u64{0}), Corruption);
    }
    SECTION("a base that is no frame")
    {
        CHECK_THROWS_AS(machine.frames.init(PhysAddr{0x4000'0001}, 1, machine.records.data()),
                        Corruption);
    }
}
