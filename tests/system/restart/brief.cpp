// brief.cpp - a client of a disk that ends with its requests on their way.
#include <block/disk.hpp>
#include <sys/process.hpp>

int app_main(const sys::Startup& given)
{
    [[clang::no_destroy]] static constinit block::Disk disk;
    if (!disk.open(given, "slow0", {.depth = 4, .buffers = 4, .buffer_bytes = 4096}))
        return 1;
    for (u64 i = 0; i < disk.depth(); ++i) {
        auto buffer = disk.buffer();
        if (!buffer)
            return 2;
        const block::Sector at{i * 8};
        if (!(i % 2 == 0 ? disk.read(i, at, 8, std::move(*buffer))
                         : disk.write(i, at, 8, std::move(*buffer))))
            return 3;
    }
    disk.kick();
    if (!disk.stats())  // the server has seen them
        return 4;
    sys::exit(0);  // nothing is waited for, and nothing is closed
}
