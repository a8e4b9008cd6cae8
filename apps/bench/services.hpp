// bench/services.hpp - keys, random bytes, what the servers hold, and what the death of one costs,
// as a client process sees them.
#pragma once

#include "meter.hpp"

#include <input/device.hpp>
#include <proto/block.hpp>
#include <proto/names.hpp>
#include <proto/net.hpp>
#include <random/random.hpp>
#include <sys/session.hpp>

namespace bench {

// A key goes down, or up: the host sends it when it reads "PB-KEY". From going to sleep until its
// SYN_REPORT is taken.
inline Result<> keys(const sys::Startup& given)
{
    constexpr u32 count = 64;
    constexpr u32 warm = 4;
    input::Device keyboard;
    if (const auto opened = keyboard.open(given, "kbd0"); !opened)
        return opened;
    Region region;
    region.stop();
    DeviceCounts before{};
    for (u32 n = 0; n < count + warm; ++n) {
        if (n == warm) {
            const auto stats = keyboard.stats();
            if (!stats)
                return fail(stats.error());
            before = {stats->notifies, stats->accesses};
            region = Region{before};
            region.stop();
        }
        sys::out("PB-KEY");
        region.resume();
        for (auto event = keyboard.next(); !event || event->type != input::Type::syn;
             event = keyboard.next())
            if (!event)
                return fail(event.error());
        region.stop();
    }
    const auto after = keyboard.stats();
    if (!after)
        return fail(after.error());
    region.print("input.key", count, 0, {after->notifies, after->accesses});
    return {};
}

inline Result<> random_region(random_bytes::Source& source, std::string_view name, u32 bytes)
{
    constexpr u32 count = 64;
    std::array<u8, 4096> all{};
    const auto some = std::span{all}.first(bytes);
    if (const auto warm = source.fill(some); !warm)
        return warm;
    Region region;
    for (u32 n = 0; n < count; ++n)
        if (const auto done = source.fill(some); !done)
            return done;
    region.end(name, count, u64{count} * bytes);
    return {};
}

// 4 KiB as the device says them, in one request.
inline Result<> raw_reads(const sys::Startup& given)
{
    auto source = random_bytes::Source::open(given, "rng0");
    if (!source)
        return fail(source.error());
    constexpr u32 count = 64;
    const auto one = [&]() -> Result<> {
        const auto bytes = source->raw(random_bytes::Source::most_raw);
        if (!bytes)
            return fail(bytes.error());
        return bytes->size() == random_bytes::Source::most_raw ? Result<>{} : fail(Errc::no_space);
    };
    if (const auto warm = one(); !warm)
        return warm;
    Region region;
    for (u32 n = 0; n < count; ++n)
        if (const auto done = one(); !done)
            return done;
    region.end("rng.raw4k", count, u64{count} * random_bytes::Source::most_raw);
    return {};
}

inline Result<> random_reads(const sys::Startup& given)
{
    auto source = random_bytes::Source::open(given, "rng0");
    if (!source)
        return fail(source.error());
    if (const auto done = random_region(*source, "rng.read64", 64); !done)
        return done;
    return random_region(*source, "rng.read4k", 4096);
}

// All frames of init and the servers, without those that are only there to be measured.
inline Result<> resident(const sys::Startup& given)
{
    const auto init = given.grant<sys::Endpoint>("names");
    if (!init)
        return fail(init.error());
    u64 frames = 0;
    for (u32 index = 0;; ++index) {
        const auto each = sys::call<proto::names::Process>(*init, {index, 0});
        if (!each && each.error() == Errc::out_of_range)
            break;
        if (!each)
            return fail(each.error());
        if (!text::of(each->reply.binary).starts_with("bench"))
            frames += each->reply.frames_used;
    }
    text::Buffer<80> line;
    sys::out(line.put("RES 1002 memory.servers n=1").field("bytes", frames * page_bytes).view());
    return {};
}

// From asking init to kill it until the next server gave its first answer.
template <Method M>
Result<> restart(const sys::Startup& given, std::string_view server, std::string_view region_name)
{
    constexpr u32 deaths = 3;  // after that the next start is put off
    const auto init = given.grant<sys::Endpoint>("names");
    auto session = sys::connect<proto::names::Connect>(given, server);
    if (!init || !session)
        return fail(init ? session.error() : init.error());
    if (const auto warm = session->ask<M>(); !warm)
        return fail(warm.error());
    Region region;
    for (u32 n = 0; n < deaths; ++n) {
        const auto killed =
            sys::call<proto::names::Kill>(*init, {text::padded<sizeof(abi::Name)>(server)});
        if (!killed)
            return fail(killed.error());
        if (const auto answer = session->ask<M>(); !answer)
            return fail(answer.error());
    }
    region.end(region_name, deaths);
    return {};
}

inline Result<> restarts(const sys::Startup& given)
{
    if (const auto done = restart<proto::block::Info>(given, "null0", "restart.blkd"); !done)
        return done;
    if (const auto done = restart<proto::net::Info>(given, "nic0", "restart.netd"); !done)
        return done;
    if (const auto done = restart<proto::input::Info>(given, "kbd0", "restart.inputd"); !done)
        return done;
    return restart<proto::random::Info>(given, "rng0", "restart.rngd");
}

}  // namespace bench
