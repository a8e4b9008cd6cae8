// libsys/src/start.S - the first instructions of a process, and of each further thread.
//
// The kernel starts a thread with x0 = its argument, x1 = its message page, SP = the top of its stack, and zero in all
// other registers. x29 = x30 = 0 ends every backtrace here.

    .section .text._start, "ax"
    .global _start
    .type _start, %function
_start:
    mov x29, xzr
    mov x30, xzr
    bl sys_start_process
    brk #1
    .size _start, . - _start

    .section .text.sys_thread_entry, "ax"
    .global sys_thread_entry
    .type sys_thread_entry, %function
sys_thread_entry:
    mov x29, xzr
    mov x30, xzr
    bl sys_start_thread
    brk #1
    .size sys_thread_entry, . - sys_thread_entry

    .section .note.GNU-stack, "", %progbits
