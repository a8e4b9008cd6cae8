// raw.S - svc with x0..x28 from memory, and back to it.
#include <check/registers.inc>

    .section .text.check_raw_call, "ax"
    .global check_raw_call
    .type check_raw_call, %function
check_raw_call:
    ENTER 112
    mov x29, sp
    str x0, [sp, #96]
    X1_TO_X28 ldp, 8
    ldr x0, [x0]
    svc #0
    str x0, [sp, #104]
    ldr x0, [sp, #96]
    X1_TO_X28 stp, 8
    ldr x1, [sp, #104]
    str x1, [x0]
    LEAVE 112
    .size check_raw_call, . - check_raw_call

    .section .note.GNU-stack, "", %progbits
