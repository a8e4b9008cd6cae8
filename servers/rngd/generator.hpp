// rngd/generator.hpp - when bytes may be handed out, and when the device is asked for more. No
// device in here.
//
// Device bytes pass the health test, gather in a pool, and become a seed once there are enough of
// them: 1024 for the first seed (the start-up test of SP 800-90B, 4.3), 64 afterwards (256 bits
// even at 4 bits a byte). The DRBG asks for a reseed every 2^20 bytes or 300 s and goes on while
// the device is slow; past 16 times either it stops.
#pragma once

#include "drbg.hpp"
#include "health.hpp"

#include <algorithm>
#include <array>

#include <proto/random.hpp>

namespace rngd {

namespace random = proto::random;

class Generator {
public:
    static constexpr usize first_seed_bytes = 1024;
    static constexpr usize reseed_bytes = 64;
    static constexpr u64 reseed_after_bytes = u64{1} << 20;
    static constexpr u64 reseed_after_seconds = 300;
    static constexpr u64 patience = 16;  // times both limits above, then nothing is handed out
    static constexpr u32 failures_allowed = 2;  // of the health test, running

    // A generator that is not `sound` hands nothing out.
    explicit Generator(u64 ticks_per_second, bool sound = Drbg::gives(Drbg::known_answer))
        : ticks_per_second_{ticks_per_second}, sound_{sound}
    {
    }
    ~Generator() { Drbg::wipe(pool_.data(), pool_.size()); }
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;

    // Bytes from the device at time `now`; the caller erases its copy.
    void feed(std::span<const u8> bytes, u64 now)
    {
        device_bytes_ += bytes.size();
        if (!test_.accept(bytes)) {
            discarded_bytes_ += bytes.size() + pooled_;
            forget_pool();
            ++failures_;
            return;
        }
        const usize part = std::min(bytes.size(), pool_.size() - pooled_);
        std::memcpy(pool_.data() + pooled_, bytes.data(), part);
        pooled_ += part;
        if (pooled_ >= needed())
            seed(now);
    }

    // How many bytes to ask the device for: for a first seed, or because the last one is old. None
    // any more once the device failed, or if the generator itself is not sound.
    usize wanted(u64 now) const
    {
        const bool due =
            seeds_ == 0 || served_since_ >= reseed_after_bytes || age(now) >= lifetime();
        return due && sound_ && failures_ < failures_allowed ? needed() - pooled_ : 0;
    }

    random::Health health(u64 now) const
    {
        if (!sound_)
            return random::Health::failed;
        if (seeds_ != 0 && served_since_ < patience * reseed_after_bytes
            && age(now) < patience * lifetime())
            return random::Health::good;
        if (failures_ >= failures_allowed)
            return random::Health::failed;
        return seeds_ == 0 ? random::Health::unseeded : random::Health::stale;
    }

    // Errors: would_block (no seed, or it is too old), device_fault (and the device will not give
    // another, or the generator is not sound).
    Result<> generate(std::span<u8> out, u64 now)
    {
        switch (health(now)) {
        case random::Health::good:
            break;
        case random::Health::failed:
            return fail(Errc::device_fault);
        default:
            return fail(Errc::would_block);
        }
        drbg_.generate(out);
        served_since_ += out.size();
        served_ += out.size();
        return {};
    }

    random::Info::Reply info(u64 now) const
    {
        return {health(now), seeds_, served_, device_bytes_, discarded_bytes_};
    }

private:
    usize needed() const { return seeds_ == 0 ? first_seed_bytes : reseed_bytes; }
    u64 age(u64 now) const { return now - seeded_at_; }
    u64 lifetime() const { return reseed_after_seconds * ticks_per_second_; }

    void seed(u64 now)
    {
        drbg_.seed(std::span{pool_}.first(pooled_), now);
        forget_pool();
        ++seeds_;
        failures_ = 0;
        served_since_ = 0;
        seeded_at_ = now;
    }

    void forget_pool()
    {
        Drbg::wipe(pool_.data(), pooled_);
        pooled_ = 0;
    }

    u64 ticks_per_second_;
    bool sound_;
    HealthTest test_;
    Drbg drbg_;
    u32 seeds_ = 0;
    u32 failures_ = 0;
    u64 seeded_at_ = 0;
    u64 served_since_ = 0;
    u64 served_ = 0;
    u64 device_bytes_ = 0;
    u64 discarded_bytes_ = 0;
    usize pooled_ = 0;
    std::array<u8, first_seed_bytes> pool_{};
};

}  // namespace rngd
