// syscall/entry.cpp - from the vectors to the right function: system calls by number, interrupts,
// faults.

#include "syscall/entry.hpp"

#include "arch/aarch64/tags.hpp"
#include "checks/refusal.hpp"
#include "console.hpp"
#include "fault/hooks.hpp"
#include "machine.hpp"
#include "syscall/calls.hpp"
#include "trace/trace.hpp"

#include <abi/syscall.hpp>

namespace kernel {

namespace {

using Handler = Result<> (*)(Thread&);

// In the order of abi::Syscall. `null` never gets here from vectors.S unless it names a handle,
// which it ignores.
constexpr std::array<Handler, abi::syscall_count> handlers_by_number = {
    [](Thread& caller) -> Result<> { return caller.finish(), Result<>{}; },
    sys_call,
    sys_reply_recv,
    sys_recv,
    sys_signal_recv,
    sys_signal,
    sys_wait,
    sys_signal_wait,
    sys_reply,
    sys_close,
    sys_duplicate,
    sys_handle_info,
    sys_memory_create,
    sys_memory_map,
    sys_memory_unmap,
    sys_memory_info,
    sys_endpoint_create,
    sys_endpoint_mint,
    sys_endpoint_watch,
    sys_endpoint_give_up,
    sys_endpoint_info,
    sys_notification_create,
    sys_notification_bind,
    sys_process_create,
    sys_process_grant,
    sys_process_kill,
    sys_process_watch,
    sys_process_info,
    sys_thread_create,
    sys_thread_exit,
    sys_thread_move,
    sys_exit,
    sys_device_info,
    sys_device_lend,
    sys_device_interrupt,
    sys_map_device,
    sys_device_io,
    sys_irq_register,
    sys_irq_wait,
    sys_dma_alloc,
    sys_virt_to_phys,
    sys_dma_pin,
    sys_dma_runs,
    sys_device_quiesced,
    sys_log,
    sys_system_info,
    sys_system_off,
};

// The handle bits above the ones that x8 has room for must be zero: bits 53..63.
constexpr u64 x8_unused = ~(abi::CallNumber::mask | abi::CallSlot::mask);

u32 number_of(const Thread& caller) { return static_cast<u32>(abi::CallNumber::get(caller.x[8])); }

Result<> dispatch(Thread& caller)
{
    const u32 number = number_of(caller);
    if (number >= handlers_by_number.size() || (caller.x[8] & x8_unused) != 0)
        return fail(Errc::not_supported);
    const checks::Refusal armed{&caller, caller.x[10]};
    return handlers_by_number[number](caller);
}

constexpr u64 class_fp_access = 0x07;  // ESR_EL1.EC: FP or SIMD register while CPACR traps it

u64 exception_class(u64 esr) { return esr >> 26 & 0x3f; }

// Return addresses of user code by frame pointer, copied through the address space like any user
// memory.
void record_chain(const Thread& thread, abi::ExitRecord& record)
{
    u64 fp = thread.x[29];
    record.chain[0] = thread.x[30];
    for (u64 i = 1; i < record.chain.size(); ++i) {
        std::array<u64, 2> pair{};
        if (!aligned(fp, 8)
            || !thread.process().space().read(fp, std::as_writable_bytes(std::span{pair}))
            || pair[1] == 0)
            return;
        record.chain[i] = pair[1];
        if (pair[0] <= fp)
            return;  // frames go up: anything else is damage, or a loop
        fp = pair[0];
    }
}

void kill_for_fault(Thread& thread, abi::ExitCause cause)
{
    abi::ExitRecord record{};
    record.cause = cause;
    record.thread = thread.index();
    if (!fault_injecting || cause != abi::ExitCause::killed)
        record.esr = sysreg::esr(), record.far = sysreg::far();
    trace::note(trace::Kind::fault, record.esr, record.far);
    record.pc = thread.pc;
    record.spsr = thread.spsr;
    record.sp = thread.Frame::sp;
    record.x = thread.x;
    record_chain(thread, record);
    thread.process().kill(record, thread);
}

// Into the kernel, interrupts masked: the registers of the thread are saved.
void enter(Cpu& cpu, u32 doing)
{
    tags::watch();
    irqs_masked.begin();
    Stretch::note(doing);
    kernel_lock.acquire();
    cpu.count_exception();
}

// The thread was killed or moved by another CPU while this one waited for the lock.
bool gone(const Thread* thread, const Cpu& cpu) { return cpu.current() != thread; }

bool do_a_step(Thread& thread)
{
    const checks::Refusal armed{&thread};
    return thread.do_some_work();
}

// Whom to go on with at EL0. A thread that has work to do is chosen like any other, and does a step
// of it each time.
Thread* leave(Cpu& cpu)
{
    Thread* next = cpu.next();
    if (next->work.active) [[unlikely]] {
        cpu.breathe();  // what its call did already is not followed by a step at once
        next = cpu.next();
    }
    while (next->work.active) [[unlikely]] {
        Stretch::note(Stretch::step + number_of(*next));
        if (do_a_step(*next))
            cpu.breathe();  // else: whoever moved it now would have it repeat the call
        next = cpu.next();
    }
    if (fault::returns(*next, cpu.index()))
        return leave(cpu);
    kernel_lock.release();
    irqs_masked.end();
    return next;
}

// Apart from take_interrupt(), which so needs no registers saved.
[[gnu::noinline]] void handle(Cpu& cpu, u32 id)
{
    trace::note(trace::Kind::interrupt, id);
    if (id == Gic::ipi.raw()) {
        Gic::deactivate(Gic::ipi);  // somebody became ready: Cpu::next() looks
        return;
    }
    if (id == virtual_timer.raw()) {
        cpu.timer_interrupt();
        Gic::deactivate(virtual_timer);
        return;
    }
    cpu.count_irq();
    if (Interrupt* const interrupt = interrupt_of(id); interrupt != nullptr)
        interrupt->fire();
    else
        Gic::deactivate(IntId{id});
}

}  // namespace

void take_interrupt(Cpu& cpu)
{
    if (const u32 id = Gic::take(); id < Gic::spurious)
        handle(cpu, id);
}

void end_by_order(Thread& thread) { kill_for_fault(thread, abi::ExitCause::killed); }

}  // namespace kernel

