// oracle.hpp - boots a system and asks QEMU, when the guest has ended and everything stands still,
// what became of each virtio device.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cli/boot.hpp>
#include <virtio/features.hpp>

namespace oracle {

// As QEMU has it. Of a packed ring `driver` and `device` are the event suppression areas.
struct Queue {
    u32 size = 0;
    u64 desc = 0;
    u64 driver = 0;
    u64 device = 0;
    u32 popped = 0;    // position behind the last entry that the device took
    u32 returned = 0;  // and behind the last one that it gave back
    u32 in_use = 0;    // requests that the device has
};

struct Device {
    virtio::Features offered;  // on this machine's registers
    virtio::Features accepted;
    u32 status = 0;
    u32 interrupt_status = 0;
    bool broken = false;
    std::vector<Queue> queues;
};

struct Guest {
    cli::Booted booted;
    std::map<std::string, Device> devices;  // by id

    // Fields of the one line in which the server of a device says what it negotiated.
    std::optional<std::string> negotiated(const std::string& server) const;
};

// `tools/vireo run` with these words.
Guest boot(const cli::Words& words);

}  // namespace oracle
