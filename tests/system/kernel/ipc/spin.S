// spin.S - fills x1..x28 and the flags from a pattern, spins until a word is set, and stores what is in them then.
//
//   check_spin(u64* registers /* 30 words: x1..x28, NZCV, unused */, const u32* stop)

    .section .text.check_spin, "ax"
    .global check_spin
    .type check_spin, %function
check_spin:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mov x29, x1
    ldp x1, x2, [x0]
    ldp x3, x4, [x0, #16]
    ldp x5, x6, [x0, #32]
    ldp x7, x8, [x0, #48]
    ldp x9, x10, [x0, #64]
    ldp x11, x12, [x0, #80]
    ldp x13, x14, [x0, #96]
    ldp x15, x16, [x0, #112]
    ldp x17, x18, [x0, #128]
    ldp x19, x20, [x0, #144]
    ldp x21, x22, [x0, #160]
    ldp x23, x24, [x0, #176]
    ldp x25, x26, [x0, #192]
    ldp x27, x28, [x0, #208]
    ldr x30, [x0, #224]
    msr nzcv, x30
1:  ldr w30, [x29]
    cbz w30, 1b
    stp x1, x2, [x0]
    stp x3, x4, [x0, #16]
    stp x5, x6, [x0, #32]
    stp x7, x8, [x0, #48]
    stp x9, x10, [x0, #64]
    stp x11, x12, [x0, #80]
    stp x13, x14, [x0, #96]
    stp x15, x16, [x0, #112]
    stp x17, x18, [x0, #128]
    stp x19, x20, [x0, #144]
    stp x21, x22, [x0, #160]
    stp x23, x24, [x0, #176]
    stp x25, x26, [x0, #192]
    stp x27, x28, [x0, #208]
    mrs x30, nzcv
    str x30, [x0, #224]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret
    .size check_spin, . - check_spin

    .section .note.GNU-stack, "", %progbits
