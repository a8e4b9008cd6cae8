// boot/flat_tree.hpp - the tokens of a flattened device tree (DTSpec 0.4, chapter 5), nothing about
// their meaning.
//
// The blob is not trusted: every offset is compared before use, and every step moves forward, so a
// walk ends after at most size / 4 tokens and reads nothing outside the blob.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include <base/bits.hpp>
#include <base/types.hpp>

namespace kernel {

using Blob = std::span<const std::byte>;

constexpr u32 big_endian_32(Blob bytes, usize at)
{
    const auto piece = bytes.subspan(at, 4);
    return std::to_integer<u32>(piece[0]) << 24 | std::to_integer<u32>(piece[1]) << 16
           | std::to_integer<u32>(piece[2]) << 8 | std::to_integer<u32>(piece[3]);
}

constexpr u64 big_endian_64(Blob bytes, usize at)
{
    return u64{big_endian_32(bytes, at)} << 32 | big_endian_32(bytes, at + 4);
}

// The text before the next zero byte; malformed if there is no zero byte.
inline Result<std::string_view> zero_terminated(Blob bytes, usize at)
{
    if (at > bytes.size())
        return fail(Errc::malformed);
    const auto rest = bytes.subspan(at);
    const auto end = std::ranges::find(rest, std::byte{0});
    if (end == rest.end())
        return fail(Errc::malformed);
    return std::string_view{reinterpret_cast<const char*>(rest.data()),
                            static_cast<usize>(end - rest.begin())};
}

enum class Token : u32 { begin_node = 1, end_node = 2, property = 3, nop = 4, end = 9 };

struct TreeItem {
    Token token;
    std::string_view name;  // begin_node, property
    Blob value;             // property
};

class FlatTree {
public:
    static Result<FlatTree> open(Blob blob)
    {
        if (blob.size() < header_bytes || big_endian_32(blob, 0) != magic)
            return fail(Errc::malformed);
        const u32 total = big_endian_32(blob, 4);
        if (total < header_bytes || total > blob.size())
            return fail(Errc::malformed);
        blob = blob.first(total);
        if (big_endian_32(blob, 20) < version || big_endian_32(blob, 24) > version)
            return fail(Errc::malformed);

        const u32 structure = big_endian_32(blob, 8);
        const u32 strings = big_endian_32(blob, 12);
        const u32 reservations = big_endian_32(blob, 16);
        const u32 strings_bytes = big_endian_32(blob, 32);
        const u32 structure_bytes = big_endian_32(blob, 36);
        if (!aligned(structure, 4) || !aligned(reservations, 8) || reservations > total
            || !fits(structure, structure_bytes, total) || !fits(strings, strings_bytes, total))
            return fail(Errc::malformed);
        return FlatTree{blob.subspan(structure, structure_bytes),
                        blob.subspan(strings, strings_bytes), blob.subspan(reservations)};
    }

    // The next token that is not a nop. After Token::end: malformed.
    Result<TreeItem> next()
    {
        for (;;) {
            if (!fits(at_, 4, structure_.size()))
                return fail(Errc::malformed);
            const Token token{big_endian_32(structure_, at_)};
            at_ += 4;
            switch (token) {
            case Token::nop:
                continue;
            case Token::begin_node:
                return begin_node();
            case Token::property:
                return property();
            case Token::end_node:
                return TreeItem{token, {}, {}};
            case Token::end:
                at_ = structure_.size();
                return TreeItem{token, {}, {}};
            }
            return fail(Errc::malformed);
        }
    }

    // The memory reservation block: pairs of address and size, with a pair of zeroes at the end.
    Blob reservations() const { return reservations_; }

private:
    static constexpr u32 magic = 0xd00dfeed;
    static constexpr u32 version = 17;
    static constexpr usize header_bytes = 40;

    FlatTree(Blob structure, Blob strings, Blob reservations)
        : structure_{structure}, strings_{strings}, reservations_{reservations}
    {
    }

    Result<TreeItem> begin_node()
    {
        const auto name = zero_terminated(structure_, at_);
        if (!name)
            return fail(name.error());
        at_ = align_up(at_ + name->size() + 1, 4);
        return TreeItem{Token::begin_node, *name, {}};
    }

    Result<TreeItem> property()
    {
        if (!fits(at_, 8, structure_.size()))
            return fail(Errc::malformed);
        const u32 bytes = big_endian_32(structure_, at_);
        const auto name = zero_terminated(strings_, big_endian_32(structure_, at_ + 4));
        if (!name || !fits(at_ + 8, bytes, structure_.size()))
            return fail(Errc::malformed);
        const auto value = structure_.subspan(at_ + 8, bytes);
        at_ = align_up(at_ + 8 + bytes, 4);
        return TreeItem{Token::property, *name, value};
    }

    Blob structure_;
    Blob strings_;
    Blob reservations_;
    usize at_ = 0;
};

}  // namespace kernel
