// fault/sequence.S - instructions whose order and number the test knows. u64 check_sequence(u64* value,
// u64* counter): adds 1 four times to 0, stores it, increments the counter, and returns the sum.

.section .text.check_sequence, "ax"
.global check_sequence, sequence_add, sequence_store, sequence_branch, sequence_exclusive
.global sequence_past_exclusive, sequence_end
check_sequence:
    mov     x5, #0
sequence_add:
    add     x5, x5, #1
    add     x5, x5, #1
    add     x5, x5, #1
    add     x5, x5, #1
sequence_store:
    str     x5, [x0]
sequence_branch:
    cbnz    x5, sequence_exclusive
    mov     x5, #100
sequence_exclusive:
    ldxr    x6, [x1]
    add     x6, x6, #1
    stxr    w7, x6, [x1]
sequence_past_exclusive:
    cbnz    w7, sequence_exclusive
    mov     x0, x5
sequence_end:
    ret
