// fuzz/fuzzer.cpp - makes random calls with three threads: what one closes another may be about to
// use. It looks at all that comes back, in registers and in the message page, for anything of the
// kernel's.
#include "board.hpp"
#include "draw.hpp"

#include <check/refusal.hpp>
#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>

extern "C" void fuzz_short_life();

// A thread that a fuzzer made: it goes into the kernel once more, and ends.
asm(".section .text.fuzz_short_life, \"ax\"\n"
    "fuzz_short_life:\n"
    "    mov x8, #0\n"
    "    svc #0\n"
    "    mov x8, #29\n"
    "    svc #0\n"
    "    brk #1\n");
static_assert(static_cast<u64>(abi::Syscall::thread_exit) == 29);

namespace {

using abi::Syscall;
using check::RawRegisters;
using fuzz::Drawer;

fuzz::Board& board() { return *std::bit_cast<fuzz::Board*>(fuzz::board_address); }

u64 own_process = 0;

// The first slots of the table, in their first generation: there is no other way to a device.
constexpr u64 given_slots = 24;
bool given_by_the_judge(u64 handle)
{
    return abi::SlotIndex::get(handle) < given_slots && abi::SlotGeneration::get(handle) == 1;
}

// Calls that end this process, print a line, or cost a frame that comes back only at the end: once
// in a while.
bool too_often(Drawer& draw, Syscall call, u64 about)
{
    switch (call) {
    case Syscall::exit:
    case Syscall::thread_exit:
        return !draw.once_in(4'000);
    case Syscall::process_kill:
        return !draw.once_in(about == own_process ? 2'000 : 10);
    case Syscall::close:
        return given_by_the_judge(about) && !draw.once_in(200);
    case Syscall::log:
        return !draw.once_in(100);
    case Syscall::thread_create:
        return !draw.once_in(8);
    default:
        return false;
    }
}

void prepare_page(Drawer& draw, Syscall call)
{
    for (abi::Slot& slot : sys::message_page().handles)
        slot = abi::Slot{draw.handle(abi::Kind::none)};
    if (call != Syscall::process_create)
        return;
    const abi::ProcessQuota quota{
        static_cast<u32>(draw.below(40)), static_cast<u32>(draw.below(20)),
        static_cast<u32>(draw.below(3)),  static_cast<u32>(draw.below(31)),
        text::padded<16>("fuzzed"),       0,
        static_cast<u32>(draw.below(3))};
    std::memcpy(sys::message_page().payload.data(), &quota, sizeof(quota));
}

void look_at(u64 value, u64 x8)
{
    if (!fuzz::of_the_kernel(value))
        return;
    if (board().leaks.fetch_add(1, std::memory_order_relaxed) != 0)
        return;
    board().leaked.store(value, std::memory_order_relaxed);
    board().leaked_by.store(x8, std::memory_order_relaxed);
}

void look_for_the_kernel(const RawRegisters& out, u64 x8)
{
    for (const u64 x : out.x)
        look_at(x, x8);
    const abi::MessagePage& page = sys::message_page();
    std::array<u64, sizeof(page.payload) / sizeof(u64)> words;
    std::memcpy(words.data(), page.payload.data(), sizeof(words));
    for (const u64 word : words)
        look_at(word, x8);
    for (const abi::Slot slot : page.handles)
        look_at(slot.raw(), x8);
}

// What falls out of play is mostly closed, or the quota would be used up soon.
void keep(Drawer& draw, u64 slot)
{
    const auto info = sys::handle_info(abi::Slot{slot});
    if (!info)
        return;
    const u64 old = draw.keep(info->kind, slot);
    if (!given_by_the_judge(old) && !draw.once_in(3))
        sys::close(abi::Slot{old});
}

// Whatever looks like a handle among the results is kept.
void keep_results(Drawer& draw, const fuzz::Shape& shape, const RawRegisters& out)
{
    if (shape.x[0] == fuzz::Draw::header) {
        for (const abi::Slot slot : sys::message_page().handles)
            if (slot != abi::no_slot)
                keep(draw, slot.raw());
        return;
    }
    for (const usize x : {1U, 3U})  // x3: the pin of dma_alloc
        if (out.x[x] > abi::slot_limit && out.x[x] >> 45 == 0)
            keep(draw, out.x[x]);
}

// Handles and mappings are given back as often as they are made, and most requests answered.
u64 some_call(Drawer& draw, bool owes)
{
    if (owes && draw.once_in(2))
        return static_cast<u64>(draw.once_in(2) ? Syscall::reply : Syscall::reply_recv);
    switch (draw.below(16)) {
    case 0:
    case 1:
        return static_cast<u64>(Syscall::close);
    case 2:
        return static_cast<u64>(Syscall::memory_unmap);
    default:
        return draw.once_in(200) ? draw.below(256) : draw.below(abi::syscall_count);
    }
}

RawRegisters arguments(Drawer& draw, Syscall call, const fuzz::Shape& shape)
{
    RawRegisters in;
    for (usize i = 0; i < shape.x.size(); ++i)
        in.x[i] = draw.value(shape.x[i]);
    const u64 rest = draw.value(fuzz::Draw::any);
    for (usize i = shape.x.size(); i < in.x.size(); ++i)
        in.x[i] = rest;
    if (call == Syscall::memory_unmap && !draw.once_in(4)) {
        const auto [address, bytes] = draw.mapped();
        in.x[0] = address;
        in.x[1] = bytes;
    }
    in.x[9] = draw.deadline(call).raw();
    if (draw.once_in(8))
        in.x[10] = check::refuse(1 + draw.below(6));
    return in;
}

// Mappings that a call made, and ones of what a device can be told the address of.
void keep_mappings(Drawer& draw, Syscall call, u64 bytes, const RawRegisters& out)
{
    if (call == Syscall::memory_map)
        draw.keep({out.x[1], bytes});
    if (call != Syscall::dma_alloc)
        return;
    if (const auto at = sys::fetch(Syscall::memory_map, abi::Slot{out.x[1]}, 0, 0, page_bytes,
                                   sys::read_only.raw, 0))
        draw.keep({*at, page_bytes});
}

// `owes`: the thread received a request and has not answered it.
void one_call(Drawer& draw, bool& owes)
{
    const u64 number = some_call(draw, owes);
    const auto call = static_cast<Syscall>(number);
    const fuzz::Shape shape = number < abi::syscall_count ? fuzz::shapes[number] : fuzz::Shape{};
    const u64 about = draw.handle(shape.about);
    if (too_often(draw, call, about))
        return;
    prepare_page(draw, call);
    RawRegisters x = arguments(draw, call, shape);
    x.x[8] = sys::call_word(call, abi::Slot{about}) | (draw.once_in(500) ? u64{1} << 60 : 0);
    const RawRegisters in = x;
    check::check_raw_call(&x);
    board().calls.fetch_add(1, std::memory_order_relaxed);
    look_for_the_kernel(x, in.x[8]);
    if (check::raw_error(x) != Errc::ok)
        return;
    board().works[number].fetch_add(1, std::memory_order_relaxed);
    keep_results(draw, shape, x);
    keep_mappings(draw, call, in.x[2], x);
    if (call == Syscall::recv || call == Syscall::signal_recv || call == Syscall::reply_recv)
        owes = x.x[9] != 0;
    else if (call == Syscall::reply)
        owes = false;
}

constexpr usize thread_count = 3;
u64 calls_of_each = 0;
constinit std::array<std::array<std::byte, 16'384>, thread_count> stacks{};
alignas(16) constinit std::array<std::byte, 1'024> small_stack{};

Drawer make_drawer(u64 seed)
{
    Drawer draw{seed};
    draw.entry = std::bit_cast<u64>(&fuzz_short_life);
    draw.stack = std::bit_cast<u64>(small_stack.data()) + small_stack.size();
    for (u64 index = 1; index < given_slots; ++index)
        for (int often = 0; often < 3; ++often)
            keep(draw, abi::SlotIndex::make(index) | abi::SlotGeneration::make(1));
    return draw;
}

void run(void* argument)
{
    Drawer draw = make_drawer(*static_cast<u64*>(argument));
    bool owes = false;
    for (u64 i = 0; i < calls_of_each; ++i)
        one_call(draw, owes);
}

template <class T>
void leave_open(Result<sys::Handle<T>> made)
{
    if (made)
        (void)made->release();
}

// Objects of its own, besides those that it shares.
void make_objects()
{
    auto endpoint = sys::create_endpoint();
    if (endpoint)
        leave_open(sys::mint(endpoint->borrow(), 5));
    leave_open(std::move(endpoint));
    leave_open(sys::create_notification());
    leave_open(sys::create_memory(Bytes{4 * page_bytes}));
}

}  // namespace

int app_main(const sys::Startup& given)
{
    static constinit std::array<u64, thread_count> seeds{};
    const u64 seed = text::parse_number(given.argument(0)).value_or(1);
    calls_of_each = text::parse_number(given.argument(1)).value_or(100);
    make_objects();
    const auto self = given.grant<sys::Process>("self");
    if (!self)
        return 1;
    own_process = self->slot.raw();
    for (usize i = 0; i < thread_count; ++i)
        seeds[i] = (seed * thread_count + i + 1) * 0x9e37'79b9'7f4a'7c15;
    for (usize i = 1; i < thread_count; ++i)
        (void)sys::spawn(*self, stacks[i], run, &seeds[i], 8 + 2 * i);
    run(seeds.data());
    return 0;
}
