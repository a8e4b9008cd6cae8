// tests/host/blkd/operations_test.cpp - what each operation means: flushes, writes that are durable
// at once, ranges without data; and where a session's disk begins and ends.
#include "engine_rig.hpp"

TEST_CASE("a flush goes to a disk with a cache and succeeds at once without one", "[blkd][engine]")
{
    Rig rig;
    rig.disk.cached = GENERATE(false, true);
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::flush, 1, 0));
    rig.work(client.kick());
    CHECK(rig.disk.at_device.size() == (rig.disk.cached ? 1 : 0));
    rig.end_all();
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::ok}});
}

TEST_CASE("B6: a flush that cannot reach a cache is no success", "[blkd][engine]")
{
    Rig rig;
    rig.disk.flushable = false;
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::flush, 1, 0));
    REQUIRE(client.submit(Op::write_fua, 2, 0));
    rig.work(client.kick());
    CHECK(rig.disk.at_device.empty());
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::not_supported}, {2, Errc::not_supported}});
}

TEST_CASE("a write_fua is a write and then a flush, and ends with the flush", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::write_fua, 1, 7));
    rig.work(client.kick());
    REQUIRE(rig.disk.at_device.size() == 1);
    CHECK(rig.disk.at_device[0].request.op == Op::write_fua);
    rig.disk.end();
    rig.work(interrupt);
    CHECK(client.reap().empty());
    REQUIRE(rig.disk.at_device.size() == 1);
    CHECK(rig.disk.at_device[0].request.op == Op::flush);
    const auto status = GENERATE(Status::ok, Status::device_error);
    rig.disk.end(0, status);
    rig.work(interrupt);
    CHECK(client.reap()
          == std::map<u64, Errc>{{1, status == Status::ok ? Errc::ok : Errc::device_fault}});
    CHECK(rig.disk.at_device.empty());
}

TEST_CASE("a write_fua is flushed if the cache was switched on while the device had it",
          "[blkd][engine]")
{
    Rig rig;
    rig.disk.cached = GENERATE(true, false);
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::write_fua, 1, 7));
    rig.work(client.kick());
    rig.disk.cached = !rig.disk.cached;
    rig.engine.cache_switched();
    rig.disk.end();
    rig.work(interrupt);
    CHECK(client.reap().empty());
    REQUIRE(rig.disk.at_device.size() == 1);
    CHECK(rig.disk.at_device[0].request.op == Op::flush);
    rig.disk.end();
    rig.work(interrupt);
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::ok}});
}

TEST_CASE("a write_fua whose write fails, or whose flush cannot be sent, fails", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::write_fua, 1, 7));
    rig.work(client.kick());
    SECTION("the write")
    {
        rig.disk.end(0, Status::device_error);
        rig.work(interrupt);
    }
    SECTION("the flush")
    {
        rig.disk.end();
        rig.disk.refuse_next = Errc::device_fault;
        rig.work(interrupt);
    }
    SECTION("a reset between them")
    {
        rig.disk.end();
        rig.work(interrupt);
        rig.disk.needs_reset = true;
        rig.work(interrupt);
    }
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::device_fault}});
    CHECK(rig.engine.in_flight(client.place) == 0);
}

TEST_CASE("a session that ends between a write_fua's write and flush is released", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    const u32 place = client.attach(rig.engine);
    REQUIRE(client.submit(Op::write_fua, 1, 7));
    rig.work(client.kick());
    const bool flushing = GENERATE(false, true);
    rig.disk.end();
    if (flushing)
        rig.work(interrupt);
    rig.engine.end(place);
    CHECK(rig.owner.released.empty());
    if (flushing)
        rig.disk.end();
    rig.work(interrupt);
    CHECK(rig.owner.released == std::vector{place});
    CHECK(rig.disk.at_device.empty());
}

TEST_CASE("a write_fua to a disk without a cache is a write", "[blkd][engine]")
{
    Rig rig;
    rig.disk.cached = false;
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::write_fua, 1, 7));
    rig.work(client.kick());
    rig.end_all();
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::ok}});
    CHECK(rig.disk.notifies == 1);
}

