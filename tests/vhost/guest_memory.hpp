// vhost/guest_memory.hpp - the memory of the guest, mapped from the files that QEMU sends, and lent
// to a model's world at its physical addresses.
#pragma once

#include "channel.hpp"

#include <model/world.hpp>

namespace vhost {

class GuestMemory {
public:
    explicit GuestMemory(model::World& world) : world_{&world} {}
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;
    ~GuestMemory() { unmap(); }

    // In place of what was there. False: it cannot be mapped.
    bool map(const MemoryTable& table, const std::vector<Fd>& files);
    // From an address in QEMU. Nothing if it is in no region.
    std::optional<u64> guest_address(u64 user) const;

private:
    struct Mapped {
        MemoryRegion region;
        void* at;
        usize bytes;
    };

    void unmap();

    model::World* world_;
    std::vector<Mapped> mapped_;
};

}  // namespace vhost
