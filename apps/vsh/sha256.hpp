// vsh/sha256.hpp - SHA-256 by BearSSL.
#pragma once

#include <array>
#include <span>

#include <base/types.hpp>

#include <bearssl.h>

namespace vsh {

class Sha256 {
public:
    Sha256() { br_sha256_init(&state_); }

    void update(std::span<const std::byte> data)
    {
        br_sha256_update(&state_, data.data(), data.size());
    }

    std::array<u8, br_sha256_SIZE> digest() const
    {
        std::array<u8, br_sha256_SIZE> out{};
        br_sha256_out(&state_, out.data());
        return out;
    }

private:
    br_sha256_context state_{};
};

}  // namespace vsh
