// spin.S - fills x1..x28 and the flags from a pattern, spins until a word is set, and stores what is in them then.
//
//   check_spin(u64* registers /* 30 words: x1..x28, NZCV, unused */, const u32* stop)
#include <check/registers.inc>

    .section .text.check_spin, "ax"
    .global check_spin
    .type check_spin, %function
check_spin:
    ENTER 96
    mov x29, x1
    X1_TO_X28 ldp, 0
    ldr x30, [x0, #224]
    msr nzcv, x30
1:  ldr w30, [x29]
    cbz w30, 1b
    X1_TO_X28 stp, 0
    mrs x30, nzcv
    str x30, [x0, #224]
    LEAVE 96
    .size check_spin, . - check_spin

    .section .note.GNU-stack, "", %progbits
