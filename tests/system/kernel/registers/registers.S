// registers.S - a call with chosen registers and flags; and the first thing that a thread does.
//
//   check_flagged_call(RawRegisters*, u64 nzcv): as check_raw_call, with these flags; gives those afterwards
//   check_new_thread: stores x0..x30 and the flags below SP, and ends

#include <check/registers.inc>

    .section .text.check_flagged, "ax"
    .global check_flagged_call
    .type check_flagged_call, %function
check_flagged_call:
    ENTER 128
    mov x29, sp
    str x0, [sp, #96]
    msr nzcv, x1
    X1_TO_X28 ldp, 8
    ldr x0, [x0]
    svc #0
    str x0, [sp, #104]
    ldr x0, [sp, #96]
    X1_TO_X28 stp, 8
    ldr x1, [sp, #104]
    str x1, [x0]
    mrs x0, nzcv
    LEAVE 128
    .size check_flagged_call, . - check_flagged_call

    .global check_new_thread
    .type check_new_thread, %function
check_new_thread:
    str x0, [sp, #-256]!
    mov x0, sp
    X1_TO_X28 stp, 8
    stp x29, x30, [x0, #232]
    mrs x1, nzcv
    str x1, [x0, #248]
    mov x8, #29
    svc #0
    brk #1
    .size check_new_thread, . - check_new_thread

    .section .note.GNU-stack, "", %progbits
