// floating_point/main.cpp - FP and SIMD registers: zero at the start, kept over preemption and
// calls, never somebody else's.
#include <algorithm>
#include <optional>

#include <check/child.hpp>
#include <check/threads.hpp>

namespace {

constexpr usize state_bytes = 528;  // q0..q31, FPSR, FPCR
using State = std::array<u8, state_bytes>;

}  // namespace

extern "C" void check_fp_load(const u8* registers);
extern "C" void check_fp_store(u8* registers);
extern "C" void check_fp_spin(u8* registers, const u32* stop);

namespace {

using check::equals;
using check::need;
using check::that;
using check::Threaded;

State pattern(u64 seed)
{
    State state{};
    for (usize i = 0; i < 512; ++i)
        state[i] = static_cast<u8>(seed * 37 + i);
    state[512] = static_cast<u8>(seed & 0x1f);          // FPSR: cumulative exceptions
    state[520 + 2] = static_cast<u8>((seed & 3) << 6);  // FPCR: rounding mode
    return state;
}

struct Spinner {
    State registers{};
    u32 stop = 0;
};

void preempted()
{
    std::array<Spinner, 6> spinners;
    std::array<std::optional<Threaded<Spinner>>, 6> threads;
    for (u64 i = 0; i < spinners.size(); ++i) {
        spinners[i].registers = pattern(i + 1);
        threads[i].emplace(
            +[](Spinner& s) { check_fp_spin(s.registers.data(), &s.stop); }, spinners[i], 20);
    }
    check::sleep_ms(80);
    for (Spinner& s : spinners)
        __atomic_store_n(&s.stop, u32{1}, __ATOMIC_RELAXED);
    for (auto& thread : threads)
        thread->join();
    for (u64 i = 0; i < spinners.size(); ++i)
        that(spinners[i].registers == pattern(i + 1), "a preempted thread has other FP registers");
}

// A thread that never touched them finds zeroes, whatever the one before it left.
void fresh_threads()
{
    const State mine = pattern(99);
    check_fp_load(mine.data());
    for (int i = 0; i < 3; ++i) {
        State seen = pattern(1);
        Threaded<State> thread{+[](State& s) {
                                   check_fp_store(s.data());
                                   const State junk = pattern(7);
                                   check_fp_load(junk.data());
                               },
                               seen};
        thread.join();
        that(seen == State{}, "a new thread sees FP registers of another");
    }
    State after{};
    check_fp_store(after.data());
    // The compiler may have used some of them in between: those that a call preserves are still
    // ours.
    for (usize q = 8; q < 16; ++q)
        that(std::equal(&after[q * 16], &after[q * 16 + 8], &mine[q * 16]), "d8 to d15 changed");
}

// The child, which is compiled without FP instructions, exits with 0 if all its registers were
// zero.
void fresh_processes()
{
    for (u64 i = 0; i < 3; ++i) {
        const State mine = pattern(50 + i);
        check_fp_load(mine.data());
        // It wrote registers that calls preserve: nothing of the compiler's may be in them.
        asm volatile("" ::: "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15");
        equals(check::run_actor("fp_registers").exit.code, 0);
    }
}

// Calls preserve all of them.
void calls()
{
    const auto bell = need(sys::create_notification());
    const State mine = pattern(3);
    State after{};
    check_fp_load(mine.data());
    register u64 x0 asm("x0") = 1;
    register u64 x8 asm("x8") = sys::call_word(abi::Syscall::signal, bell.slot());
    asm volatile("svc #0"
                 : "+r"(x0), "+r"(x8)
                 :
                 : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "memory");
    check_fp_store(after.data());
    that(after == mine, "a call changed FP registers");
}

// A wait in which another thread uses all of them.
void waits()
{
    Spinner other;
    other.registers = pattern(77);
    Threaded<Spinner> thread{+[](Spinner& s) { check_fp_spin(s.registers.data(), &s.stop); }, other,
                             20};
    const auto bell = need(sys::create_notification());
    const State mine = pattern(5);
    State after{};
    const u64 deadline = sys::after_ms(20).raw();
    check_fp_load(mine.data());
    register u64 x8 asm("x8") = sys::call_word(abi::Syscall::wait, bell.slot());
    register u64 x9 asm("x9") = deadline;
    asm volatile("svc #0"
                 : "+r"(x8), "+r"(x9)
                 :
                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x10", "x11", "x12", "x13",
                   "x14", "x15", "x16", "x17", "x18", "memory");
    check_fp_store(after.data());
    __atomic_store_n(&other.stop, u32{1}, __ATOMIC_RELAXED);
    that(after == mine, "a wait changed FP registers");
}

constexpr std::array cases{
    check::Case{"six preempted threads keep their FP registers", preempted},
    check::Case{"a new thread finds its FP registers zero", fresh_threads},
    check::Case{"a new process finds its FP registers zero", fresh_processes},
    check::Case{"a call preserves the FP registers", calls},
    check::Case{"a wait preserves the FP registers", waits},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
