// sharing.cpp - memory of two processes: what a reader may do, and who keeps it alive.
#include "cases.hpp"

#include <check/child.hpp>

namespace {

using abi::ExitCause;
using check::Child;
using check::equals;
using check::fails;
using check::need;
using check::Starter;
using check::that;
using check::works;

namespace right = abi::right;

constexpr u64 there = 0x30'0000'0000;  // where a child finds the shared page

abi::ExitRecord
touch(std::string_view how, sys::Borrowed<sys::Memory> memory, abi::Rights rights, u64 offset = 0)
{
    text::Buffer<20> address;
    address.put("0x").hex(there + offset);
    Starter starter{how, {.arguments = {address.view()}}};
    need(sys::map_into(starter.launch().process(), memory, Bytes{page_bytes}, rights,
                       VirtAddr{there}));
    return starter.run().wait().exit;
}

void readers_do_not_write()
{
    const auto memory = need(sys::SharedMemory::create(Bytes{page_bytes}));
    const auto read = touch("read", memory.handle.borrow(), right::read);
    equals(read.cause, ExitCause::exited);  // it went on
    const auto written = touch("write", memory.handle.borrow(), right::read);
    equals(written.cause, ExitCause::fault);
    equals(written.far, there);
    const auto beyond = touch("read", memory.handle.borrow(), right::read, page_bytes);
    equals(beyond.cause, ExitCause::fault);
    equals(beyond.far, there + page_bytes);
}

void writers_are_seen()
{
    const auto memory = need(sys::SharedMemory::create(Bytes{page_bytes}));
    const auto word = need(memory.mapping.at<u64>());
    equals(touch("write", memory.handle.borrow(), sys::read_write).cause, ExitCause::exited);
    asm volatile("" ::: "memory");
    that(*word != 0, "what the child wrote is not here");
}

// Memory that a process paid for stays where somebody else maps it, after the process and all its
// handles are gone.
void memory_outlives_its_maker()
{
    const auto before = need(sys::info(check::self())).frames_used;
    {
        auto memory = need(sys::SharedMemory::create(Bytes{3 * page_bytes}));
        *need(memory.mapping.at<u64>(2 * page_bytes)) = 4711;
        Starter starter{"sleep"};
        need(sys::map_into(starter.launch().process(), memory.handle.borrow(), Bytes{page_bytes},
                           right::read, VirtAddr{there}));
        const Child child = starter.run();
        memory.mapping = {};
        memory.handle = {};
        that(need(sys::info(check::self())).frames_used > before,
             "nobody pays for memory that a child maps");
        child.kill();
    }
    equals(need(sys::info(check::self())).frames_used, before);
}

void nothing_of_the_handle_is_needed()
{
    auto memory = need(sys::SharedMemory::create(Bytes{page_bytes}));
    const auto word = need(memory.mapping.at<u64>());
    memory.handle = {};
    *word = 5;
    equals(*word, 5);
}

void into_others_with_the_right_only()
{
    Starter starter{"sleep"};
    const auto memory = need(sys::create_memory(Bytes{page_bytes}));
    const auto weak = need(sys::duplicate(starter.launch().process(), right::read));
    fails(sys::map_into(weak.borrow(), memory.borrow(), Bytes{page_bytes}, right::read,
                        VirtAddr{there}),
          Errc::denied);
    fails(sys::map_into({memory.slot()}, memory.borrow(), Bytes{page_bytes}, right::read,
                        VirtAddr{there}),
          Errc::wrong_kind);
    fails(sys::map_into({abi::Slot{999}}, memory.borrow(), Bytes{page_bytes}, right::read,
                        VirtAddr{there}),
          Errc::bad_handle);
}

constexpr std::array cases{
    check::Case{"a reader of shared memory reads, and faults where it writes or goes beyond",
                readers_do_not_write},
    check::Case{"what a writer of shared memory writes is seen by the others", writers_are_seen},
    check::Case{"memory stays as long as somebody maps it, and is paid for until then",
                memory_outlives_its_maker},
    check::Case{"a mapping needs no handle", nothing_of_the_handle_is_needed},
    check::Case{"mapping into a process needs the right to manage it",
                into_others_with_the_right_only},
};

}  // namespace

const check::Cases sharing_cases{cases};
