// tests/model/payload.cpp - the bytes of a chain.
#include <algorithm>

#include <model/payload.hpp>

namespace model {

std::vector<u8> gather(const Memory& memory, const Chain& chain)
{
    std::vector<u8> bytes;
    for (const Piece& piece : chain.pieces) {
        if (piece.writable)
            continue;
        const auto* from = reinterpret_cast<const u8*>(memory.at(piece.address, piece.length));
        bytes.insert(bytes.end(), from, from + piece.length);
    }
    return bytes;
}

u64 scatter(const Memory& memory, const Chain& chain, u64 offset, std::span<const u8> bytes)
{
    u64 written = 0;
    for (const Piece& piece : chain.pieces) {
        if (!piece.writable)
            continue;
        const u64 skipped = std::min<u64>(offset, piece.length);
        offset -= skipped;
        const u64 here = std::min<u64>(bytes.size() - written, piece.length - skipped);
        if (here != 0)
            std::memcpy(memory.at(piece.address, piece.length) + skipped, bytes.data() + written,
                        here);
        written += here;
    }
    return written;
}

}  // namespace model
