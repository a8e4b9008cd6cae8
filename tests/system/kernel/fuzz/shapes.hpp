// fuzz/shapes.hpp - the call table as a fuzzer knows it: which kind of handle a call is about, and
// what its arguments mean.
#pragma once

#include <array>

#include <abi/syscall.hpp>

namespace fuzz {

enum class Draw : u8 {
    any,  // whatever number
    process,
    process_or_none,
    notification,
    notification_or_none,
    memory,
    handle,  // of any kind
    header,
    rights,
    access,  // rights that memory is mapped and pinned with
    bits,
    few,  // 0..3, mostly 0
    small,
    bytes,
    offset,
    width,
    address,
    place,  // for a mapping: the kernel's choice, or a page
    entry,
    stack,
};

struct Shape {
    abi::Kind about = abi::Kind::none;  // none: no handle, or one of any kind
    std::array<Draw, 5> x{};
};

using enum Draw;
using K = abi::Kind;

// In the order of abi::Syscall.
inline constexpr std::array<Shape, abi::syscall_count> shapes{{
    {},
    {K::endpoint, {header}},
    {K::endpoint, {header}},
    {K::endpoint, {header}},
    {K::endpoint, {header, notification, bits}},
    {K::notification, {bits}},
    {K::notification},
    {K::notification, {notification, bits}},
    {K::none, {header}},
    {},
    {K::none, {rights, bits}},
    {},
    {K::none, {bytes, few}},
    {K::memory, {process_or_none, offset, bytes, access, place}},
    {K::none, {address, bytes}},
    {K::memory},
    {},
    {K::endpoint, {few, process_or_none}},
    {K::endpoint, {notification, bits}},
    {K::endpoint, {few}},
    {K::endpoint},
    {},
    {K::notification},
    {K::process},
    {K::process, {handle, rights}},
    {K::process},
    {K::process, {notification, bits}},
    {K::process},
    {K::process, {entry, stack, small, small, few}},
    {},
    {K::thread, {few}},
    {},
    {K::device},
    {K::device, {process, rights}},
    {K::device, {few}},
    {K::device, {few}},
    {K::device, {few, offset, width, any, few}},
    {K::interrupt, {notification_or_none, small}},
    {K::interrupt},
    {K::device, {bytes}},
    {K::device, {address}},
    {K::device, {memory, offset, bytes, access}},
    {K::pin, {few}},
    {K::device},
    {K::none, {address, small, few}},
    {},
    {K::process, {small}},
}};

}  // namespace fuzz
