// rngd/drbg.hpp - HMAC_DRBG with SHA-256 (NIST SP 800-90A, 10.1.2), by BearSSL. Its state is erased
// with it.
#pragma once

#include <cstring>
#include <span>

#include <base/types.hpp>

#include <bearssl.h>

namespace rngd {

class Drbg {
public:
    Drbg() = default;
    Drbg(const Drbg&) = delete;
    Drbg& operator=(const Drbg&) = delete;
    ~Drbg() { erase(); }

    void instantiate(std::span<const u8> seed)
    {
        br_hmac_drbg_init(&state_, &br_sha256_vtable, seed.data(), seed.size());
    }

    void reseed(std::span<const u8> seed)
    {
        br_hmac_drbg_update(&state_, seed.data(), seed.size());
    }

    // Only after instantiate().
    void generate(std::span<u8> out) { br_hmac_drbg_generate(&state_, out.data(), out.size()); }

    void erase() { wipe(&state_, sizeof(state_)); }

    // Zeroes that the compiler may not leave out.
    static void wipe(void* memory, usize bytes)
    {
        std::memset(memory, 0, bytes);
        asm volatile("" : : "r"(memory) : "memory");
    }

private:
    br_hmac_drbg_context state_{};
};

}  // namespace rngd
