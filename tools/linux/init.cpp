// linux/init.cpp - the only program of the Linux guest that `tools/vireo bench --against linux`
// measures: the workloads of apps/bench/io_main.cpp, by Linux's own means.
#include "blocks.hpp"
#include "frames.hpp"

using linux_api::address;
using linux_api::Call;
using linux_api::call;

namespace {

constexpr const char* modules[] = {"/failover.ko",   "/net_failover.ko", "/virtio_mmio.ko",
                                   "/virtio_blk.ko", "/virtio_net.ko",   "/virtio-rng.ko"};

void set(const char* file, const char* value)
{
    u64 bytes = 0;
    while (value[bytes] != 0)
        ++bytes;
    if (const i64 opened = linux_api::open(file, linux_api::OpenFlags::read_write); opened >= 0)
        (void)linux_api::write(opened, value, bytes);
}

void make_console()
{
    constexpr u64 here = static_cast<u64>(-100);
    (void)call(Call::mkdirat, here, address("/dev"), 0755);
    (void)call(Call::mkdirat, here, address("/sys"), 0755);
    (void)call(Call::mount, address("dev"), address("/dev"), address("devtmpfs"));
    (void)call(Call::mount, address("sys"), address("/sys"), address("sysfs"));
    const i64 console = linux_api::open("/dev/console", linux_api::OpenFlags::read_write);
    for (u64 n = 0; n < 3 && console >= 0; ++n)
        if (static_cast<u64>(console) != n)
            (void)call(Call::dup3, static_cast<u64>(console), n);
}

bool load_drivers()
{
    for (const char* path : modules) {
        const i64 file = linux_api::open(path, 0);
        const i64 done = call(Call::finit_module, static_cast<u64>(file), address(""), 0);
        if (file < 0 || done < 0)
            return report::missing(path, file < 0 ? file : done);
    }
    set("/sys/block/vda/queue/scheduler", "none");
    set("/sys/block/vda/queue/iostats", "0");
    set("/sys/block/vda/queue/nomerges", "2");
    return true;
}

void null_calls()
{
    constexpr u32 count = 1000;
    report::Region region;
    for (u32 n = 0; n < count; ++n)
        (void)call(Call::getpid);
    region.end("sys.null", count);
}

// A byte to another process and back, by two pipes.
bool round_trips()
{
    constexpr u32 count = 1000;
    int there[2];
    int back[2];
    if (call(Call::pipe2, address(there)) < 0 || call(Call::pipe2, address(back)) < 0)
        return report::missing("pipes", 0);
    constexpr u64 child_signal = 17;
    char byte = 0;
    if (call(Call::clone, child_signal) == 0) {
        while (linux_api::read(there[0], &byte, 1) == 1 && byte == 0)
            (void)linux_api::write(back[1], &byte, 1);
        (void)call(Call::exit);
    }
    const auto one = [&] {
        return linux_api::write(there[1], &byte, 1) == 1 && linux_api::read(back[0], &byte, 1) == 1;
    };
    bool good = one() && one();
    report::Region region;
    for (u32 n = 0; n < count; ++n)
        good &= one();
    region.end("ipc.call_reply", count);
    byte = 1;
    (void)linux_api::write(there[1], &byte, 1);
    return good;
}

bool random_bytes(i64 source, const char* name, u64 bytes)
{
    constexpr u32 count = 64;
    static u8 buffer[4096];
    const auto one = [&] {
        for (u64 got = 0; got < bytes;) {
            const i64 some = linux_api::read(source, buffer, bytes - got);
            if (some <= 0)
                return false;
            got += static_cast<u64>(some);
        }
        return true;
    };
    bool good = one();
    report::Region region;
    for (u32 n = 0; n < count; ++n)
        good &= one();
    region.end(name, count, count * bytes);
    return good;
}

bool random_reads()
{
    const i64 source = linux_api::open("/dev/hwrng", 0);
    if (source < 0)
        return report::missing("/dev/hwrng", source);
    return random_bytes(source, "rng.read64", 64) && random_bytes(source, "rng.read4k", 4096);
}

}  // namespace

// The compiler calls these where it copies and clears.
extern "C" void* memcpy(void* to, const void* from, u64 bytes)
{
    for (u64 n = 0; n < bytes; ++n)
        static_cast<volatile u8*>(to)[n] = static_cast<const u8*>(from)[n];
    return to;
}
extern "C" void* memset(void* at, int value, u64 bytes)
{
    for (u64 n = 0; n < bytes; ++n)
        static_cast<volatile u8*>(at)[n] = static_cast<u8>(value);
    return at;
}

extern "C" [[noreturn]] void _start()
{
    make_console();
    const u64 booted = report::nanoseconds(report::ticks());
    report::mark_hello();
    report::say("PB-HELLO");
    report::Line line;
    line.put("RES 1000 boot n=1 ns=").number(booted).print();
    bool good = load_drivers();
    linux_api::sleep_ms(200);  // what follows from new devices is over
    if (good) {
        null_calls();
        good = round_trips() && blocks::measure() && random_reads() && frames::measure();
    }
    report::say(good ? "PB-DONE" : "PB-FAILED");
    (void)call(Call::reboot, 0xfee1dead, 672274793, 0x4321fedc);  // power off
    for (;;)
        linux_api::sleep_ms(1000);
}
