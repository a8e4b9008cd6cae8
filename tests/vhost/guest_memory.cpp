// vhost/guest_memory.cpp - the memory of the guest.
#include "guest_memory.hpp"

#include <sys/mman.h>

namespace vhost {

bool GuestMemory::map(const MemoryTable& table, const std::vector<Fd>& files)
{
    unmap();
    if (table.count > max_regions || files.size() < table.count)
        return false;
    for (u32 i = 0; i < table.count; ++i) {
        const auto& region = table.regions[i];
        const usize bytes = region.offset + region.bytes;
        void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, files[i].raw(), 0);
        if (at == MAP_FAILED)
            return false;
        mapped_.push_back({region, at, bytes});
        world_->memory.lend(
            {static_cast<std::byte*>(at) + region.offset, region.guest, region.bytes});
    }
    return true;
}

std::optional<u64> GuestMemory::guest_address(u64 user) const
{
    for (const auto& [region, at, bytes] : mapped_)
        if (user >= region.user && user - region.user < region.bytes)
            return region.guest + (user - region.user);
    return std::nullopt;
}

void GuestMemory::unmap()
{
    world_->memory.take_back();
    for (const auto& one : mapped_)
        ::munmap(one.at, one.bytes);
    mapped_.clear();
}

}  // namespace vhost
