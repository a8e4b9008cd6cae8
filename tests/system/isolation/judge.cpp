// judge.cpp - lets the intruder attack, and sees before and after whether the six other devices are
// as they were: disks keep what is written, the source of randomness serves, STATUS registers of
// the witnesses stand.
//
// Arguments: the intruder's service; "alone" or "crowded": whether its page holds other devices;
// "scribble" (optional): a witness changes its own register instead, which has to be seen.
#include "protocol.hpp"

#include <array>

#include <block/blocking.hpp>
#include <block/pattern.hpp>
#include <proto/names.hpp>
#include <random/random.hpp>
#include <sys/log.hpp>
#include <sys/session.hpp>

namespace {

using isolation::Attack;
using isolation::Look;

constexpr std::array<std::string_view, 2> disks{"disk0", "disk1"};
constexpr std::array<std::string_view, 4> stubs{"nic0", "nic1", "kbd0", "tablet0"};
constexpr std::string_view random_source = "rng0";
constexpr u64 patience_ms = 10'000;

template <Method M>
Result<typename M::Reply> ask(const sys::Startup& given, std::string_view service)
{
    auto session = sys::connect<proto::names::Connect>(given, service);
    if (!session)
        return fail(session.error());
    return session->call<M>({}, sys::after_ms(patience_ms));
}

bool say(bool good, std::string_view what, std::string_view which)
{
    text::Buffer<160> line;
    sys::out(line.put(good ? "PASS " : "FAIL ").put(which).put(": ").put(what).view());
    return good;
}

Result<> write_and_read(const sys::Startup& given, std::string_view name, u64 seed)
{
    block::Disk disk;
    const auto deadline = sys::after_ms(patience_ms);
    if (const auto opened =
            disk.open(given, name, {.depth = 8, .buffers = 8, .buffer_bytes = 4096});
        !opened)
        return opened;
    block::Blocking io{disk};
    static std::array<std::byte, 32 * 1024> data;
    const block::Sector first{seed * data.size() / block::sector_bytes};
    block::pattern::fill(data, seed, first.raw());
    if (const auto done = io.write(first, data, deadline); !done)
        return done;
    if (const auto done = io.flush(deadline); !done)
        return done;
    data.fill({});
    if (const auto done = io.read(first, data, deadline); !done)
        return done;
    return block::pattern::mismatch(data, seed, first.raw()) ? Result<>{fail(Errc::malformed)}
                                                             : Result<>{};
}

bool random_bytes_come(const sys::Startup& given)
{
    auto source = random_bytes::Source::open(given, random_source);
    std::array<u8, 32> bytes{};
    return source && source->fill(bytes, sys::after_ms(patience_ms))
           && bytes != std::array<u8, 32>{};
}

bool status_stands(const sys::Startup& given, std::string_view witness)
{
    const auto seen = ask<Look>(given, witness);
    return seen && seen->set == seen->read && seen->set != 0;
}

// All but the intruder. `round` chooses which sectors the disks write.
bool all_serve(const sys::Startup& given, std::string_view intruder, u64 round)
{
    bool good = true;
    for (const auto disk : disks)
        if (disk != intruder)
            good &=
                say(write_and_read(given, disk, round).has_value(), "keeps what is written", disk);
    if (random_source != intruder)
        good &= say(random_bytes_come(given), "gives random bytes", random_source);
    for (const auto stub : stubs)
        if (stub != intruder)
            good &= say(status_stands(given, stub), "STATUS is as its owner left it", stub);
    return good;
}

bool attack_fails(const sys::Startup& given, std::string_view intruder, bool alone)
{
    const auto result = ask<Attack>(given, intruder);
    if (!say(result.has_value(), "attacked", intruder))
        return false;
    text::Buffer<80> what;
    what.put("all of ").number(result->attempts).put(" attempts were refused");
    bool good =
        say(result->successes == 0 && result->attempts > abi::slot_limit, what.view(), intruder);
    return good
           & say((result->mapped != 0) == alone,
                 alone ? "its page could be mapped" : "its page could not be mapped", intruder);
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const auto intruder = given.argument(0);
    const bool alone = given.argument(1) == "alone";
    bool good = all_serve(given, intruder, 1);
    for (u64 round = 2; round < 4; ++round) {
        good &= attack_fails(given, intruder, alone);
        good &= all_serve(given, intruder, round);
    }
    if (given.argument(2) == "scribble")
        (void)ask<isolation::Scribble>(given, intruder == stubs[0] ? stubs[1] : stubs[0]);
    good &=
        say(!ask<isolation::Trespass>(given, intruder), "did not survive the next page", intruder);
    good &= all_serve(given, intruder, 4);
    return good ? 0 : 1;
}
