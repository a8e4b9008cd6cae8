// registers.S - all FP and SIMD registers from memory, a spin until a word is set, and back to memory.
//
//   check_fp_load(const u8*), check_fp_store(u8*): 512 bytes of q0..q31, then FPSR and FPCR
//   check_fp_spin(u8* registers, const u32* stop)

    .arch_extension fp
    .arch_extension simd
    .section .text.check_fp, "ax"

    .global check_fp_load
    .type check_fp_load, %function
check_fp_load:
    add x2, x0, #512
    ldp x3, x4, [x2]
    msr fpsr, x3
    msr fpcr, x4
    .irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
    ldr q\n, [x0, #16 * \n]
    .endr
    .irp n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
    ldr q\n, [x0, #16 * \n]
    .endr
    ret

    .global check_fp_store
    .type check_fp_store, %function
check_fp_store:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    str q\n, [x0, #16 * \n]
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    str q\n, [x0, #16 * \n]
    .endr
    add x2, x0, #512
    mrs x3, fpsr
    mrs x4, fpcr
    stp x3, x4, [x2]
    ret

    .global check_fp_spin
    .type check_fp_spin, %function
check_fp_spin:
    stp x29, x30, [sp, #-16]!
    bl check_fp_load
1:  ldr w2, [x1]
    cbz w2, 1b
    bl check_fp_store
    ldp x29, x30, [sp], #16
    ret

    .section .note.GNU-stack, "", %progbits
