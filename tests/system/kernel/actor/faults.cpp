// actor/faults.cpp - instructions that end a process. Each leaves its own address in x20 and the
// address that it touches, if it does, in x21: the exit record must say the same.
#include "behaviour.hpp"

#include <abi/boot.hpp>
#include <sys/loader.hpp>
#include <sys/memory.hpp>

namespace actor {

namespace {

// An access to `address` by the instruction `access` of x21.
u64 read_at(u64 address)
{
    asm volatile("mov x21, %0\n adr x20, 1f\n 1: ldr x0, [x21]" ::"r"(address)
                 : "x0", "x20", "x21", "memory");
    return went_on;
}
u64 write_at(u64 address)
{
    asm volatile("mov x21, %0\n adr x20, 1f\n 1: str x0, [x21]" ::"r"(address)
                 : "x20", "x21", "memory");
    return went_on;
}
// The program counter of the fault is the target itself.
u64 jump_to(u64 address)
{
    asm volatile("mov x21, %0\n mov x20, %0\n blr x21" ::"r"(address)
                 : "x20", "x21", "x30", "memory");
    return went_on;
}

constinit u64 some_data = 0xd65f03c0;  // ret, if it could run
const u64 some_constant = 1;

u64 read_null(const sys::Startup&) { return read_at(0); }
u64 read_low(const sys::Startup&) { return read_at(0xfff8); }
u64 read_kernel(const sys::Startup&) { return read_at(0xffff'ff80'4008'0000); }
u64 read_between(const sys::Startup&) { return read_at(0x0100'0000'0000'0000); }
u64 read_past_end(const sys::Startup&) { return read_at(abi::user_end); }
u64 read_guard(const sys::Startup&) { return read_at(sys::first_stack_top.raw() + 8); }
u64 read_argument(const sys::Startup& given) { return read_at(number(given, 1)); }
u64 write_argument(const sys::Startup& given) { return write_at(number(given, 1)); }
u64 write_text(const sys::Startup&) { return write_at(std::bit_cast<u64>(&read_null)); }
u64 write_constant(const sys::Startup&) { return write_at(std::bit_cast<u64>(&some_constant)); }
u64 write_startup(const sys::Startup&) { return write_at(sys::startup_address.raw()); }
u64 run_data(const sys::Startup&) { return jump_to(std::bit_cast<u64>(&some_data)); }
u64 run_stack(const sys::Startup&)
{
    const u64 code = some_data;
    return jump_to(std::bit_cast<u64>(&code));
}
u64 run_kernel(const sys::Startup&) { return jump_to(0xffff'ff80'4008'0000); }
u64 run_null(const sys::Startup&) { return jump_to(0); }
// No bit_cast: clang-tidy 19 crashes on one of a function's address that is added to.
u64 run_odd(const sys::Startup&) { return jump_to(reinterpret_cast<u64>(&read_null) + 2); }

u64 undefined(const sys::Startup&)
{
    asm volatile("adr x20, 1f\n 1: udf #7" ::: "x20");
    return went_on;
}
u64 breakpoint(const sys::Startup&)
{
    asm volatile("adr x20, 1f\n 1: brk #7" ::: "x20");
    return went_on;
}
u64 crooked_stack(const sys::Startup&)
{
    asm volatile("mov x23, sp\n sub x22, x23, #24\n mov sp, x22\n adr x20, 1f\n"
                 "1: ldr x0, [sp]\n mov sp, x23" ::
                     : "x0", "x20", "x22", "x23");
    return 0;
}
u64 crooked_exclusive(const sys::Startup&)
{
    alignas(16) std::array<u64, 2> place{};
    asm volatile("add x21, %0, #1\n adr x20, 1f\n 1: ldxr x0, [x21]" ::"r"(place.data())
                 : "x0", "x20", "x21", "memory");
    return went_on;
}

[[gnu::noinline]] u64 deeper(u64 level)
{
    std::array<volatile u64, 64> room;  // eats the stack
    room[0] = level;
    return level == 0 ? 0 : deeper(level - 1) + room[0];
}
u64 overflow(const sys::Startup&) { return deeper(1'000); }

// Five frames, to be seen in the backtrace.
[[gnu::noinline]] u64 nested(u64 depth)
{
    if (depth == 0)
        return read_at(0x18);
    const u64 result = nested(depth - 1);
    asm volatile("" ::: "memory");  // no tail call
    return result + 1;
}
u64 nested_fault(const sys::Startup& given) { return nested(number(given, 1)); }

// A frame pointer that leads in a circle, or nowhere.
u64 circular_frames(const sys::Startup&)
{
    alignas(16) std::array<u64, 2> record{0, 0x1234};
    record[0] = std::bit_cast<u64>(record.data());
    asm volatile("mov x29, %0\n adr x20, 1f\n 1: udf #1" ::"r"(record.data()) : "x20", "memory");
    return went_on;
}
u64 wild_frames(const sys::Startup&)
{
    asm volatile("mov x29, #-16\n adr x20, 1f\n 1: udf #1" ::: "x20", "memory");
    return went_on;
}

// To an instruction that no indirect branch may go to, where the CPU has landing pads.
u64 run_without_pad(const sys::Startup&)
{
    asm volatile("adr x20, 1f\n blr x20\n b 2f\n 1: ret\n 2:" ::: "x20", "x30", "memory");
    return went_on;
}

// Runs one instruction that argument 1 encodes, from memory made for it; 0 if it did not fault.
u64 run_word(const sys::Startup& given)
{
    constexpr u64 bti_c = 0xd503245f;
    constexpr u64 ret = 0xd65f03c0;
    auto code = sys::SharedMemory::create(Bytes{page_bytes});
    if (!code)
        return call_failed;
    auto* const words = reinterpret_cast<u64*>(code->mapping.bytes().data());
    words[0] = number(given, 1) << 32 | bti_c;
    words[1] = ret;
    const auto mapping =
        sys::Mapping::create(code->handle.borrow(), abi::right::read | abi::right::execute);
    if (!mapping)
        return call_failed;
    asm volatile("mov x21, %0\n add x20, x21, #4\n blr x21" ::"r"(mapping->address().raw())
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                   "x13", "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x30", "cc", "memory");
    return 0;
}

constexpr std::array list{
    Behaviour{"run_word", run_word},
    Behaviour{"read_null", read_null},
    Behaviour{"read_low", read_low},
    Behaviour{"read_kernel", read_kernel},
    Behaviour{"read_between", read_between},
    Behaviour{"read_past_end", read_past_end},
    Behaviour{"read_guard", read_guard},
    Behaviour{"read", read_argument},
    Behaviour{"write", write_argument},
    Behaviour{"write_text", write_text},
    Behaviour{"write_constant", write_constant},
    Behaviour{"write_startup", write_startup},
    Behaviour{"run_data", run_data},
    Behaviour{"run_stack", run_stack},
    Behaviour{"run_kernel", run_kernel},
    Behaviour{"run_null", run_null},
    Behaviour{"run_odd", run_odd},
    Behaviour{"run_without_pad", run_without_pad},
    Behaviour{"undefined", undefined},
    Behaviour{"breakpoint", breakpoint},
    Behaviour{"crooked_stack", crooked_stack},
    Behaviour{"crooked_exclusive", crooked_exclusive},
    Behaviour{"overflow", overflow},
    Behaviour{"nested_fault", nested_fault},
    Behaviour{"circular_frames", circular_frames},
    Behaviour{"wild_frames", wild_frames},
};

}  // namespace

const std::span<const Behaviour> faults{list};

}  // namespace actor
