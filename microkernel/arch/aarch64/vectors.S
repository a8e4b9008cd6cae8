// arch/aarch64/vectors.S - the sixteen exception entries; how registers are saved and restored.
//
// While a thread runs at EL0, SP_EL1 points at its register frame (struct Frame, the start of its Thread), so
// an entry saves without looking anything up. C++ runs on the stack of the CPU (TPIDR_EL1 -> struct Cpu) with
// interrupts masked, and returns the thread to continue.
//
// A system call saves what its contract preserves and reads: x0..x10, x19..x30. Everything else that enters from
// EL0 saves all registers and marks the frame full. The common cases of some calls are in fast.S.

#include "registers.inc"

// x9, x10 are values; nothing of the kernel or of another process is left in what else a call destroys.
.macro RETURN_FROM_CALL
    ldp     x9, x10, [sp, #FRAME_X(9)]
    mov     x8, xzr
    CLEAR_X11_TO_X18
    eret
.endm

// C++ on the stack of this CPU; x0 = the thread that entered, and x1 = this CPU.
.macro ENTER_KERNEL function
    mov     x0, sp
    mrs     x1, tpidr_el1
    ldr     x2, [x1, #CPU_STACK_TOP]
    mov     sp, x2
    mov     x29, xzr
    bl      \function
.endm

.section .text.vectors, "ax"
.balign 2048
.global vectors
vectors:
.macro UNEXPECTED kind
    .balign 128
    sub     sp, sp, #288            // a frame on the kernel's own stack
    stp     x0, x1, [sp, #FRAME_X(0)]
    mov     x0, #\kind
    b       kernel_exception
.endm
    // EL1 with SP_EL0: never used
    UNEXPECTED 0
    UNEXPECTED 1
    UNEXPECTED 2
    UNEXPECTED 3
    // EL1: the kernel runs with interrupts masked and touches no user address, so each of these is a defect
    UNEXPECTED 4
    UNEXPECTED 5
    UNEXPECTED 6
    UNEXPECTED 7
    // EL0, AArch64
    .balign 128
    stp     x9, x10, [sp, #FRAME_X(9)]
    mrs     x10, esr_el1
    lsr     x10, x10, #26
    cmp     x10, #0x15              // SVC
    b.ne    user_fault
    cbz     x8, null_call
    TRY_LOCK lock_busy
    ldr     x12, [sp, #THREAD_HOT]  // the handle of its last short call
    ldp     x13, x14, [x12, #ENTRY_DATA]
    cmp     x14, x8
    b.ne    fast_lookup
.global fast_dispatch
fast_dispatch:
    tbz     w8, #1, fast_call_or_signal
    tbz     w8, #2, fast_reply_recv
    b       fast_wait
    .balign 128
    b       user_interrupt
    .balign 128
    b       user_interrupt          // FIQ: not routed to us; the GIC has nothing to say
    .balign 128
    b       user_serror
    // EL0, AArch32: no such process exists
    .rept 4
    .balign 128
    b       user_fault_from_aarch32
    .endr

// The ways of a table, each of 1 << FAST_SHIFT bytes.
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define FAST_SHIFT 4
.macro LANDING
    bti     j
    nop
.endm
#else
#define FAST_SHIFT 3
.macro LANDING
.endm
#endif
.macro FAST function
    LANDING
    bl      \function
    b       4f
.endm

.macro RELEASE_LOCK
    adr     x9, kernel_lock
    stlr    wzr, [x9]
.endm

.macro STORE_CALL
    stp     x0, x1, [sp, #FRAME_X(0)]
    STORE_ARGUMENTS sp
    str     x8, [sp, #FRAME_X(8)]
    stp     x29, x30, [sp, #FRAME_X(29)]
.endm

// No short way in fast.S, but perhaps one in C++. The lock is taken. C++ preserves x19..x28: they are saved only if
// another thread goes on.
.global refuse
refuse:
    STORE_CALL
    mov     x0, sp
    mrs     x1, tpidr_el1
    ldr     x10, [x1, #CPU_STACK_TOP]
    mov     sp, x10
    and     w9, w8, #0xff
    sub     w9, w9, #3
    cmp     w9, #4
    b.hi    release_and_call
    str     x0, [sp, #-16]!
    adr     x10, 3f
    add     x10, x10, x9, lsl #FAST_SHIFT
    br      x10
3:  FAST    fast_recv_entry
    FAST    fast_signal_recv_entry
    FAST    fast_signal_entry
    FAST    fast_wait_entry
    LANDING
    bl      fast_signal_wait_entry
4:  ldr     x8, [sp], #16
    cbz     x0, 5f
    cmp     x0, x8
    b.eq    return_from_call
    SAVE_PRESERVED x8
    cmp     x0, #FAST_IDLE
    b.eq    idle
    RELEASE_LOCK
    b       resume

idle:
    mov     x29, xzr
    mrs     x0, tpidr_el1
    bl      idle_entry
    b       resume

return_from_call:
    RELEASE_LOCK
    mov     sp, x8
    ldp     x29, x30, [sp, #FRAME_X(29)]
    ldp     x2, x3, [sp, #FRAME_X(2)]
    ldp     x4, x5, [sp, #FRAME_X(4)]
    ldp     x6, x7, [sp, #FRAME_X(6)]
    ldp     x0, x1, [sp, #FRAME_X(0)]
    RETURN_FROM_CALL

lock_busy:
    STORE_CALL
    mov     x0, sp
    b       general_call
5:  mov     x0, x8
release_and_call:
    RELEASE_LOCK
general_call:
    SAVE_PRESERVED x0
    mrs     x1, tpidr_el1
    ldr     x9, [x1, #CPU_STACK_TOP]
    mov     sp, x9
    mov     x29, xzr
    bl      syscall_entry
    b       resume

null_call:
    mrs     x9, tpidr_el1
    ldr     x10, [x9, #CPU_EXCEPTIONS]
    add     x10, x10, #1
    str     x10, [x9, #CPU_EXCEPTIONS]
    mov     x9, xzr
    mov     x10, xzr
    mov     x0, xzr
    eret

user_fault:
    SAVE_ALL_BUT_X9_X10
    ENTER_KERNEL fault_entry
    b       resume

user_serror:
user_fault_from_aarch32:
    stp     x9, x10, [sp, #FRAME_X(9)]
    SAVE_ALL_BUT_X9_X10
    ENTER_KERNEL serror_entry

// x0 = the thread to continue; its address space and FP state are in place already.
.global resume
resume:
    mov     sp, x0
    ldr     x9, [sp, #FRAME_FULL]
    RESTORE_PRESERVED
    ldp     x0, x1, [sp, #FRAME_X(0)]
    ldp     x2, x3, [sp, #FRAME_X(2)]
    ldp     x4, x5, [sp, #FRAME_X(4)]
    ldp     x6, x7, [sp, #FRAME_X(6)]
    cbnz    x9, resume_full
    RETURN_FROM_CALL
resume_full:
    str     xzr, [sp, #FRAME_FULL]
    ldp     x9, x10, [sp, #FRAME_X(9)]
    ldp     x11, x12, [sp, #FRAME_X(11)]
    ldp     x13, x14, [sp, #FRAME_X(13)]
    ldp     x15, x16, [sp, #FRAME_X(15)]
    ldp     x17, x18, [sp, #FRAME_X(17)]
    ldr     x8, [sp, #FRAME_X(8)]
    eret

// An exception taken in the kernel: x0 = which vector; x0, x1 are in a frame at sp.
kernel_exception:
    stp     x2, x3, [sp, #FRAME_X(2)]
    stp     x4, x5, [sp, #FRAME_X(4)]
    stp     x6, x7, [sp, #FRAME_X(6)]
    stp     x8, x9, [sp, #FRAME_X(8)]
    stp     x10, x11, [sp, #FRAME_X(10)]
    stp     x12, x13, [sp, #FRAME_X(12)]
    stp     x14, x15, [sp, #FRAME_X(14)]
    stp     x16, x17, [sp, #FRAME_X(16)]
    str     x18, [sp, #FRAME_X(18)]
    stp     x19, x20, [sp, #FRAME_X(19)]
    stp     x21, x22, [sp, #FRAME_X(21)]
    stp     x23, x24, [sp, #FRAME_X(23)]
    stp     x25, x26, [sp, #FRAME_X(25)]
    stp     x27, x28, [sp, #FRAME_X(27)]
    stp     x29, x30, [sp, #FRAME_X(29)]
    mov     x1, sp
    bl      kernel_fault
    b       .

// save_fp(FpState*), restore_fp(const FpState*): the only code of the kernel that touches SIMD registers.
.arch_extension fp
.arch_extension simd
.global save_fp
save_fp:
    stp     q0, q1, [x0, #0x000]
    stp     q2, q3, [x0, #0x020]
    stp     q4, q5, [x0, #0x040]
    stp     q6, q7, [x0, #0x060]
    stp     q8, q9, [x0, #0x080]
    stp     q10, q11, [x0, #0x0a0]
    stp     q12, q13, [x0, #0x0c0]
    stp     q14, q15, [x0, #0x0e0]
    stp     q16, q17, [x0, #0x100]
    stp     q18, q19, [x0, #0x120]
    stp     q20, q21, [x0, #0x140]
    stp     q22, q23, [x0, #0x160]
    stp     q24, q25, [x0, #0x180]
    stp     q26, q27, [x0, #0x1a0]
    stp     q28, q29, [x0, #0x1c0]
    stp     q30, q31, [x0, #0x1e0]
    mrs     x1, fpsr
    mrs     x2, fpcr
    add     x0, x0, #0x200
    stp     x1, x2, [x0]
    ret
.global restore_fp
restore_fp:
    ldp     q0, q1, [x0, #0x000]
    ldp     q2, q3, [x0, #0x020]
    ldp     q4, q5, [x0, #0x040]
    ldp     q6, q7, [x0, #0x060]
    ldp     q8, q9, [x0, #0x080]
    ldp     q10, q11, [x0, #0x0a0]
    ldp     q12, q13, [x0, #0x0c0]
    ldp     q14, q15, [x0, #0x0e0]
    ldp     q16, q17, [x0, #0x100]
    ldp     q18, q19, [x0, #0x120]
    ldp     q20, q21, [x0, #0x140]
    ldp     q22, q23, [x0, #0x160]
    ldp     q24, q25, [x0, #0x180]
    ldp     q26, q27, [x0, #0x1a0]
    ldp     q28, q29, [x0, #0x1c0]
    ldp     q30, q31, [x0, #0x1e0]
    add     x0, x0, #0x200
    ldp     x1, x2, [x0]
    msr     fpsr, x1
    msr     fpcr, x2
    ret
