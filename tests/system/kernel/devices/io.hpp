// devices/io.hpp - SYS_DEVICE_IO with every argument free.
#pragma once

#include <sys/device.hpp>

struct Io {
    u64 offset = 0;
    u64 width = 4;
    u64 window = 0;
    u64 value = 0;
    u64 write = 0;
};

inline Result<u64> io(sys::Borrowed<sys::Device> device, const Io& a)
{
    return sys::fetch(abi::Syscall::device_io, device.slot, a.window, a.offset, a.width, a.value,
                      a.write);
}
