// rngd/drbg.hpp - ChaCha20 with fast key erasure: the first half of the first block of every answer
// is the key of the next one, so whoever sees the state learns nothing of what was given before.
// Seeds are hashed into the key with BearSSL's SHA-256.
// docs/adr/0017-a-generator-for-general-registers.md says why.
#pragma once

#include "chacha20.hpp"

#include <algorithm>

#include <bearssl.h>

namespace rngd {

class Drbg {
public:
    using Key = ChaCha20::Key;

    Drbg() = default;
    Drbg(const Drbg&) = delete;
    Drbg& operator=(const Drbg&) = delete;
    ~Drbg() { erase(); }

    // The next key is the hash of the last one, of `now` in ticks, and of the seed. The time makes
    // two generators differ whose device says the same to both.
    void seed(std::span<const u8> material, u64 now)
    {
        static_assert(sizeof(Key) == br_sha256_SIZE);
        br_sha256_context hash;
        br_sha256_init(&hash);
        br_sha256_update(&hash, key_.data(), sizeof(key_));
        br_sha256_update(&hash, &now, sizeof(now));
        br_sha256_update(&hash, material.data(), material.size());
        br_sha256_out(&hash, key_.data());
        wipe(&hash, sizeof(hash));
    }

    // Only after seed(). At most 2^32 blocks.
    void generate(std::span<u8> out)
    {
        std::array<u8, ChaCha20::block_bytes> block;
        u32 counter = 0;
        ChaCha20::block(key_, counter++, {}, block);
        Key next;
        std::memcpy(next.data(), block.data(), sizeof(next));
        out = copy_front(out, std::span{block}.template subspan<sizeof(Key)>());
        for (; out.size() >= block.size(); out = out.subspan(block.size()))
            ChaCha20::block(key_, counter++, {}, out.first<ChaCha20::block_bytes>());
        if (!out.empty()) {
            ChaCha20::block(key_, counter, {}, block);
            copy_front(out, block);
        }
        key_ = next;
        wipe(block.data(), sizeof(block));
        wipe(next.data(), sizeof(next));
    }

    void erase() { wipe(key_.data(), sizeof(key_)); }

    // Does what is compiled here give what it must? Two seeds and two answers, computed with an
    // independent SHA-256 and ChaCha20; of the second one its end, which is a part of a block.
    static bool gives(const std::array<u8, 32>& expected)
    {
        std::array<u8, 24> seed_bytes{};
        for (usize i = 0; i < seed_bytes.size(); ++i)
            seed_bytes[i] = static_cast<u8>(i);
        Drbg drbg;
        std::array<u8, 109> out{};
        drbg.seed(seed_bytes, 0x0123'4567'89ab'cdef);
        drbg.generate(out);
        drbg.seed(std::span{out}.first(8), 1);
        drbg.generate(out);
        return std::ranges::equal(std::span{out}.last(expected.size()), expected);
    }
    static constexpr std::array<u8, 32> known_answer{
        0x1d, 0xb3, 0x81, 0xb8, 0x09, 0x89, 0xbb, 0x19, 0x0c, 0xc5, 0xff,
        0xbe, 0x64, 0x20, 0xad, 0xec, 0x41, 0xc8, 0x6a, 0xa6, 0x3b, 0x34,
        0x34, 0x9c, 0x0a, 0x71, 0x1d, 0xde, 0x1b, 0x94, 0xfd, 0xd4};

    // Zeroes that the compiler may not leave out.
    static void wipe(void* memory, usize bytes)
    {
        std::memset(memory, 0, bytes);
        asm volatile("" : : "r"(memory) : "memory");
    }

private:
    // As much of `from` as there is room for; returns the room that is left.
    static std::span<u8> copy_front(std::span<u8> out, std::span<const u8> from)
    {
        const usize part = std::min(out.size(), from.size());
        std::memcpy(out.data(), from.data(), part);
        return out.subspan(part);
    }

    Key key_{};
};

}  // namespace rngd
