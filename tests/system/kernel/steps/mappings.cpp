// mappings.cpp - a mapping that is half made or half taken away: nobody else finds it, and who maps
// into a process that ends is told so.
#include "cases.hpp"

#include <check/counters.hpp>
#include <check/threads.hpp>
#include <sys/memory.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

constexpr u64 bytes = u64{64} << 20;  // hundreds of steps
constexpr u64 address = 0x20'0000'0000;

Result<> map(abi::Slot memory, abi::Slot into, u64 length)
{
    return sys::perform(abi::Syscall::memory_map, memory, into.raw(), 0, length,
                        abi::right::read.raw, address);
}
Result<> unmap(u64 length)
{
    return sys::perform(abi::Syscall::memory_unmap, abi::no_slot, address, length);
}

// Less important than who looks at it, on the same CPU.
struct Long {
    enum class What : u8 { map, unmap };

    What what;
    abi::Slot memory = abi::no_slot;
    abi::Slot into = abi::no_slot;
    Errc end = Errc::ok;
    bool done = false;

    bool is_done() const { return __atomic_load_n(&done, __ATOMIC_ACQUIRE); }
};

void work(Long& l)
{
    const auto result = l.what == Long::What::map ? map(l.memory, l.into, bytes) : unmap(bytes);
    l.end = result ? Errc::ok : result.error();
    __atomic_store_n(&l.done, true, __ATOMIC_RELEASE);
}

constexpr u64 less_important = 5;

// Calls in_the_middle(let_it_work) until it says that it was.
void amid_long_work(auto in_the_middle)
{
    const auto nobody = need(sys::create_notification());
    check::try_often([&](u64 i) {
        return in_the_middle([&] {
            (void)sys::wait(nobody.borrow(), sys::after(sys::microseconds(50 * (i % 20 + 1))));
        });
    });
}

void half_made_is_not_found()
{
    const auto memory = need(sys::create_memory(Bytes{bytes}));
    amid_long_work([&](auto let_it_work) {
        Long mapping{Long::What::map, memory.slot()};
        check::Threaded<Long> mapper{&work, mapping, less_important};
        let_it_work();
        const bool began = !map(memory.slot(), abi::no_slot, page_bytes);
        if (!began)
            works(unmap(page_bytes));
        const bool middle = began && !mapping.is_done();
        if (middle)
            fails(unmap(bytes), Errc::not_found);
        mapper.join();
        equals(mapping.end, Errc::ok);
        works(unmap(bytes));
        return middle;
    });
}

// One of them, whichever came first, undoes it.
void unmapped_once()
{
    const auto memory = need(sys::create_memory(Bytes{bytes}));
    amid_long_work([&](auto let_it_work) {
        need(map(memory.slot(), abi::no_slot, bytes));
        Long unmapping{Long::What::unmap};
        check::Threaded<Long> unmapper{&work, unmapping, less_important};
        let_it_work();
        const bool mine = unmap(bytes).has_value();
        const bool middle = !mine && !unmapping.is_done();
        unmapper.join();
        equals(unmapping.end, mine ? Errc::not_found : Errc::ok);
        fails(unmap(bytes), Errc::not_found);
        return middle;
    });
}

void the_target_dies()
{
    const auto before = check::settled();
    amid_long_work([&](auto let_it_work) {
        const auto memory = need(sys::create_memory(Bytes{bytes}));
        const auto target = need(
            sys::create_process(check::self(), {100, 4, 1, 0, text::padded<16>("target"), 0, 1}));
        const u32 empty = need(sys::info(target.borrow())).frames_used;
        Long mapping{Long::What::map, memory.slot(), target.slot()};
        check::Threaded<Long> mapper{&work, mapping, less_important};
        let_it_work();
        const bool middle =
            need(sys::info(target.borrow())).frames_used > empty && !mapping.is_done();
        need(sys::kill(target.borrow()));
        mapper.join();
        if (middle)
            equals(mapping.end, Errc::peer_gone);
        equals(need(sys::info(target.borrow())).frames_used, 0U);
        return middle;
    });
    check::nothing_left(before);
}

constexpr std::array cases{
    check::Case{"a mapping that is not all there yet is not unmapped", half_made_is_not_found},
    check::Case{"of two threads that unmap a range one is told that there is none", unmapped_once},
    check::Case{"who maps into a process that ends meanwhile is told so", the_target_dies},
};

}  // namespace

const check::Cases mapping_cases{cases};
