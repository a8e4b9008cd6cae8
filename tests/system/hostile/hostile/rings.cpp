// hostile/rings.cpp - a session that is good, and what is written into its rings.
#include "attack.hpp"
#include "honest.hpp"

namespace hostile {

namespace {

constexpr u32 entries = 32;

void publish(const Attached& session, u32 index)
{
    __atomic_store_n(&session.page().produced.index, index, __ATOMIC_RELEASE);
    session.ring();
}

void consume(const Attached& session, u32 index)
{
    __atomic_store_n(&session.page().consumed.index, index, __ATOMIC_RELEASE);
    session.ring();
}

void wait(const Attached& session, u64 micro)
{
    session.page().consumed.wake_at = session.page().consumed.index;
    (void)sys::wait(session.bell.borrow(), sys::after(sys::microseconds(micro)));
}

// Anything, but no change of the sectors that are the honest client's.
block::Submission garbage(Target& t)
{
    block::Submission s{
        .first = block::Sector{t.nasty()},
        .count = static_cast<u32>(t.nasty()),
        .offset = static_cast<u32>(t.nasty()),
        .op = static_cast<block::Op>(t.rarely() ? t.random.next() : t.random.below(10)),
        .cookie = static_cast<u32>(t.random.next())};
    if (t.random.below(2) == 0) {  // nearly good
        s.first =
            block::Sector{t.rarely() ? t.capacity - t.random.below(4) : t.random.below(t.capacity)};
        s.count = static_cast<u32>(1 + t.random.below(16));
        s.offset = static_cast<u32>(t.random.below(64 * 8)) * 512;
    }
    if (block::changes(s.op) && s.first.raw() < honest::own_sectors)
        s.first = block::Sector{honest::own_sectors};
    return s;
}

block::Submission read_of(u32 cookie, u64 first, u32 count, u32 offset)
{
    return {.first = block::Sector{first},
            .count = count,
            .offset = offset,
            .op = block::Op::read,
            .cookie = cookie};
}

void garbage_submissions(Target& t)
{
    const auto session = attach(t);
    if (!session)
        return;
    for (u32 round = 0; round < 4; ++round) {
        for (u32 i = 0; i < entries; ++i)
            session->submission(i) = garbage(t);
        publish(*session, (round + 1) * entries);
        wait(*session, 300);
        consume(*session, (round + 1) * entries);
    }
}

// Indices that an honest producer or consumer cannot have.
void wild_indices(Target& t)
{
    const auto session = attach(t);
    if (!session)
        return;
    for (int i = 0; i < 20; ++i) {
        RingPage& page = session->page();
        for (RingSide* side : {&page.produced, &page.consumed}) {
            if (t.random.below(2) == 0)
                __atomic_store_n(&side->index, static_cast<u32>(t.nasty()), __ATOMIC_RELEASE);
            if (t.random.below(2) == 0)
                __atomic_store_n(&side->wake_at, static_cast<u32>(t.nasty()), __ATOMIC_RELEASE);
        }
        session->ring();
    }
    wait(*session, 100);
}

// The server's own page is ours too: what it wrote there changes under it.
void servers_page(Target& t)
{
    const auto session = attach(t);
    if (!session)
        return;
    const auto bytes = session->completions.mapping.bytes();
    for (int round = 0; round < 8; ++round) {
        for (u32 i = 0; i < entries; ++i)
            session->submission(i) = garbage(t);
        publish(*session, static_cast<u32>(round + 1) * 8);
        for (int i = 0; i < 32; ++i) {
            const u64 value = t.nasty();
            std::memcpy(&bytes[align_down(t.random.below(bytes.size() - 8), 8)], &value,
                        sizeof(value));
        }
        session->ring();
    }
}

// 32 reads of 4 KiB at the device; their completions are never taken, and often nobody lives to see
// them.
void in_flight(Target& t)
{
    const auto session = attach(t, {.buffer_flags = t.random.below(2)});
    if (!session)
        return;
    for (u32 i = 0; i < entries; ++i)
        session->submission(i) = read_of(i, t.random.below(t.capacity - 8), 8, i * 4096);
    publish(*session, entries);
    if (t.mortal && t.random.below(3) == 0)
        __builtin_trap();  // dies with all of it in flight
    if (t.random.below(2) == 0)
        wait(*session, 500);
}

// Bits that mean nothing, and the doorbell without end.
void doorbells(Target& t)
{
    const auto session = attach(t);
    if (!session)
        return;
    for (int i = 0; i < 200; ++i)
        (void)sys::signal(session->doorbell.borrow(), {t.random.next()});
}

// The completion ring is never emptied: the server must stop, and not wait.
void never_consumes(Target& t)
{
    const auto session = attach(t);
    if (!session)
        return;
    for (u32 round = 1; round <= 6; ++round) {
        for (u32 i = 0; i < entries; ++i)
            session->submission(i) = read_of(i, i, 1, 0);
        publish(*session, round * entries);
        wait(*session, 100);
    }
}

constexpr std::array<Attack, 6> list{{{2, garbage_submissions},
                                      {6, wild_indices},
                                      {5, servers_page},
                                      {8, in_flight},
                                      {11, doorbells},
                                      {10, never_consumes}}};

}  // namespace

const std::span<const Attack> ring_attacks{list};

}  // namespace hostile
