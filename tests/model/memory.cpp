// tests/model/memory.cpp - memory of model devices.
#include <cstdlib>
#include <cstring>

#include <model/memory.hpp>

namespace model {

namespace {

constexpr u64 page = 4096;

}  // namespace

void Memory::Release::operator()(std::byte* memory) const { std::free(memory); }

Memory::Region Memory::allocate(u64 bytes)
{
    const u64 whole = (bytes + page - 1) / page * page;
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(page, whole));
    std::memset(memory, 0xa5, whole);
    pieces_.push_back({std::unique_ptr<std::byte, Release>{memory}, next_, bytes});
    const Region region{memory, next_, bytes};
    next_ += whole + 16 * page;
    return region;
}

std::byte* Memory::at(u64 address, u64 bytes) const
{
    for (const Piece& piece : pieces_)
        if (address >= piece.address && address - piece.address <= piece.bytes
            && bytes <= piece.bytes - (address - piece.address))
            return piece.memory.get() + (address - piece.address);
    for (const Region& piece : lent_)
        if (address >= piece.address && address - piece.address <= piece.bytes
            && bytes <= piece.bytes - (address - piece.address))
            return piece.memory + (address - piece.address);
    return nullptr;
}

}  // namespace model
