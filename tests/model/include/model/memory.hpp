// model/memory.hpp - the memory that a model device can reach, and the record of what drivers did
// wrong.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <base/types.hpp>

namespace model {

// What the driver did that the specification forbids. An honest test ends with an empty one.
class Complaints {
public:
    void add(std::string what) { list_.push_back(std::move(what)); }
    bool empty() const { return list_.empty(); }
    const std::vector<std::string>& list() const { return list_; }
    void clear() { list_.clear(); }

private:
    std::vector<std::string> list_;
};

// Pieces of memory at device addresses that are nothing like the host's pointers. Each piece is an
// allocation of its own, so that the sanitizers see the first byte beyond it.
class Memory {
public:
    struct Region {
        std::byte* memory;
        u64 address;
        u64 bytes;
    };

    // Page-aligned; filled with rubbish, as memory that somebody used before.
    Region allocate(u64 bytes);

    // Memory that somebody else owns, at the address that the device knows it by; until taken back.
    void lend(Region region) { lent_.push_back(region); }
    void take_back() { lent_.clear(); }

    // Null when not all of the range is inside one piece.
    std::byte* at(u64 address, u64 bytes) const;

private:
    struct Release {
        void operator()(std::byte* memory) const;
    };
    struct Piece {
        std::unique_ptr<std::byte, Release> memory;
        u64 address;
        u64 bytes;
    };

    std::vector<Piece> pieces_;
    std::vector<Region> lent_;
    u64 next_ = 0x1'4000'0000;  // above 4 GiB: an address cut to 32 bits is outside
};

}  // namespace model
