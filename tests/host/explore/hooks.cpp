// hooks.cpp - the functions that clang calls before each access of code that it compiles for the
// thread sanitizer. Here they lead to the explorer; the sanitizer itself is not linked.
//
// An atomic access is made by its hook; a plain one is made by the code, after its hook.
#include "hooks.hpp"

#include <cstring>

using explore::Order;

namespace {

// The compiler's numbers of memory orders: relaxed, consume, acquire, release, acq_rel, seq_cst.
Order load_order(int order)
{
    if (order == __ATOMIC_SEQ_CST)
        return Order::seq_cst;
    return order == __ATOMIC_RELAXED || order == __ATOMIC_RELEASE ? Order::relaxed : Order::acquire;
}
Order store_order(int order)
{
    if (order == __ATOMIC_SEQ_CST)
        return Order::seq_cst;
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ? Order::release : Order::relaxed;
}

template <class T>
T load(const volatile T* at, int order)
{
    const void* there = const_cast<const T*>(at);
    if (!explore::watched(there))
        return __atomic_load_n(at, __ATOMIC_SEQ_CST);
    return static_cast<T>(explore::hooked_load(there, sizeof(T), load_order(order)));
}

template <class T>
void store(volatile T* at, T value, int order)
{
    void* there = const_cast<T*>(at);
    if (!explore::watched(there))
        return __atomic_store_n(at, value, __ATOMIC_SEQ_CST);
    explore::hooked_store(there, sizeof(T), value, store_order(order));
}

template <class T>
T modify(volatile T* at, T operand, int order, explore::Change change)
{
    void* there = const_cast<T*>(at);
    if (explore::watched(there))
        return static_cast<T>(explore::hooked_modify(there, sizeof(T), load_order(order),
                                                     store_order(order), change, operand));
    const T before = *at;
    *at = static_cast<T>(change(before, operand));
    return before;
}

u64 set_bits(u64 value, u64 operand) { return value | operand; }
u64 keep_bits(u64 value, u64 operand) { return value & operand; }
u64 add(u64 value, u64 operand) { return value + operand; }
u64 flip_bits(u64 value, u64 operand) { return value ^ operand; }

}  // namespace

extern "C" {

void __tsan_init() {}

u8 __tsan_atomic8_load(const volatile u8* at, int order) { return load(at, order); }
u16 __tsan_atomic16_load(const volatile u16* at, int order) { return load(at, order); }
u32 __tsan_atomic32_load(const volatile u32* at, int order) { return load(at, order); }
u64 __tsan_atomic64_load(const volatile u64* at, int order) { return load(at, order); }
void __tsan_atomic8_store(volatile u8* at, u8 value, int order) { store(at, value, order); }
void __tsan_atomic16_store(volatile u16* at, u16 value, int order) { store(at, value, order); }
void __tsan_atomic32_store(volatile u32* at, u32 value, int order) { store(at, value, order); }
void __tsan_atomic64_store(volatile u64* at, u64 value, int order) { store(at, value, order); }
u8 __tsan_atomic8_fetch_xor(volatile u8* at, u8 value, int order)
{
    return modify(at, value, order, flip_bits);
}
u32 __tsan_atomic32_fetch_or(volatile u32* at, u32 value, int order)
{
    return modify(at, value, order, set_bits);
}
u32 __tsan_atomic32_fetch_and(volatile u32* at, u32 value, int order)
{
    return modify(at, value, order, keep_bits);
}
u64 __tsan_atomic64_fetch_add(volatile u64* at, u64 value, int order)
{
    return modify(at, value, order, add);
}
void __tsan_atomic_thread_fence(int order)
{
    explore::hooked_fence(order == __ATOMIC_SEQ_CST   ? Order::seq_cst
                          : order == __ATOMIC_RELEASE ? Order::release
                                                      : Order::acquire);
}

void __tsan_read1(const void* at) { explore::hooked_access(at, 1, false); }
void __tsan_read2(const void* at) { explore::hooked_access(at, 2, false); }
void __tsan_read4(const void* at) { explore::hooked_access(at, 4, false); }
void __tsan_read8(const void* at) { explore::hooked_access(at, 8, false); }
void __tsan_read16(const void* at) { explore::hooked_access(at, 16, false); }
void __tsan_unaligned_read2(const void* at) { explore::hooked_access(at, 2, false); }
void __tsan_unaligned_read4(const void* at) { explore::hooked_access(at, 4, false); }
void __tsan_unaligned_read8(const void* at) { explore::hooked_access(at, 8, false); }
void __tsan_unaligned_read16(const void* at) { explore::hooked_access(at, 16, false); }
void __tsan_write1(void* at) { explore::hooked_access(at, 1, true); }
void __tsan_write2(void* at) { explore::hooked_access(at, 2, true); }
void __tsan_write4(void* at) { explore::hooked_access(at, 4, true); }
void __tsan_write8(void* at) { explore::hooked_access(at, 8, true); }
void __tsan_write16(void* at) { explore::hooked_access(at, 16, true); }
void __tsan_unaligned_write2(void* at) { explore::hooked_access(at, 2, true); }
void __tsan_unaligned_write4(void* at) { explore::hooked_access(at, 4, true); }
void __tsan_unaligned_write8(void* at) { explore::hooked_access(at, 8, true); }
void __tsan_unaligned_write16(void* at) { explore::hooked_access(at, 16, true); }
void __tsan_vptr_update(void* at, void*) { explore::hooked_access(at, 8, true); }
void __tsan_vptr_read(void* at) { explore::hooked_access(at, 8, false); }

void* __tsan_memcpy(void* to, const void* from, usize bytes)
{
    explore::hooked_access(from, bytes, false);
    explore::hooked_access(to, bytes, true);
    return std::memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, usize bytes)
{
    explore::hooked_access(from, bytes, false);
    explore::hooked_access(to, bytes, true);
    return std::memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, usize bytes)
{
    explore::hooked_access(to, bytes, true);
    return std::memset(to, value, bytes);
}

}  // extern "C"
