// arch/aarch64/fast.S - the short ways: call, reply-and-receive, signal, wait and interrupts of devices, each in one
// straight line for its common case.
//
// A short way looks at everything first, and changes nothing unless it can do the whole. Otherwise `refuse` gives the
// call to C++, which knows all cases (fast_wait.cpp some more of the short ones, ipc.cpp and notification.cpp all). It
// does what they do, no more and no less. Until then x0..x8 are as they came, and x9, x10 are in the frame; a message
// stays in x1..x7 from one program to the other. A system call destroys x9..x18, so nothing else must be saved first.
//
// Common to all: the lock is free and taken, and who goes on is of this CPU, alone with its priority and more important
// than all who are ready; no deadline, no handle slots reserved; the FP registers are closed.

#include "registers.inc"

.section .text.vectors, "ax"

// A payload beyond the registers, from page to page and to the byte; x1..x7 mean nothing then.
.macro COPY_PAYLOAD
    lsr     x3, x0, #48
    ldr     x1, [sp, #THREAD_MESSAGE]
    ldr     x2, [x17, #THREAD_MESSAGE]
    subs    x3, x3, #32
    b.lo    6f
5:  ldp     x4, x5, [x1], #16
    ldp     x6, x7, [x1], #16
    stp     x4, x5, [x2], #16
    stp     x6, x7, [x2], #16
    subs    x3, x3, #32
    b.hs    5b
6:  tbz     x3, #4, 6f
    ldp     x4, x5, [x1], #16
    stp     x4, x5, [x2], #16
6:  tbz     x3, #3, 6f
    ldr     x4, [x1], #8
    str     x4, [x2], #8
6:  tbz     x3, #2, 6f
    ldr     w4, [x1], #4
    str     w4, [x2], #4
6:  tbz     x3, #1, 6f
    ldrh    w4, [x1], #2
    strh    w4, [x2], #2
6:  tbz     x3, #0, 6f
    ldrb    w4, [x1]
    strb    w4, [x2]
6:  CLEAR   x1, x2
    CLEAR   x3, x4
    CLEAR   x5, x6
    mov     x7, xzr
.endm

// The end of both: x15 = sp, x17 = who goes on.
.macro HAND_OVER
    str     x8, [sp, #FRAME_X(8)]
    stp     x29, x30, [sp, #FRAME_X(29)]
    COUNT   x10, CPU_FAST_SWITCHES
    SAVE_PRESERVED sp
    GO_TO_X17
    RESTORE_PRESERVED
    CLEAR   x8, x10
    CLEAR_X11_TO_X18
    eret
.endm

// `limit`: bytes of payload, and no handles given or taken. Jumps to `larger` if that is too small, or something else
// is not as it should be; x9 is destroyed then.
.macro CALL limit, larger, copy
    lsr     x10, x0, #48
    cmp     x10, #\limit
    ccmn    x9, #1, #0, ls          // no deadline
    ldp     x14, x9, [x13, #BADGE_ENDPOINT]
    ldr     x15, [x13, #BADGE_SEEN]
    ldp     x16, x17, [x14, #ENDPOINT_REQUIRED]
    ccmp    x17, #0, #4, eq         // somebody receives
    ccmp    x15, x16, #0, ne        // nothing to tell of a restart, or of giving up
    b.lo    \larger
    mrs     x10, tpidr_el1
    ldp     x15, x16, [x17, #THREAD_HOME]
    ldrh    w13, [sp, #THREAD_PRIORITY]
    cmp     w13, w16, uxth
    csel    w13, w13, w16, hi       // lent, or its own: with the state `ready`
    ldr     x18, [x10, #CPU_READY]
    lsr     x18, x18, x13
    orr     x18, x18, x16, lsr #BURDEN_SHIFT
    cmp     x15, x10
    ccmp    x18, #0, #0, eq
    b.ne    refuse
    \copy
    str     xzr, [x14, #ENDPOINT_RECEIVER]
    strh    w13, [x17, #THREAD_PRIORITY]
    mov     x15, sp
    str     x15, [x17, #THREAD_CALLER]
    str     x17, [sp, #THREAD_PARTNER]
    strb    w8, [sp, #THREAD_STATE] // `replying` has the number of the call
    and     x0, x0, #0xffffffff00000000
    HAND_OVER
.endm

.macro REPLY_RECV limit, larger, copy
    lsr     x10, x0, #48
    cmp     x10, #\limit
    ldr     x14, [x12, #ENTRY_OBJECT]
    ldp     x16, x17, [sp, #THREAD_BOUND]
    ccmn    x9, #1, #0, ls
    ccmp    x17, #0, #4, eq         // the caller is still there
    b.eq    \larger
    mrs     x10, tpidr_el1
    ldp     x15, x13, [x14, #ENDPOINT_RECEIVER]
    orr     x15, x15, x13           // nobody else receives, nothing is to be received
    cbz     x16, 1f
    ldp     x16, x13, [x16, #NOTIFICATION_PENDING]
    orr     x15, x15, x16           // no bits, no line to arm
    orr     x15, x15, x13
1:  ldp     x16, x18, [x17, #THREAD_HOME]
    orr     x15, x15, x18, lsr #BURDEN_SHIFT
    lsr     x18, x18, #PRIORITY_SHIFT
    ldr     x13, [x10, #CPU_READY]
    lsr     x13, x13, x18
    orr     x15, x15, x13
    cmp     x16, x10
    ccmp    x15, #0, #0, eq
    b.ne    refuse
    \copy
    strb    wzr, [x17, #THREAD_STATE]
    stp     xzr, x14, [sp, #THREAD_CALLER]
    ldrh    w13, [sp, #THREAD_RECEIVING]
    strh    w13, [sp, #THREAD_PRIORITY]
    mov     x15, sp
    str     x15, [x14, #ENDPOINT_RECEIVER]
    HAND_OVER                       // x9 is still the deadline `never`
.endm

// x11 = the lock, which is taken; x12 = handle, whose kind, right, index and generation fit; x13 = its data.
.global fast_call_or_signal
fast_call_or_signal:
    tbnz    w8, #2, fast_signal
    CALL    REGISTER_BYTES, call_page
call_page:
    ldr     x9, [sp, #FRAME_X(9)]
    CALL    MESSAGE_BYTES, refuse, COPY_PAYLOAD

.global fast_reply_recv
fast_reply_recv:
    REPLY_RECV REGISTER_BYTES, reply_page
reply_page:
    REPLY_RECV MESSAGE_BYTES, refuse, COPY_PAYLOAD

// x12 = who is ready: x17 = who goes on, alone in its queue x16 (else it would have to get a slice), x15 = priority.
// Refuses if nobody does, if `obstacles` are not zero, or for a deadline.
.macro CHECK_NEXT obstacles
    cmp     x12, #0
    ccmn    x9, #1, #0, ne
    ccmp    \obstacles, #0, #0, eq
    b.ne    refuse
    clz     x15, x12
    eor     x15, x15, #63
    add     x16, x10, x15, lsl #4
    ldr     x17, [x16, #CPU_QUEUES]!
    ldr     x13, [x17]
    sub     x17, x17, #THREAD_QUEUE
    ldr     x18, [x17, #FRAME_FULL]
    cmp     x18, #1
    ccmp    x13, x16, #0, ls
    b.ne    refuse
.endm

// The key of the handle used last, x14, is not the call: perhaps that of a call that needs the same right, or the
// handle is another one.
.global fast_lookup
fast_lookup:
    eor     x16, x14, x8
    cmp     x16, #1
    b.eq    1f
    and     w14, w8, #0xff
    mov     w15, #HOT_CALLS
    lsr     w15, w15, w14
    cmp     w14, #7
    b.hi    refuse
    tbz     w15, #0, refuse
    ldr     x15, [sp, #THREAD_CHUNKS]
    ubfx    x16, x8, #15, #6
    ldr     x15, [x15, x16, lsl #3]
    ubfx    x16, x8, #8, #7
    add     x12, x15, x16, lsl #5
    ldp     x13, x14, [x12, #ENTRY_DATA]
    eor     x16, x14, x8
    cmp     x16, #1
    b.hi    refuse
    str     x12, [sp, #THREAD_HOT]
    b.lo    fast_dispatch
1:  and     w14, w8, #0xff
    cmp     w14, #RECV
    b.ne    refuse

// As wait: nobody calls or receives, no bits, no line to arm. The thread owes nobody a reply and takes no handles.
    ldr     x14, [x12, #ENTRY_OBJECT]
    ldp     x16, x15, [sp, #THREAD_BOUND]
    ldp     x17, x18, [x14, #ENDPOINT_RECEIVER]
    mrs     x10, tpidr_el1
    ldr     x12, [x10, #CPU_READY]
    orr     x15, x15, x0, lsr #TAKE_SHIFT
    orr     x17, x17, x18
    orr     x15, x15, x17
    cbz     x16, 1f
    ldp     x17, x18, [x16, #NOTIFICATION_PENDING]
    orr     x15, x15, x17
    orr     x15, x15, x18
1:  CHECK_NEXT x15
    stp     xzr, x14, [sp, #THREAD_CALLER]
    ldrh    w13, [sp, #THREAD_RECEIVING]
    strh    w13, [sp, #THREAD_PRIORITY]
    mov     x13, sp
    str     x13, [x14, #ENDPOINT_RECEIVER]

// The current thread sleeps, and the only one of the queue x16, priority x15, goes on: x17.
leave:
    mov     x13, #1
    lsl     x13, x13, x15
    bic     x12, x12, x13
    str     x12, [x10, #CPU_READY]
    stp     x16, x16, [x16]
    str     xzr, [x17, #THREAD_QUEUE]
    str     x8, [sp, #FRAME_X(8)]
    stp     x29, x30, [sp, #FRAME_X(29)]
    COUNT   x10, CPU_FAST_SWITCHES
    SAVE_PRESERVED sp
    GO_TO_X17
    mov     x0, x17
    b       resume

// x17 = who sleeps on the notification x14; x9 = priority of the current thread. Jumps away if that is nobody, or one
// that cannot go on at once.
.macro CHECK_SLEEPER nobody, otherwise
    ldp     x17, x16, [x14, #NOTIFICATION_WAITER]
    cbnz    x17, 3f
    cbz     x16, \nobody
    ldrb    w15, [x16, #THREAD_STATE]
    cmp     w15, #STATE_RECEIVING
    b.ne    \nobody
    mov     x17, x16                // bound
    ldr     x15, [x17, #THREAD_CALLER + 8]
    ldr     x15, [x15, #ENDPOINT_RECEIVER]
    cmp     x15, x17
    b.ne    \otherwise
3:  ldp     x15, x16, [x17, #THREAD_HOME]
    ldr     x18, [x17, #THREAD_WAITING_IRQ]
    orr     x18, x18, x16, lsr #BURDEN_SHIFT
    ubfx    x16, x16, #PRIORITY_SHIFT, #8
    ldrb    w9, [sp, #THREAD_PRIORITY]
    ldr     x12, [x10, #CPU_READY]
    cmp     x15, x10
    lsr     x15, x12, x16
    orr     x18, x18, x15
    ccmp    x18, #0, #0, eq
    ccmp    w16, w9, #0, eq
    b.ls    \otherwise
.endm

// Nobody waits, or somebody more important than the caller.
fast_signal:
    ldr     x14, [x12, #ENTRY_OBJECT]
    and     x13, x13, x0
    mrs     x10, tpidr_el1
    cbz     x13, refuse
    CHECK_SLEEPER 1f, refuse
    stp     xzr, xzr, [sp, #FRAME_X(0)]
    STORE_ARGUMENTS sp
    stp     x29, x30, [sp, #FRAME_X(29)]
    COUNT   x10, CPU_FAST_SWITCHES
    SAVE_PRESERVED sp

// The current thread, which is saved, makes place for x17 and stands first among its equals. x13 = bits.
make_place:
    ldrb    w15, [x17, #THREAD_STATE]
    cmp     w15, #STATE_RECEIVING
    b.ne    2f
    ldr     x15, [x17, #THREAD_CALLER + 8]
    str     xzr, [x15, #ENDPOINT_RECEIVER]
2:  str     xzr, [x14, #NOTIFICATION_WAITER]
    str     xzr, [x17, #THREAD_WAITING_ON]
    strb    wzr, [x17, #THREAD_STATE]
    ldp     x16, x15, [x14, #NOTIFICATION_DELIVERED]
    and     x15, x15, x13
    orr     x16, x16, x15
    str     x16, [x14, #NOTIFICATION_DELIVERED]
    ldr     x12, [x10, #CPU_READY]
    add     x15, x10, x9, lsl #4
    ldr     x16, [x15, #CPU_QUEUES]!
    add     x18, sp, #THREAD_QUEUE
    stp     x16, x15, [x18]
    str     x18, [x15]
    str     x18, [x16, #8]
    mov     w16, #1
    lsl     x16, x16, x9
    orr     x12, x12, x16
    str     x12, [x10, #CPU_READY]
    GO_TO_X17
    RESTORE_PRESERVED
    mov     x10, x13
    CLEAR   x0, x1
    CLEAR   x2, x3
    CLEAR   x4, x5
    CLEAR   x6, x7
    CLEAR   x8, x9
    CLEAR_X11_TO_X18
    eret

1:  ldr     x15, [x14, #NOTIFICATION_PENDING]
    orr     x15, x15, x13
    str     x15, [x14, #NOTIFICATION_PENDING]
    COUNT   x10, CPU_EXCEPTIONS
    stlr    wzr, [x11]
    mov     x0, xzr
    mov     x10, xzr
    CLEAR_X11_TO_X18
    eret

// Nobody else waits, or is bound; nothing is pending, and at most one line is to be armed.
.global fast_wait
fast_wait:
    ldr     x14, [x12, #ENTRY_OBJECT]
    ldp     x16, x13, [x14, #NOTIFICATION_WAITER]
    mrs     x10, tpidr_el1
    ldr     x12, [x10, #CPU_READY]
    mov     x18, sp
    cmp     x13, x18
    csel    x13, xzr, x13, eq
    orr     x16, x16, x13
    ldr     x13, [x14, #NOTIFICATION_PENDING]
    orr     x16, x16, x13
    CHECK_NEXT x16
    ldr     x13, [x14, #NOTIFICATION_DELIVERED]
    cbz     x13, 1f
    ldr     x13, [x14, #NOTIFICATION_LINE]
    ldr     x18, [x13, #INTERRUPT_NEXT]
    cbnz    x18, refuse
    ldrb    w18, [x13, #INTERRUPT_STATE]
    cmp     w18, #INTERRUPT_ACTIVE  // else somebody raised its bit by hand
    ldr     w18, [x13, #INTERRUPT_CPU]
    ldr     w9, [x10, #CPU_FAST_INTERRUPTS]
    add     w18, w18, #1
    ccmp    w18, w9, #0, eq         // not on a GICv2, and not if it must go to another CPU
    b.ne    refuse
    mov     w18, #INTERRUPT_ARMED
    strb    w18, [x13, #INTERRUPT_STATE]
    ldr     w18, [x13, #INTERRUPT_ID]
    msr     ICC_DIR_EL1, x18
    str     xzr, [x14, #NOTIFICATION_DELIVERED]
1:  mov     x13, sp
    mov     x18, #-1
    stp     x18, x13, [x14, #NOTIFICATION_WAITED]
    str     x14, [sp, #THREAD_WAITING_ON]
    mov     w18, #STATE_WAITING
    strb    w18, [sp, #THREAD_STATE]
    b       leave

// The line of a device, to a thread that sleeps until then and is more important than the interrupted one.
.global user_interrupt
user_interrupt:
    stp     x9, x10, [sp, #FRAME_X(9)]
    SAVE_ALL_BUT_X9_X10
    mrs     x10, tpidr_el1
    mov     w2, #-1
    ldr     w15, [x10, #CPU_FAST_INTERRUPTS]
    cbz     w15, 2f
    TRY_LOCK 2f
    mrs     x2, ICC_IAR1_EL1
    cmp     x2, #INTERRUPT_IDS
    b.hs    1f
    msr     ICC_EOIR1_EL1, x2
    adr     x15, interrupts
    ldr     x0, [x15, x2, lsl #3]
    cbz     x0, 1f
    ldrb    w15, [x0, #INTERRUPT_STATE]
    ldp     x13, x14, [x0, #INTERRUPT_BIT]
    cmp     w15, #INTERRUPT_ARMED
    b.ne    1f
    CHECK_SLEEPER 1f, 1f
    mov     w16, #INTERRUPT_ACTIVE
    strb    w16, [x0, #INTERRUPT_STATE]
    COUNT   x0, INTERRUPT_FIRES
    COUNT   x10, CPU_FAST_IRQS
    b       make_place
1:  stlr    wzr, [x11]
2:  mov     x0, sp                  // w2 = what was taken, if anything was
    mov     x1, x10
    ldr     x9, [x1, #CPU_STACK_TOP]
    mov     sp, x9
    mov     x29, xzr
    bl      interrupt_entry
    b       resume
