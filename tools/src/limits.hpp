// limits.hpp - the least and the most of every number in a system file and on the command line.
#pragma once

#include <array>

#include <abi/boot.hpp>
#include <abi/syscall.hpp>
#include <base/types.hpp>
#include <proto/table.hpp>

namespace vireo {

struct Range {
    u64 first;
    u64 last;

    constexpr bool has(u64 value) const { return value >= first && value <= last; }
};

inline constexpr u64 memory_unit = u64{1} << 20;
inline constexpr Range cpu_range{1, 8};
// QEMU's names of the 64-bit CPUs that its virt machine can have. A newer QEMU has more of them.
inline constexpr std::array cpu_models{
    "a64fx",      "cortex-a35", "cortex-a53", "cortex-a55",  "cortex-a57",  "cortex-a710",
    "cortex-a72", "cortex-a76", "max",        "neoverse-n1", "neoverse-n2", "neoverse-v1",
};
inline constexpr Range gic_range{2, 3};
inline constexpr Range memory_range{64 * memory_unit, 4096 * memory_unit};
inline constexpr u32 slot_count = 32;  // of virtio-mmio on QEMU's virt machine
inline constexpr Range priority_range{0, abi::priorities - 1};
inline constexpr Range frame_range{16, u64{1} << 20};
inline constexpr Range handle_range{8, abi::slot_limit - 1};
inline constexpr Range thread_range{1, 64};
inline constexpr Range stack_range{page_bytes, u64{16} << 20};
inline constexpr Range end_range{0, proto::table::max_ends};
inline constexpr Range wait_range{0, 3'600'000};  // ms
inline constexpr u64 argument_limit = sizeof(abi::Startup::arguments);

}  // namespace vireo
