// arch/aarch64/boot.S - from the loader to C++: arm64 Image header, EL2 to EL1, first page tables, MMU.
//
// Entered with the MMU off and x0 = physical address of the device tree. Until the branch to `high` only
// PC-relative addresses are used: they are physical here. The kernel is linked at kernel_base + its physical address.
//
// Further CPUs are entered at secondary_entry by PSCI, with x0 = top of their stack, and go the same way.

#include "layout.inc"

.section .head, "ax"
.global image_head
image_head:
    b       boot_entry
    .word   0
    .quad   0                       // text_offset
    .quad   image_size              // bss and stacks included: the loader keeps clear of them
    .quad   0xa                     // little endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0

.section .text.boot, "ax"
.global secondary_entry
secondary_entry:
    mov     x21, #1
    b       1f
boot_entry:
    mov     x21, xzr
1:  mov     x20, x0
    mrs     x9, CurrentEL
    cmp     x9, #(2 << 2)
    b.ne    at_el1

    // EL2: hand everything to EL1, trap nothing, virtual timer without offset.
    mov     x9, #(1 << 31)          // HCR_EL2.RW: EL1 is AArch64
    movk    x9, #0x100, lsl #48     // HCR_EL2.ATA: and may use tags
    msr     hcr_el2, x9
    mov     x9, #3                  // EL1 may use the physical counter and timer
    msr     cnthctl_el2, x9
    msr     cntvoff_el2, xzr
    mov     x9, #0x33ff             // CPTR_EL2: RES1 bits only, no trap of FP
    msr     cptr_el2, x9
    msr     hstr_el2, xzr
    mrs     x9, midr_el1
    msr     vpidr_el2, x9
    mrs     x9, mpidr_el1
    msr     vmpidr_el2, x9
    mrs     x9, pmcr_el0
    ubfx    x9, x9, #11, #5         // MDCR_EL2.HPMN = all counters belong to EL1
    msr     mdcr_el2, x9
    mrs     x9, id_aa64pfr0_el1
    ubfx    x9, x9, #24, #4         // GIC system registers present
    cbz     x9, 2f
    mrs     x9, S3_4_C12_C9_5       // ICC_SRE_EL2: SRE and Enable
    mov     x10, #9
    orr     x9, x9, x10
    msr     S3_4_C12_C9_5, x9
    isb
2:  mov     x9, #0x3c5              // EL1h, interrupts masked
    msr     spsr_el2, x9
    adr     x9, at_el1
    msr     elr_el2, x9
    eret

at_el1:
    msr     daifset, #0xf
    msr     spsel, #1

    ldr     x9, =MAIR_VALUE
    msr     mair_el1, x9
    mrs     x10, id_aa64mmfr0_el1
    and     x10, x10, #0xf
    cmp     x10, #5
    mov     x11, #5
    csel    x10, x10, x11, lo       // 48 bits of physical address at most
    ldr     x9, =TCR_VALUE
    bfi     x9, x10, #32, #3        // TCR_EL1.IPS = what the CPU has
    msr     tcr_el1, x9

    adrp    x9, boot_identity
    add     x9, x9, :lo12:boot_identity
    msr     ttbr0_el1, x9
    adrp    x9, boot_high
    add     x9, x9, :lo12:boot_high
    msr     ttbr1_el1, x9
    tlbi    vmalle1
    dsb     nsh                     // old translations are gone before the MMU is on
    isb
    ldr     x9, =SCTLR_VALUE
    msr     sctlr_el1, x9
    isb                             // the next fetch goes through the MMU
    ldr     x9, =high
    br      x9

high:
    mov     x29, xzr
    mov     x30, xzr
    mov     x0, x20
    cbnz    x21, secondary
    ldr     x9, =bss_start
    ldr     x10, =bss_end
2:  stp     xzr, xzr, [x9], #16
    cmp     x9, x10
    b.lo    2b
    ldr     x9, =boot_stack_top
    mov     sp, x9
    bl      kernel_main
3:  wfi
    b       3b

secondary:
    mov     sp, x0
    bl      secondary_main
    b       3b

.section .data.boot_tables, "aw"
.balign 4096
boot_identity:                      // the gigabyte that holds this code, until the branch to `high`
    .quad   0
    .quad   0x40000000 + BLOCK_NORMAL
    .fill   510, 8, 0
boot_high:                          // devices below 1 GiB, then 4 GiB of RAM; main() replaces it by W^X tables
    .quad   0x00000000 + BLOCK_DEVICE
    .quad   0x40000000 + BLOCK_NORMAL
    .quad   0x80000000 + BLOCK_NORMAL
    .quad   0xc0000000 + BLOCK_NORMAL
    .quad   0x100000000 + BLOCK_NORMAL
    .fill   507, 8, 0
