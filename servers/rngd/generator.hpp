// rngd/generator.hpp - when bytes may be handed out, and when sources are asked for more. No device
// in here.
//
// Device bytes pass the health test, gather in a pool, and become a seed once there are enough of
// them: 1024 for the first seed (the start-up test of SP 800-90B, 4.3), 64 afterwards (256 bits
// even at 4 bits a byte). What a peer gives, another generator, is mixed in at once, but hands
// bytes out only once the device gave its first seed, failed, or was late with it: a peer alone
// knows what it gave, so it is trusted alone only where there is nothing else. Each source is asked
// for a reseed every 2^20 bytes or 300 s, and each seed is mixed into what there was; past 16 times
// either limit since the last seed of any source nothing is handed out.
#pragma once

#include "drbg.hpp"
#include "health.hpp"
#include "peers.hpp"

#include <algorithm>
#include <array>

#include <proto/random.hpp>

namespace rngd {

class Generator {
public:
    static constexpr usize first_seed_bytes = 1024;
    static constexpr usize reseed_bytes = 64;
    static constexpr u64 reseed_after_bytes = u64{1} << 20;
    static constexpr u64 reseed_after_seconds = 300;
    static constexpr u64 patience = 16;  // times both limits above, then nothing is handed out
    static constexpr u64 late_after_seconds = 2;  // from the start: the device's first seed
    static constexpr u32 failures_allowed = 2;    // of the health test, running
    static constexpr u32 device = 0;              // the source; peer n is n + 1

    // A generator that is not `sound` hands nothing out.
    explicit Generator(u64 ticks_per_second, bool sound = Drbg::gives(Drbg::known_answer))
        : ticks_per_second_{ticks_per_second}, sound_{sound}
    {
    }
    ~Generator() { Drbg::wipe(pool_.data(), pool_.size()); }
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;

    // The device is asked for the first time.
    void begin(u64 now) { began_ = now; }

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
        std::copy_n(bytes.begin(), part, pool_.begin() + static_cast<std::ptrdiff_t>(pooled_));
        pooled_ += part;
        if (pooled_ >= needed()) {
            failures_ = 0;
            seed(device, std::span{pool_}.first(pooled_), now);
            forget_pool();
        }
    }

    // Bytes of a peer's generator; the caller erases its copy.
    void mix(u32 source, std::span<const u8> bytes, u64 now) { seed(source, bytes, now); }

    // How many bytes to ask the device for: for a first seed, or because the last one is old. None
    // any more once the device failed, or if the generator itself is not sound.
    usize wanted(u64 now) const
    {
        return due(device, now) && !device_failed() ? needed() - pooled_ : 0;
    }
    // A seed of this source is.
    bool due(u32 source, u64 now) const { return sound_ && !within(1, source, now); }

    bool device_failed() const { return failures_ >= failures_allowed; }
    u32 seeds(u32 source) const { return sources_[source].seeds; }
    u32 seeds() const { return seeds_; }
    u64 device_bytes() const { return device_bytes_; }
    u64 discarded_bytes() const { return discarded_bytes_; }

    // So many bytes were given since the last seed that every source should have given another.
    bool overdue() const { return served_ - served_at_seed_ >= reseed_after_bytes; }
    // Bytes that may be handed out before the next seed.
    u64 left() const
    {
        constexpr u64 all = patience * reseed_after_bytes;
        return all - std::min(all, served_ - served_at_seed_);
    }

    // When a device without a seed is late.
    u64 late_at() const { return began_ + late_after_seconds * ticks_per_second_; }

    // `hopeless`: no peer will give any.
    random::Health health(u64 now, bool hopeless = true) const
    {
        if (!sound_)
            return random::Health::failed;
        if (within(patience, device, now))
            return random::Health::good;
        for (u32 i = 1; i < sources_.size(); ++i)
            if (within(patience, i, now) && peers_suffice(now))
                return random::Health::good;
        if (device_failed() && hopeless)
            return random::Health::failed;
        return seeds_ == 0 || !peers_suffice(now) ? random::Health::unseeded
                                                  : random::Health::stale;
    }

    // Errors: would_block (no seed, or it is too old), device_fault (and there will not be another,
    // or the generator is not sound).
    Result<> generate(std::span<u8> out, u64 now, bool hopeless = true)
    {
        switch (health(now, hopeless)) {
        case random::Health::good:
            break;
        case random::Health::failed:
            return fail(Errc::device_fault);
        default:
            return fail(Errc::would_block);
        }
        drbg_.generate(out);
        served_ += out.size();
        return {};
    }

    random::Info::Reply info(u64 now, bool hopeless = true) const
    {
        return {health(now, hopeless), seeds_, served_, device_bytes_, discarded_bytes_};
    }

private:
    // The last seed of a source.
    struct Seeded {
        u32 seeds = 0;
        u64 at = 0;
        u64 served = 0;  // before it
    };

    usize needed() const { return seeds(device) == 0 ? first_seed_bytes : reseed_bytes; }

    bool peers_suffice(u64 now) const
    {
        return seeds(device) != 0 || device_failed() || now >= late_at();
    }

    // The source's last seed is younger than so many times the limits.
    bool within(u64 times, u32 source, u64 now) const
    {
        const Seeded& last = sources_[source];
        return last.seeds != 0 && served_ - last.served < times * reseed_after_bytes
               && now - last.at < times * reseed_after_seconds * ticks_per_second_;
    }

    void seed(u32 source, std::span<const u8> material, u64 now)
    {
        drbg_.seed(material, now);
        ++seeds_;
        served_at_seed_ = served_;
        sources_[source] = {sources_[source].seeds + 1, now, served_};
    }

    void forget_pool()
    {
        Drbg::wipe(pool_.data(), pooled_);
        pooled_ = 0;
    }

    u64 ticks_per_second_;
    u64 began_ = 0;
    bool sound_;
    HealthTest test_;
    Drbg drbg_;
    u32 seeds_ = 0;
    u32 failures_ = 0;
    std::array<Seeded, 1 + most_peers> sources_{};
    u64 served_ = 0;
    u64 served_at_seed_ = 0;  // of any source
    u64 device_bytes_ = 0;
    u64 discarded_bytes_ = 0;
    usize pooled_ = 0;
    std::array<u8, first_seed_bytes> pool_{};
};

}  // namespace rngd
