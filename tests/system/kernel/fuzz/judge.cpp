// fuzz/judge.cpp - what each fuzzer gets, and how long it may live.
#include "judge.hpp"

#include <check/first.hpp>
#include <check/threads.hpp>

namespace fuzz {

using check::need;

Batch::Batch(u64 seed, u64 each)
    : random_{seed * 0x9e37'79b9'7f4a'7c15 + 1},
      next_seed_{seed * 1'000},
      each_{each},
      shared_board_{need(sys::SharedMemory::create(Bytes{page_bytes}))},
      board_{need(shared_board_.mapping.at<Board>())},
      endpoint_{need(sys::create_endpoint())},
      client_{need(sys::mint(endpoint_.borrow(), 1))},
      bell_{need(sys::create_notification())},
      memory_{need(sys::create_memory(Bytes{8 * page_bytes}))}
{
}

// Handles to what all of them have, with rights by lot; sometimes to a sibling; devices of a page
// of its own.
void Batch::share(const sys::Launch& launch, usize place)
{
    const auto give = [&](abi::Slot slot) {
        const auto info = need(sys::handle_info(slot));
        const abi::Rights most =
            random_.below(3) == 0 ? info.rights
                                  : abi::Rights{static_cast<u16>(info.rights.raw & random_.next())};
        (void)sys::grant(launch.process(), slot, most);
    };
    for (const abi::Slot slot : {endpoint_.slot(), client_.slot(), bell_.slot(), memory_.slot()})
        give(slot);
    for (const auto& sibling : children_)
        if (sibling && random_.below(4) == 0)
            give(sibling->process().slot);
    const u32 first = static_cast<u32>(place) * 8;
    const u32 count = random_.below(2) == 0 ? 8 : static_cast<u32>(random_.below(3));
    for (u32 i = first; i < first + count && i < check::first::device_count(); ++i)
        (void)sys::lend(check::first::device(i), launch.process(),
                        abi::right::map | abi::right::dma);
}

void Batch::start(usize place)
{
    text::Buffer<20> seed;
    text::Buffer<20> each;
    check::Starter starter{seed.number(next_seed_++).view(),
                           {.arguments = {each.number(each_).view()},
                            .image = "test_fuzzer",
                            .name = "fuzzer",
                            .frames = 800,
                            .handles = 150,
                            .threads = 8,
                            .priority = 20,
                            .cpu = check::by_turns}};
    // All rights: it may hand itself around.
    need(starter.launch().grant("self", starter.launch().process().slot, abi::Kind::process,
                                need(sys::handle_info(starter.launch().process().slot)).rights));
    need(sys::map_into(starter.launch().process(), shared_board_.handle.borrow(), Bytes{page_bytes},
                       sys::read_write, VirtAddr{board_address}));
    share(starter.launch(), place);
    children_[place].emplace(starter.run());
    // It may end itself in any way there is, or it is killed: soon, or because it hangs.
    ends_[place] = sys::after_ms(random_.below(3) == 0 ? random_.below(12) : 10'000);
}

// What the kernel wrote down of its end.
void Batch::end(usize place)
{
    if (!children_[place])
        return;
    children_[place]->kill();
    const auto words = std::bit_cast<std::array<u64, sizeof(abi::ProcessInfo) / sizeof(u64)>>(
        children_[place]->info());
    for (const u64 word : words)
        if (of_the_kernel(word) && board_->leaks.fetch_add(1, std::memory_order_relaxed) == 0)
            board_->leaked.store(word, std::memory_order_relaxed);
    children_[place].reset();
}

void Batch::fill()
{
    for (usize place = 0; place < places; ++place) {
        if (children_[place] && !children_[place]->dead() && sys::now() < ends_[place])
            continue;
        end(place);
        start(place);
    }
}

void Batch::run()
{
    const u64 last = next_seed_ + fuzzers;
    while (next_seed_ < last) {
        fill();
        check::sleep_ms(1);
    }
    for (usize place = 0; place < places; ++place)
        while (!children_[place]->dead() && sys::now() < ends_[place])
            check::sleep_ms(1);
}

}  // namespace fuzz
