// many.cpp - what there can be much of: badges, mappings, pages that lie apart. Nothing of it
// delays somebody more important.
#include "cases.hpp"

#include <algorithm>
#include <new>
#include <optional>

#include <check/threads.hpp>
#include <sys/device.hpp>
#include <sys/endpoint.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using check::works;

namespace right = abi::right;

// Works until the important one has measured.
template <class T>
void beside(T& work)
{
    check::Threaded<T> worker{[](T& w) {
                                  do
                                      w.once();
                                  while (!__atomic_load_n(&w.stop, __ATOMIC_RELAXED));
                              },
                              work, 5};
    on_time();
    __atomic_store_n(&work.stop, true, __ATOMIC_RELAXED);
    worker.join();
}

// Too large for a stack.
template <class T, class F>
void on_large(F f)
{
    alignas(T) static constinit std::array<std::byte, sizeof(T)> room{};
    auto* const object = new (room.data()) T;
    f(*object);
    object->~T();
}

constexpr u32 badge_count = 700;

// Clients that watch, of whom half are gone each time that their server ends.
struct Clients {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    std::array<sys::Handle<sys::Endpoint>, badge_count> badges;
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    bool stop = false;

    Clients()
    {
        for (u32 i = 0; i < badge_count; ++i)
            renew(i);
    }
    void renew(u32 i)
    {
        badges[i] = need(sys::mint(endpoint.borrow(), i + 1));
        works(sys::watch(badges[i].borrow(), bell.borrow(), abi::Bits::at(i % 60)));
    }
    // All who watch are told.
    void rang() const { equals(need(sys::wait(bell.borrow(), abi::now)).raw, (u64{1} << 60) - 1); }
    void once()
    {
        {
            const auto server = need(sys::duplicate(endpoint.borrow(), right::receive));
            rang();
            for (u32 i = 0; i < badge_count; i += 2)
                badges[i] = {};
        }
        for (u32 i = 0; i < badge_count; i += 2)
            renew(i);
        (void)sys::wait(bell.borrow(), abi::now);
        works(sys::give_up(endpoint.borrow()));
        rang();
        works(sys::undo_give_up(endpoint.borrow()));
        rang();
    }
};

void many_badges()
{
    if (!exact())
        return;
    Clients clients;
    beside(clients);
}

struct Maps {
    sys::Handle<sys::Memory> page = need(sys::create_memory(Bytes{page_bytes}));
    std::array<sys::Mapping, 1'000> mappings;
    bool stop = false;

    Maps()
    {
        for (auto& mapping : mappings)
            mapping = need(sys::Mapping::create(page.borrow(), sys::read_write));
    }
    void once()
    {
        mappings.back() = {};
        mappings.back() = need(sys::Mapping::create(page.borrow(), sys::read_write));
    }
};

void many_mappings()
{
    if (!exact())
        return;
    Maps maps;
    beside(maps);
}

// Memory whose first pages lie apart, behind many mappings and pins.
struct Scattered : Maps {
    static constexpr u64 pages = 20'000;
    static constexpr u64 apart = 900;
    sys::Borrowed<sys::Device> device = need(check::given().grant<sys::Device>("device"));
    sys::Handle<sys::Memory> memory;
    std::array<sys::PinnedMemory, 120> pins;
    std::array<abi::DmaRun, 2 * apart> place;

    Scattered()
    {
        mappings.back() = {};
        std::array<sys::Handle<sys::Memory>, 2 * apart> singles;
        for (auto& single : singles)
            single = need(sys::create_memory(Bytes{page_bytes}));
        for (u64 i = 0; i < singles.size(); i += 2)
            singles[i] = {};
        memory = need(sys::create_memory(Bytes{pages * page_bytes}));
        for (u64 i = 0; i < pins.size(); ++i)
            pins[i] = pin(i, 1);
    }
    sys::PinnedMemory pin(u64 first, u64 count) const
    {
        return need(sys::PinnedMemory::create(device, memory.borrow(), Bytes{first * page_bytes},
                                              Bytes{count * page_bytes}, right::read));
    }
    void once()
    {
        const auto all = pin(0, pages);
        const auto runs = need(all.runs(place));
        that(runs.size() >= apart, "the memory is not scattered: this case shows nothing");
        mappings.back() = need(sys::Mapping::create(memory.borrow(), sys::read_only));
        const auto* const last = mappings.back().bytes().data() + (pages - 1) * page_bytes;
        equals(need(sys::virt_to_phys(device, last)).contiguous.raw(), page_bytes);
        mappings.back() = {};
    }
};

void scattered_pages()
{
    if (!exact())
        return;
    on_large<Scattered>([](Scattered& scattered) { beside(scattered); });
}

}  // namespace

bool exact()
{
    const bool given = !check::given().argument(0).empty();
    if (!given)
        check::skip("needs a machine without a host: -icount");
    return given;
}

void on_time()
{
    const auto nobody = need(sys::create_notification());
    u64 latest = 0;
    for (u32 i = 0; i < 2'000; ++i) {
        const abi::Ticks deadline = sys::after(sys::microseconds(50 + i % 37));
        (void)sys::wait(nobody.borrow(), deadline);
        latest = std::max(latest, sys::now().raw() - deadline.raw());
    }
    const u64 limit = sys::microseconds(20).raw();
    if (latest >= limit)
        equals(latest, limit);
}

namespace {

struct Sleepers {
    struct Common {
        abi::Ticks until = sys::after(sys::microseconds(1'000'000));
        u32 early = 0;
    } common;
    std::array<std::optional<check::Threaded<Common>>, 58> threads;

    Sleepers()
    {
        for (auto& thread : threads)
            thread.emplace(&sleep, common, 10);
    }
    ~Sleepers()
    {
        for (auto& thread : threads)
            thread.reset();
        equals(common.early, 0U);
    }
    static void sleep(Common& c)
    {
        const auto nobody = need(sys::create_notification());
        (void)sys::wait(nobody.borrow(), c.until);
        if (sys::now() < c.until)
            __atomic_fetch_add(&c.early, 1, __ATOMIC_RELAXED);
    }
};

// What the lock is held for is a figure of `bench`.
void many_deadlines()
{
    if (exact())
        on_large<Sleepers>([](Sleepers&) {});
}

constexpr std::array cases{
    check::Case{"many deadlines at one time delay no more important thread", many_deadlines},
    check::Case{"an endpoint with many badges delays no more important thread", many_badges},
    check::Case{"memory whose pages lie apart delays no more important thread", scattered_pages},
    check::Case{"many mappings delay no more important thread", many_mappings},
};

}  // namespace

const check::Cases many_cases{cases};
