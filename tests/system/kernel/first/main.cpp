// first/main.cpp - the first process is this test: what the kernel gives to init, it gives to us.
#include "cases.hpp"

#include <sys/process.hpp>

namespace {

[[clang::no_destroy]] constinit abi::BootInfo boot{};
[[clang::no_destroy]] constinit abi::Startup page{};

void grant(std::string_view name, abi::Slot slot, abi::Kind kind)
{
    page.grants[page.grant_count++] = {text::padded<16>(name), slot, static_cast<u32>(kind), 0};
}

}  // namespace

sys::Borrowed<sys::Device> device(u32 slot) { return {boot.devices[slot]}; }
sys::Borrowed<sys::Device> serial_line() { return {boot.serial}; }

int program_main(const void* argument)
{
    boot = *static_cast<const abi::BootInfo*>(argument);
    page.magic = abi::startup_magic;
    page.name = text::padded<16>("first");
    grant("self", boot.self, abi::Kind::process);
    grant("archive", boot.archive, abi::Kind::memory);
    const sys::Startup given{page};
    // A table of handles keeps its size: the cases without memory come before those that fill it.
    const int result = check::run(given, {device_cases, dma_cases, serial_cases, lending_cases,
                                          quarantine_cases, frame_cases, limit_cases});
    (void)sys::system_off({boot.self}, static_cast<u64>(result));
    return 255;
}