using namespace kernel;  // NOLINT(google-build-using-namespace): the C names of the vectors

Thread* syscall_entry(Thread* thread, Cpu* cpu)
{
    enter(*cpu, number_of(*thread));
    if (gone(thread, *cpu)) [[unlikely]]
        return leave(*cpu);
    if (fault::call(*thread) || fault::ordered(*thread))
        return leave(*cpu);
    const u64 number = abi::CallNumber::get(thread->x[8]);
    trace::note(trace::Kind::enter, number, thread->x[0]);
    if (const auto done = dispatch(*thread); !done)
        thread->x[0] = static_cast<u64>(done.error());
    if (traced && !gone(thread, *cpu))
        trace::note(trace::Kind::leave, number, thread->x[0]);
    return leave(*cpu);
}

// The thread that entered sleeps already, and nobody was ready. The lock is taken.
Thread* idle_entry(Cpu* cpu)
{
    tags::watch();
    lock_held.begin();
    irqs_masked.begin();
    cpu->block();
    return leave(*cpu);
}

Thread* interrupt_entry(Thread*, Cpu* cpu, u32 taken)
{
    enter(*cpu, Stretch::interrupt);
    if (taken < Gic::spurious)
        handle(*cpu, taken);
    else if (taken == ~u32{0})
        take_interrupt(*cpu);
    return leave(*cpu);
}

Thread* fault_entry(Thread* thread, Cpu* cpu)
{
    enter(*cpu, Stretch::fault);
    if (gone(thread, *cpu) || fault::exception(*thread))
        return leave(*cpu);
    if (exception_class(sysreg::esr()) == class_fp_access)
        cpu->use_fp(*thread);
    else
        kill_for_fault(*thread, abi::ExitCause::fault);
    return leave(*cpu);
}

Thread* serror_entry(Thread* thread, Cpu* cpu)
{
    enter(*cpu, Stretch::fault);
    if (!gone(thread, *cpu))
        kill_for_fault(*thread, abi::ExitCause::bad_state);
    return leave(*cpu);
}

void kernel_fault(u64 vector, const Frame* frame)
{
    text::Buffer<100> fields;
    fields.field("vector", vector)
        .field("esr", text::Hex{sysreg::esr()})
        .field("far", text::Hex{sysreg::far()});
    log("panic", "exception in the kernel", fields.view());
    kernel_backtrace(tags::mismatch() ? "used an object that was freed, or another one"
                                      : "exception in the kernel",
                     *frame);
}
