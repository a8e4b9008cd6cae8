// start.S - both CPUs begin here, the second one by PSCI: a stack, and C++. No translation, interrupts masked.
.section .text.start, "ax"
.global board_start
board_start:
    mrs     x0, mpidr_el1
    and     x0, x0, #0xff
    ldr     x9, =stacks
    add     x10, x0, #1
    add     x9, x9, x10, lsl #14
    mov     sp, x9
    mov     x29, xzr
    mov     x30, xzr
    cbnz    x0, 1f
    bl      first_main
1:  bl      second_main

.bss
.balign 16
stacks:
    .skip   2 << 14
