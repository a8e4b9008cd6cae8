// check/first.hpp - a test in the place of init: it has every device and the whole quota, and its
// arguments are those of the one program in the system's table.
//
//     int program_main(const void* argument)
//     {
//         const sys::Startup given = check::first::begin(argument, "fuzz");
//         check::first::end(check::run(given, {cases}));
//     }
#pragma once

#include <cstring>

#include <check/check.hpp>
#include <proto/table.hpp>
#include <sys/archive.hpp>
#include <sys/device.hpp>
#include <sys/memory.hpp>
#include <sys/process.hpp>

namespace check::first {

namespace detail {

struct Given {
    abi::BootInfo boot{};
    abi::Startup page{};
};
[[clang::no_destroy]] inline constinit Given given{};

inline void grant(std::string_view name, abi::Slot slot, abi::Kind kind)
{
    abi::Startup& page = given.page;
    page.grants[page.grant_count++] = {text::padded<16>(name), slot, static_cast<u32>(kind), 0};
}

inline void take_arguments(std::span<const std::byte> table)
{
    proto::table::Header header;
    proto::table::Program program;
    std::memcpy(&header, table.data(), sizeof(header));
    std::memcpy(&program, &table[header.program_offset], sizeof(program));
    abi::Startup& page = given.page;
    page.argument_bytes = program.argument_bytes;
    page.argument_count = program.argument_count;
    const auto bytes = table.subspan(program.argument_offset, program.argument_bytes);
    std::memcpy(page.arguments.data(), bytes.data(), std::min(bytes.size(), page.arguments.size()));
}

}  // namespace detail

inline sys::Startup begin(const void* argument, std::string_view name)
{
    detail::Given& given = detail::given;
    given.boot = *static_cast<const abi::BootInfo*>(argument);
    given.page.magic = abi::startup_magic;
    given.page.name = text::padded<16>(name);
    detail::grant("self", given.boot.self, abi::Kind::process);
    detail::grant("archive", given.boot.archive, abi::Kind::memory);
    const auto archive = need(sys::Mapping::create({given.boot.archive}, sys::read_only));
    detail::take_arguments(need(sys::Archive::open(archive.bytes())).table());
    return sys::Startup{given.page};
}

[[noreturn]] inline void end(int status)
{
    (void)sys::system_off({detail::given.boot.self}, static_cast<u64>(status));
    sys::exit(255);
}

inline u32 device_count() { return detail::given.boot.device_count; }
inline sys::Borrowed<sys::Device> device(u32 slot) { return {detail::given.boot.devices[slot]}; }

}  // namespace check::first
