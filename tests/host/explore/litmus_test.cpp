// litmus_test.cpp - what the memory model allows, and what not, by the programs that textbooks have
// for it.
#include "explorer.hpp"

#include <atomic>
#include <memory>

#include <catch2/catch.hpp>

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

struct Words {
    std::atomic_ref<u32> x{*reinterpret_cast<u32*>(explore::place(4))};
    std::atomic_ref<u32> y{*reinterpret_cast<u32*>(explore::place(4))};
    std::array<u32, 4> seen{};
    u32 ended = 0;
};

using Side = std::function<void(Words&)>;

// True: the forbidden outcome was seen, or a race.
bool reaches(const Side& first, const Side& second, bool (*forbidden)(const Words&))
{
    const auto make = [&] {
        auto words = std::make_shared<Words>();
        const auto ending = [=](const Side& side) {
            return [=] {
                side(*words);
                explore::demand(++words->ended < 2 || !forbidden(*words), "forbidden");
            };
        };
        return explore::Scenario{{"first", "second"}, {ending(first), ending(second)}};
    };
    return explore::explore(make, {}).finding != "";
}

void fence_if(bool wanted)
{
    if (wanted)
        std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace

TEST_CASE("a store waits in a buffer until a fence", "[explore]")
{
    const bool first = GENERATE(false, true);
    const bool second = GENERATE(false, true);
    const auto side = [](auto mine, auto other, usize at, bool fence) {
        return [=](Words& words) {
            (words.*mine).store(1, relaxed);
            fence_if(fence);
            words.seen[at] = (words.*other).load(relaxed);
        };
    };
    const bool both_old =
        reaches(side(&Words::x, &Words::y, 0, first), side(&Words::y, &Words::x, 1, second),
                [](const Words& words) { return words.seen[0] == 0 && words.seen[1] == 0; });
    CHECK(both_old == !(first && second));
}

TEST_CASE("a message is whole by release and acquire, and by nothing less", "[explore]")
{
    const auto store = GENERATE(relaxed, release);
    const auto load = GENERATE(relaxed, acquire);
    const bool torn = reaches(
        [=](Words& words) {
            words.x.store(1, relaxed);
            words.y.store(1, store);
        },
        [=](Words& words) {
            words.seen[0] = words.y.load(load);
            words.seen[1] = words.x.load(relaxed);
        },
        [](const Words& words) { return words.seen[0] == 1 && words.seen[1] == 0; });
    CHECK(torn == !(store == release && load == acquire));
}

TEST_CASE("of one word nobody reads what is older than what he read before", "[explore]")
{
    CHECK(!reaches(
        [](Words& words) {
            words.x.store(1, relaxed);
            words.x.store(2, relaxed);
        },
        [](Words& words) {
            words.seen[0] = words.x.load(relaxed);
            words.seen[1] = words.x.load(relaxed);
        },
        [](const Words& words) { return words.seen[1] < words.seen[0]; }));
}

TEST_CASE("memory that is taken over is a race, unless its last reader said that he is done",
          "[explore]")
{
    const auto store = GENERATE(relaxed, release);
    const bool raced = reaches(
        [=](Words& words) {
            words.seen[0] = *reinterpret_cast<u32*>(explore::MemoryModel::arena.data() + 4096);
            words.x.store(1, store);
        },
        [](Words& words) {
            if (words.x.load(acquire) == 1)
                *reinterpret_cast<u32*>(explore::MemoryModel::arena.data() + 4096) = 1;
        },
        [](const Words&) { return false; });
    CHECK(raced == (store == relaxed));
}

TEST_CASE("whoever sleeps without a bell is found", "[explore]")
{
    const auto make = [](bool rings) {
        return [=] {
            auto bell = std::make_shared<explore::Bell>();
            return explore::Scenario{{"first", "second"},
                                     {[=] { bell->wait(); },
                                      [=] {
                                          if (rings)
                                              bell->ring();
                                      }}};
        };
    };
    CHECK(explore::explore(make(true), {}).finding == "");
    CHECK(explore::explore(make(false), {}).finding == "first sleeps for ever");
}
