// monitor/phase.hpp - how far the initialization of a device has come (virtio 1.2, 3.1.1, 3.1.2),
// and what a driver may do when.
#pragma once

#include "monitor/queue.hpp"

#include <string_view>

namespace vireo::monitor {

enum class Phase : u8 {
    strange,       // nobody has reset it since the machine started
    resetting,     // 0 written to Status
    quiet,         // and read back
    acknowledged,  // ACKNOWLEDGE
    negotiating,   // DRIVER
    proposed,      // FEATURES_OK written; version 1 never gets here
    agreed,        // and read back
    live,          // DRIVER_OK
    failed,        // FAILED
};
std::string_view name_of(Phase phase);

// Bits of Status (virtio 1.2, 2.1).
namespace status {
inline constexpr u32 acknowledge = 1;
inline constexpr u32 driver = 2;
inline constexpr u32 driver_ok = 4;
inline constexpr u32 features_ok = 8;
inline constexpr u32 failed = 128;
inline constexpr u32 of_driver = acknowledge | driver | driver_ok | features_ok | failed;
}  // namespace status

enum class Act : u8 {
    read_offer,
    accept,
    set_page_size,
    look_at_queue,
    set_up_queue,
    notify,
    write_config,
    read_cache_mode,  // writeback of a block device
};

// The rule that doing this in this phase breaks.
Broken permitted(Act act, Phase phase, bool legacy);

// The rule that setting `added` breaks, where `before` was set already.
Broken step_allowed(u32 before, u32 added, bool legacy);
// Where the bits lead.
Phase phase_after(Phase phase, u32 added, bool legacy);

}  // namespace vireo::monitor
