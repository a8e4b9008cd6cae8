// linux/system.hpp - Linux's calls as this program needs them: raw, without a C library.
//
// Numbers and layouts are those of the arm64 user interface of Linux 6.1 (include/uapi).
#pragma once

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long;
using i64 = long;

namespace linux_api {

enum class Call : u64 {
    dup3 = 24,
    ioctl = 29,
    mknodat = 33,
    mkdirat = 34,
    mount = 40,
    openat = 56,
    close = 57,
    pipe2 = 59,
    read = 63,
    write = 64,
    pread = 67,
    ppoll = 73,
    exit = 93,
    nanosleep = 101,
    reboot = 142,
    getpid = 172,
    socket = 198,
    bind = 200,
    sendto = 206,
    recvfrom = 207,
    setsockopt = 208,
    clone = 220,
    mmap = 222,
    sendmmsg = 269,
    finit_module = 273,
    io_uring_setup = 425,
    io_uring_enter = 426,
    io_uring_register = 427,
};

// A negative number is an errno.
inline i64 call(Call number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0)
{
    register u64 x8 asm("x8") = static_cast<u64>(number);
    register u64 x0 asm("x0") = a;
    register u64 x1 asm("x1") = b;
    register u64 x2 asm("x2") = c;
    register u64 x3 asm("x3") = d;
    register u64 x4 asm("x4") = e;
    register u64 x5 asm("x5") = f;
    asm volatile("svc #0"
                 : "+r"(x0)
                 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
                 : "memory");
    return static_cast<i64>(x0);
}

inline u64 address(const volatile void* pointer) { return reinterpret_cast<u64>(pointer); }

struct OpenFlags {
    static constexpr u64 read_write = 2;
    static constexpr u64 direct = 0x10000;  // arm64's
};

inline i64 open(const char* path, u64 flags)
{
    constexpr u64 at_working_directory = static_cast<u64>(-100);
    return call(Call::openat, at_working_directory, address(path), flags);
}
inline i64 read(i64 file, void* into, u64 bytes)
{
    return call(Call::read, static_cast<u64>(file), address(into), bytes);
}
inline i64 write(i64 file, const void* from, u64 bytes)
{
    return call(Call::write, static_cast<u64>(file), address(from), bytes);
}

// Zeroed pages, shared with a child; or of a file. Nothing if there are none.
inline void* map(u64 bytes, i64 file = -1, u64 offset = 0)
{
    constexpr u64 read_and_write = 3;
    constexpr u64 shared = 1;
    constexpr u64 populate = 0x8000;
    constexpr u64 anonymous = 0x20;
    const u64 flags = shared | populate | (file < 0 ? anonymous : 0);
    const i64 at =
        call(Call::mmap, 0, bytes, read_and_write, flags, static_cast<u64>(file), offset);
    return at < 0 && at > -4096 ? nullptr : reinterpret_cast<void*>(at);
}

struct Time {
    i64 seconds;
    i64 nanoseconds;
};
inline void sleep_ms(i64 ms)
{
    const Time time{ms / 1000, ms % 1000 * 1'000'000};
    (void)call(Call::nanosleep, address(&time));
}

}  // namespace linux_api
