// rngd/chacha20.hpp - the block function of ChaCha20 (RFC 8439, 2.3): 64 bytes from a key and a
// counter. No branch and no address depends on the key.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <span>

#include <base/types.hpp>

namespace rngd {

class ChaCha20 {
public:
    static constexpr usize key_words = 8;
    static constexpr usize block_bytes = 64;
    using Key = std::array<u32, key_words>;
    using Nonce = std::array<u32, 3>;

    // Words are little-endian, as this machine's are.
    static void
    block(const Key& key, u32 counter, const Nonce& nonce, std::span<u8, block_bytes> out)
    {
        static_assert(std::endian::native == std::endian::little);
        // "expand 32-byte k"
        const std::array<u32, 16> first{
            0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0],  key[1],   key[2],   key[3],
            key[4],     key[5],     key[6],     key[7],     counter, nonce[0], nonce[1], nonce[2]};
        std::array<u32, 16> x = first;
        for (int i = 0; i < 10; ++i)
            double_round(x);
        for (usize i = 0; i < x.size(); ++i)
            x[i] += first[i];
        std::memcpy(out.data(), x.data(), out.size());
    }

private:
    [[gnu::always_inline]] static void quarter_round(u32& a, u32& b, u32& c, u32& d)
    {
        a += b;
        d = std::rotl(d ^ a, 16);
        c += d;
        b = std::rotl(b ^ c, 12);
        a += b;
        d = std::rotl(d ^ a, 8);
        c += d;
        b = std::rotl(b ^ c, 7);
    }

    // Columns, then diagonals.
    [[gnu::always_inline]] static void double_round(std::array<u32, 16>& x)
    {
        quarter_round(x[0], x[4], x[8], x[12]);
        quarter_round(x[1], x[5], x[9], x[13]);
        quarter_round(x[2], x[6], x[10], x[14]);
        quarter_round(x[3], x[7], x[11], x[15]);
        quarter_round(x[0], x[5], x[10], x[15]);
        quarter_round(x[1], x[6], x[11], x[12]);
        quarter_round(x[2], x[7], x[8], x[13]);
        quarter_round(x[3], x[4], x[9], x[14]);
    }
};

}  // namespace rngd
