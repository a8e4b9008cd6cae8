// raw.S - svc with x0..x28 from memory, and back to it.

    .section .text.check_raw_call, "ax"
    .global check_raw_call
    .type check_raw_call, %function
check_raw_call:
    stp x29, x30, [sp, #-112]!
    mov x29, sp
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #96]
    ldp x27, x28, [x0, #216]
    ldp x25, x26, [x0, #200]
    ldp x23, x24, [x0, #184]
    ldp x21, x22, [x0, #168]
    ldp x19, x20, [x0, #152]
    ldp x17, x18, [x0, #136]
    ldp x15, x16, [x0, #120]
    ldp x13, x14, [x0, #104]
    ldp x11, x12, [x0, #88]
    ldp x9, x10, [x0, #72]
    ldp x7, x8, [x0, #56]
    ldp x5, x6, [x0, #40]
    ldp x3, x4, [x0, #24]
    ldp x1, x2, [x0, #8]
    ldr x0, [x0]
    svc #0
    stp x0, x1, [sp, #-16]!
    ldr x0, [sp, #112]
    stp x27, x28, [x0, #216]
    stp x25, x26, [x0, #200]
    stp x23, x24, [x0, #184]
    stp x21, x22, [x0, #168]
    stp x19, x20, [x0, #152]
    stp x17, x18, [x0, #136]
    stp x15, x16, [x0, #120]
    stp x13, x14, [x0, #104]
    stp x11, x12, [x0, #88]
    stp x9, x10, [x0, #72]
    stp x7, x8, [x0, #56]
    stp x5, x6, [x0, #40]
    stp x3, x4, [x0, #24]
    str x2, [x0, #16]
    ldp x2, x3, [sp], #16
    stp x2, x3, [x0]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #112
    ret
    .size check_raw_call, . - check_raw_call

    .section .note.GNU-stack, "", %progbits