TEST_CASE("a session reaches its window of the disk and nothing else",
          "[blkd][engine][hostile][LC15]")
{
    Rig rig;
    EngineClient client{16};
    client.window = {block::Sector{5000}, 100};
    client.attach(rig.engine);
    const std::map<Op, u64> lengths{{Op::read, 1},         {Op::write, 1},
                                    {Op::write_fua, 1},    {Op::discard, 8},
                                    {Op::write_zeroes, 8}, {Op::write_zeroes_unmap, 8}};
    for (const auto& [op, sectors] : lengths) {
        REQUIRE(client.submit(op, 1, 100 - sectors));
        REQUIRE(client.submit(op, 2, 101 - sectors));
        REQUIRE(client.submit(op, 3, ~u64{0} - 4999));
        rig.work(client.kick());
        REQUIRE(rig.disk.at_device.size() == 1);
        CHECK(rig.disk.at_device[0].request.first == block::Sector{5100 - sectors});
        rig.end_all();
        CHECK(client.reap()
              == std::map<u64, Errc>{
                  {1, Errc::ok}, {2, Errc::out_of_range}, {3, Errc::out_of_range}});
    }
    CHECK(rig.disk.usual == 2);  // a read and a write
}

TEST_CASE("a flush and a serial number are of the disk, not of the window", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{16};
    client.window = {block::Sector{5000}, 100};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::flush, 1, 0));
    REQUIRE(client.submit(Op::get_id, 2, 0));
    rig.work(client.kick());
    REQUIRE(rig.disk.at_device.size() == 2);
    for (const auto& each : rig.disk.at_device)
        CHECK(each.request.first == block::Sector{0});
}

TEST_CASE("a disk that changes its size tells the sessions that it concerns", "[blkd][engine]")
{
    Rig rig;
    EngineClient whole{8};
    EngineClient part{8};
    part.window = {block::Sector{100}, 50};
    whole.attach(rig.engine);
    part.attach(rig.engine);
    rig.engine.resize(block::Sector{200'000});
    CHECK(whole.channel.new_capacity() == block::Sector{200'000});
    CHECK_FALSE(part.channel.new_capacity());
    CHECK(rig.owner.rings == std::map<u32, u32>{{whole.place, 1}});
    rig.engine.resize(block::Sector{120});
    CHECK(part.channel.new_capacity() == block::Sector{20});
    REQUIRE(part.submit(Op::read, 1, 20));
    REQUIRE(part.submit(Op::read, 2, 19));
    rig.work(part.kick());
    CHECK(part.reap() == std::map<u64, Errc>{{1, Errc::out_of_range}});
    rig.owner.rings.clear();
    rig.engine.resize(block::Sector{90});
    CHECK(part.channel.new_capacity() == block::Sector{0});
    CHECK(rig.owner.rings == std::map<u32, u32>{{whole.place, 1}, {part.place, 1}});
}

TEST_CASE("B14, B15: what has no data reaches the disk with its range", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    client.attach(rig.engine);
    const Op op = GENERATE(Op::discard, Op::write_zeroes, Op::write_zeroes_unmap);
    REQUIRE(client.submit(op, 1, 16));
    rig.work(client.kick());
    REQUIRE(rig.disk.at_device.size() == 1);
    CHECK(rig.disk.at_device[0].request.op == op);
    CHECK(rig.disk.at_device[0].request.first == block::Sector{16});
    CHECK(rig.disk.at_device[0].request.count == 8);
    rig.end_all();
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::ok}});
}

TEST_CASE("a disk that shrinks refuses what lies beyond its new end", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    client.attach(rig.engine);
    rig.engine.resize(block::Sector{10});
    REQUIRE(client.read(10));
    REQUIRE(client.read(9));
    rig.work(client.kick());
    CHECK(client.reap() == std::map<u64, Errc>{{10, Errc::out_of_range}});
    rig.end_all();
    CHECK(client.reap() == std::map<u64, Errc>{{9, Errc::ok}});
    CHECK(rig.disk.usual == 1);
}

TEST_CASE("a disk that grows serves what lies beyond its old end", "[blkd][engine]")
{
    Rig rig;
    EngineClient first{8};
    EngineClient second{8};
    for (EngineClient* client : {&first, &second}) {
        client->attach(rig.engine);
        REQUIRE(client->submit(Op::read, 1, EngineClient::capacity));
        rig.work(client->kick());
        CHECK(client->reap() == std::map<u64, Errc>{{1, Errc::out_of_range}});
    }
    rig.engine.resize(block::Sector{EngineClient::capacity + 1});
    for (EngineClient* client : {&first, &second}) {
        REQUIRE(client->submit(Op::read, 2, EngineClient::capacity));
        REQUIRE(client->submit(Op::read, 3, EngineClient::capacity + 1));
        rig.work(client->kick());
        CHECK(client->reap() == std::map<u64, Errc>{{3, Errc::out_of_range}});
        rig.end_all();
        CHECK(client->reap() == std::map<u64, Errc>{{2, Errc::ok}});
    }
    CHECK(rig.disk.usual == 2);
}
