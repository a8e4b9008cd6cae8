// tests/host/blkd/shares_test.cpp - what large requests of one program cost others: the disk is
// shared out in bytes, too.
#include "engine_rig.hpp"

#include <random>

namespace {

constexpr u32 large_sectors = 2048;
constexpr u32 large_bytes = large_sectors * block::sector_bytes;
constexpr u32 slots = 128;
// Half of the slots, in units, and what the last request goes beyond.
constexpr u64 most_bytes = u64{slots / 2} * blkd::unit_sectors * block::sector_bytes + large_bytes;

u64 bytes_at(const FakeDisk& disk)
{
    u64 bytes = 0;
    for (const auto& each : disk.at_device)
        bytes += blkd::bytes_of(each.request);
    return bytes;
}

void gorge(Rig& rig, EngineClient& client, Op op, u64& tag)
{
    while (client.submit(op, tag, tag % 16 * large_sectors, large_sectors))
        ++tag;
    rig.work(client.kick() | client.bell());
}

}  // namespace

TEST_CASE("B19, U16: beside large requests without end, a small one waits for few bytes",
          "[blkd][engine][LC9]")
{
    Rig rig{slots};
    EngineClient greedy{16, large_bytes};
    EngineClient modest{4};
    greedy.attach(rig.engine);
    modest.attach(rig.engine);
    const auto op = GENERATE(Op::read, Op::write, Op::write_fua);
    u64 sent = 0;
    gorge(rig, greedy, op, sent);
    for (u64 round = 0; round < 50; ++round) {
        CHECK(bytes_at(rig.disk) <= most_bytes);
        CHECK(rig.disk.at_device.size() > 1);  // the disk is kept busy
        REQUIRE(modest.read(round));
        rig.work(modest.kick() | modest.bell());
        u64 before = 0;  // bytes that a disk moves first that keeps the order
        while (modest.reap().empty()) {
            before += blkd::bytes_of(rig.disk.at_device.at(0).request);
            rig.disk.end();
            rig.work(interrupt);
            (void)greedy.reap();
            gorge(rig, greedy, op, sent);
        }
        REQUIRE(before <= most_bytes + block::sector_bytes);
    }
}

TEST_CASE("sessions of one program share its bytes", "[blkd][engine]")
{
    Rig rig{slots};
    EngineClient one{16, large_bytes};
    EngineClient two{16, large_bytes};
    one.program = two.program = 3;
    one.attach(rig.engine);
    two.attach(rig.engine);
    u64 sent = 0;
    gorge(rig, one, Op::read, sent);
    gorge(rig, two, Op::read, sent);
    CHECK(bytes_at(rig.disk) <= most_bytes);
    rig.end_all();
    CHECK(one.reap().size() == 16);
    CHECK(two.reap().size() == 16);
}

TEST_CASE("a small disk takes a large request all the same", "[blkd][engine]")
{
    Rig rig{2};
    EngineClient client{4, large_bytes};
    client.attach(rig.engine);
    u64 sent = 0;
    gorge(rig, client, Op::write, sent);
    CHECK(rig.disk.at_device.size() == 1);
    rig.end_all();
    CHECK(client.reap().size() == 4);
}

TEST_CASE("whatever becomes of large requests, their share is free afterwards", "[blkd][engine]")
{
    std::mt19937 random{GENERATE(range(1U, 5U))};
    Rig rig{slots};
    EngineClient client{16, large_bytes};
    const u32 place = client.attach(rig.engine);
    u64 tag = 0;
    for (int round = 0; round < 500; ++round) {
        constexpr std::array ops{Op::read, Op::write, Op::write_fua, Op::flush};
        while (client.submit(ops[random() % ops.size()], tag, tag % 16 * large_sectors,
                             1 + random() % large_sectors))
            ++tag;
        rig.disk.refuse_next = rig.disk.at_device.empty() ? Errc::ok : Errc::would_block;
        rig.work(client.kick() | client.bell());
        if (random() % 32 == 0 && rig.engine.resets() + 1 < TestEngine::most_recoveries)
            rig.disk.lie = true;
        if (!rig.disk.at_device.empty())
            rig.disk.end(random() % rig.disk.at_device.size(),
                         random() % 8 == 0 ? Status::device_error : Status::ok);
        rig.work(interrupt);
        (void)client.reap();
    }
    rig.disk.refuse_next = Errc::ok;
    rig.end_all();
    (void)client.reap();
    CHECK(client.channel.outstanding() == 0);
    CHECK(rig.engine.share(place) == 0);
}
