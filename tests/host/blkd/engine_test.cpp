// tests/host/blkd/engine_test.cpp - requests between several clients and a disk that ends them as
// the test says.
#include "engine_rig.hpp"

#include <random>
#include <set>

TEST_CASE("a request reaches the disk and its completion the client", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{32};
    client.attach(rig.engine);
    REQUIRE(client.read(7));
    const auto bell = client.kick();
    CHECK(bell == client.bell());

    rig.work(bell);
    REQUIRE(rig.disk.at_device.size() == 1);
    CHECK(rig.disk.at_device[0].request.first == block::Sector{7});
    CHECK(client.reap().empty());

    REQUIRE(client.channel.arm());
    rig.disk.end();
    rig.work(interrupt);
    CHECK(rig.owner.rings[client.place] == 1);
    CHECK(client.reap() == std::map<u64, Errc>{{7, Errc::ok}});
}

TEST_CASE("a usual request says to the disk what it would say otherwise", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    const bool usual = GENERATE(true, false);
    if (!usual)
        client.max_bytes = 4096;
    client.window = {block::Sector{5000}, 100};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::read, 1, 7));
    REQUIRE(client.submit(Op::write, 2, 90, 8));
    rig.work(client.kick());
    CHECK(rig.disk.usual == (usual ? 2 : 0));
    REQUIRE(rig.disk.at_device.size() == 2);
    const auto& [read, write] = std::tie(rig.disk.at_device[0], rig.disk.at_device[1]);
    CHECK(read.request.op == Op::read);
    CHECK(read.request.first == block::Sector{5007});
    CHECK(read.request.count == 1);
    CHECK(write.request.op == Op::write);
    CHECK(write.request.first == block::Sector{5090});
    CHECK(write.request.count == 8);
    CHECK(client.submission(0).offset != client.submission(1).offset);
    CHECK(read.data == EngineClient::data + Bytes{client.submission(0).offset});
    CHECK(write.data == EngineClient::data + Bytes{client.submission(1).offset});
    rig.end_all();
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::ok}, {2, Errc::ok}});
}

TEST_CASE("thirty-two requests of a batch cost one doorbell, one notify and one wake-up",
          "[blkd][engine]")
{
    Rig rig;
    EngineClient client{32};
    client.attach(rig.engine);
    for (u64 tag = 0; tag < 32; ++tag)
        REQUIRE(client.read(tag));
    rig.work(client.kick());
    CHECK(rig.disk.at_device.size() == 32);
    CHECK(rig.disk.usual == 32);
    CHECK(rig.disk.notifies == 1);

    REQUIRE(client.channel.arm());
    rig.disk.end_all();
    rig.work(interrupt);
    CHECK(rig.owner.rings[client.place] == 1);
    CHECK(client.reap().size() == 32);
}

TEST_CASE("completions in any order, and errors, belong to their own requests", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{32};
    client.attach(rig.engine);
    for (u64 tag = 0; tag < 32; ++tag)
        REQUIRE(client.read(tag));
    rig.work(client.kick());
    while (!rig.disk.at_device.empty()) {
        const usize last = rig.disk.at_device.size() - 1;
        rig.disk.end(last, rig.disk.at_device[last].request.first.raw() == 13 ? Status::device_error
                                                                              : Status::ok);
    }
    rig.work(interrupt);
    const auto done = client.reap();
    REQUIRE(done.size() == 32);
    for (const auto& [tag, outcome] : done)
        CHECK(outcome == (tag == 13 ? Errc::device_fault : Errc::ok));
}

TEST_CASE("what is refused never reaches the disk", "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    client.attach(rig.engine);
    REQUIRE(client.submit(Op::read, 1, EngineClient::capacity));
    REQUIRE(client.submit(Op::read, 2, 5));
    rig.work(client.kick());
    CHECK(rig.disk.at_device.size() == 1);
    CHECK(rig.disk.usual == 1);
    CHECK(client.reap() == std::map<u64, Errc>{{1, Errc::out_of_range}});
}

TEST_CASE("sessions take turns, and one cannot fill the disk", "[blkd][engine]")
{
    Rig rig{32};
    EngineClient greedy{128};
    EngineClient modest{4};
    greedy.attach(rig.engine);
    modest.attach(rig.engine);
    for (u64 tag = 0; tag < 128; ++tag)
        REQUIRE(greedy.read(tag));
    rig.work(greedy.kick());
    CHECK(rig.disk.at_device.size() == 16);

    REQUIRE(modest.read(50'000));
    rig.work(modest.kick());
    CHECK(rig.disk.at_device.size() == 17);
    rig.end_all();
    CHECK(greedy.reap().size() == 128);
    CHECK(modest.reap().size() == 1);
}

TEST_CASE(
    "B19, U16: beside a client that never stops, a request waits for half of the disk at most",
    "[blkd][engine][LC9][LC11]")
{
    Rig rig{32};
    EngineClient greedy{128};
    EngineClient modest{4};
    greedy.attach(rig.engine);
    modest.attach(rig.engine);
    u64 sent = 0;
    const auto gorge = [&] {
        while (greedy.read(sent))
            ++sent;
        rig.work(greedy.kick() | greedy.bell());
    };
    gorge();
    for (u64 round = 0; round < 100; ++round) {
        REQUIRE(modest.read(round));
        rig.work(modest.kick() | modest.bell());
        u32 before = 0;  // what the disk ends first, in the order in which it got them
        while (modest.reap().empty()) {
            REQUIRE(before++ <= 16);
            rig.disk.end();
            rig.work(interrupt);
            (void)greedy.reap();
            gorge();
        }
    }
}

TEST_CASE("sessions of one program have half of the disk together", "[blkd][engine]")
{
    Rig rig{32};
    std::vector<std::unique_ptr<EngineClient>> greedy;
    abi::Bits bells{};
    for (u32 i = 0; i < 3; ++i) {
        greedy.push_back(std::make_unique<EngineClient>(64U));
        greedy.back()->program = 5;
        greedy.back()->attach(rig.engine);
        for (u64 tag = 0; tag < 64; ++tag)
            REQUIRE(greedy.back()->read(tag));
        bells = bells | greedy.back()->kick();
    }
    rig.work(bells);
    CHECK(rig.disk.at_device.size() == 16);

    EngineClient modest{16};
    modest.attach(rig.engine);
    for (u64 tag = 0; tag < 16; ++tag)
        REQUIRE(modest.read(tag));
    rig.work(modest.kick());
    CHECK(rig.disk.at_device.size() == 32);
    rig.end_all();
    CHECK(modest.reap().size() == 16);
    for (const auto& client : greedy)
        CHECK(client->reap().size() == 64);

    // With its peers gone a session has their share.
    rig.engine.end(greedy[1]->place);
    rig.engine.end(greedy[2]->place);
    for (u64 tag = 100; tag < 164; ++tag)
        REQUIRE(greedy[0]->read(tag));
    rig.work(greedy[0]->kick());
    CHECK(rig.disk.at_device.size() == 16);
    rig.end_all();
    CHECK(greedy[0]->reap().size() == 64);
}

TEST_CASE("under load each of several sessions gets its share", "[blkd][engine]")
{
    Rig rig{16};
    std::vector<std::unique_ptr<EngineClient>> clients;
    for (u32 i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<EngineClient>(64U));
        clients.back()->attach(rig.engine);
        for (u64 tag = 0; tag < 64; ++tag)
            REQUIRE(clients.back()->read(tag));
    }
    abi::Bits bells{};
    for (const auto& client : clients)
        bells = bells | client->kick();
    rig.work(bells);

    u64 served = 0;
    while (served < 256) {
        served += rig.disk.at_device.size();
        rig.disk.end_all();
        rig.work(interrupt);
    }
    for (const auto& client : clients) {
        const auto count = client->reap().size();
        CHECK(count >= 24);
        CHECK(count <= 40);
    }
}

TEST_CASE("more sessions than doorbell bits share them and are all served", "[blkd][engine]")
{
    Rig rig;
    std::vector<std::unique_ptr<EngineClient>> clients;
    while (rig.engine.vacant()) {
        clients.push_back(std::make_unique<EngineClient>(2U));
        clients.back()->attach(rig.engine);
    }
    REQUIRE(clients.size() == blkd::max_sessions);
    CHECK(clients[0]->bell() == clients[blkd::doorbell_bits]->bell());

    for (u32 i : {0U, blkd::doorbell_bits}) {
        REQUIRE(clients[i]->read(i));
        rig.work(clients[i]->kick());
        CHECK(rig.disk.at_device.size() == 1);
        rig.end_all();
        CHECK(clients[i]->reap().size() == 1);
    }
    for (const auto& client : clients)
        REQUIRE(client->read(3));
    abi::Bits bells{};
    for (const auto& client : clients)
        bells = bells | client->kick();
    rig.work(bells);
    rig.end_all();
    for (const auto& client : clients)
        CHECK(client->reap().size() == 1);
}

TEST_CASE("a client that consumes no completions stops itself only", "[blkd][engine][LC10]")
{
    Rig rig;
    EngineClient lazy{4};
    EngineClient busy{4};
    lazy.attach(rig.engine);
    busy.attach(rig.engine);
    for (u64 tag = 0; tag < 4; ++tag)
        REQUIRE(lazy.read(tag));
    rig.work(lazy.kick());
    rig.end_all();

    // Four completions lie there; four more submissions break the rule, and wait.
    auto& page = lazy.client_page();
    for (u32 i = 0; i < 4; ++i)
        lazy.submission(i).cookie = 100 + i;
    ring::store_release(page.produced.index, 8);
    rig.work(lazy.bell());
    CHECK(rig.disk.at_device.empty());
    CHECK_FALSE(rig.engine.hungry());
    REQUIRE(busy.read(9));
    rig.work(busy.kick());
    rig.end_all();
    CHECK(busy.reap().size() == 1);

    // Two places come free, and the doorbell says so.
    ring::store_release(page.consumed.index, 2);
    rig.work(lazy.bell());
    CHECK(rig.disk.at_device.size() == 2);
    CHECK(lazy.server_page().closed == 0);
}

TEST_CASE("a broken ring index closes that session alone", "[blkd][engine][hostile][LC6]")
{
    Rig rig;
    EngineClient liar{8};
    EngineClient honest{8};
    liar.attach(rig.engine);
    honest.attach(rig.engine);
    REQUIRE(liar.read(1));
    REQUIRE(honest.read(2));
    rig.work(liar.kick() | honest.kick());
    REQUIRE(rig.disk.at_device.size() == 2);

    SECTION("more submissions than the ring has entries")
    {
        ring::store(liar.client_page().produced.index, 1 + 9);
    }
    SECTION("submissions taken back") { ring::store(liar.client_page().produced.index, 0); }
    SECTION("completions consumed that were never made")
    {
        ring::store(liar.client_page().consumed.index, 5);
    }
    SECTION("an index near 2^32") { ring::store(liar.client_page().produced.index, ~0U); }
    rig.work(liar.bell());
    CHECK(liar.server_page().closed == static_cast<u32>(Errc::malformed));
    CHECK(rig.owner.rings[liar.place] == 1);
    CHECK(rig.owner.released.empty());  // its request is still at the device
    CHECK_FALSE(liar.channel.arm());
    CHECK(liar.channel.lost() == Errc::malformed);

    rig.end_all();
    CHECK(rig.owner.released == std::vector{liar.place});
    CHECK(honest.reap() == std::map<u64, Errc>{{2, Errc::ok}});
    REQUIRE(honest.read(3));
    rig.work(honest.kick());
    rig.end_all();
    CHECK(honest.reap() == std::map<u64, Errc>{{3, Errc::ok}});
}

TEST_CASE("a session that ends with requests in flight is released with the last of them",
          "[blkd][engine][hostile][LC8]")
{
    Rig rig;
    EngineClient client{32};
    const u32 place = client.attach(rig.engine);
    for (u64 tag = 0; tag < 32; ++tag)
        REQUIRE(client.read(tag));
    rig.work(client.kick());
    rig.engine.end(place);
    CHECK_FALSE(rig.engine.is_open(place));
    CHECK(rig.engine.vacant() != place);

    for (int i = 0; i < 31; ++i) {
        rig.disk.end(rig.disk.at_device.size() / 2);
        rig.work(interrupt);
        REQUIRE(rig.owner.released.empty());
    }
    rig.disk.end();
    rig.work(interrupt);
    CHECK(rig.owner.released == std::vector{place});
    CHECK(rig.engine.vacant() == place);
    CHECK(client.reap().empty());
}

TEST_CASE("a request that the driver cannot take yet is sent when something ended",
          "[blkd][engine]")
{
    Rig rig;
    EngineClient client{8};
    const u32 place = client.attach(rig.engine);
    REQUIRE(client.read(1));
    rig.work(client.kick());
    rig.disk.refuse_next = Errc::would_block;
    REQUIRE(client.read(2));
    REQUIRE(client.read(3));
    rig.work(client.kick());
    CHECK(rig.disk.at_device.size() == 1);
    CHECK_FALSE(rig.engine.hungry());

    SECTION("in its turn")
    {
        rig.end_all();
        CHECK(client.reap().size() == 3);
    }
    SECTION("or not at all, if its session ended meanwhile")
    {
        rig.engine.end(place);
        CHECK(rig.owner.released.empty());
        rig.disk.end();
        rig.work(interrupt);
        CHECK(rig.disk.at_device.empty());
        CHECK(rig.owner.released == std::vector{place});
    }
}

TEST_CASE("a device that lies is reset, its requests fail, and work goes on",
          "[blkd][engine][hostile]")
{
    Rig rig;
    EngineClient client{32};
    client.attach(rig.engine);
    for (u64 tag = 0; tag < 20; ++tag)
        REQUIRE(client.read(tag));
    rig.work(client.kick());
    rig.disk.end(4);
    SECTION("in its ring") { rig.disk.lie = true; }
    SECTION("or says that it needs a reset") { rig.disk.needs_reset = true; }
    rig.work(interrupt);
    CHECK(rig.disk.recoveries == 1);
    rig.work(interrupt);

    const auto done = client.reap();
    REQUIRE(done.size() == 20);
    CHECK(std::ranges::count(done, Errc::ok, &std::pair<const u64, Errc>::second) == 1);
    CHECK(std::ranges::count(done, Errc::device_fault, &std::pair<const u64, Errc>::second) == 19);
    REQUIRE(client.read(30));
    rig.work(client.kick());
    rig.end_all();
    CHECK(client.reap() == std::map<u64, Errc>{{30, Errc::ok}});
}

TEST_CASE("a doorbell without a request finds what came back without an interrupt",
          "[blkd][engine][hostile][LD22]")
{
    Rig rig;
    EngineClient client{32};
    client.attach(rig.engine);
    REQUIRE(client.read(7));
    rig.work(client.kick());
    REQUIRE(client.channel.arm());
    rig.disk.end();
    rig.work({});
    CHECK(client.reap().empty());

    rig.work(client.bell());
    CHECK(rig.owner.rings[client.place] == 1);
    CHECK(client.reap() == std::map<u64, Errc>{{7, Errc::ok}});
}

TEST_CASE("a device that cannot be reset, or lies on and on, stops the server",
          "[blkd][engine][hostile]")
{
    Rig rig;
    SECTION("no reset")
    {
        rig.disk.reset_works = false;
        rig.disk.lie = true;
        CHECK(rig.engine.step(interrupt).error() == Errc::timed_out);
    }
    SECTION("no end of lies")
    {
        for (u32 i = 0; i < TestEngine::most_recoveries; ++i) {
            rig.disk.lie = true;
            REQUIRE(rig.engine.step(interrupt).has_value());
        }
        rig.disk.lie = true;
        CHECK(rig.engine.step(interrupt).error() == Errc::device_fault);
    }
}

TEST_CASE("every request of every client ends exactly once, whatever the timing", "[blkd][engine]")
{
    std::mt19937_64 random{GENERATE(range(1U, 9U))};
    Rig rig{1 + static_cast<u32>(random() % 40)};
    std::vector<std::unique_ptr<EngineClient>> clients;
    std::vector<std::set<u64>> open(5);
    for (u32 i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<EngineClient>(1U << random() % 7));
        if (i == 0)
            clients.back()->max_bytes = 512;  // none of its requests is a usual one
        clients.back()->attach(rig.engine);
    }
    const auto reap = [&](usize i) {
        for (const auto& [tag, outcome] : clients[i]->reap())
            REQUIRE(open[i].erase(tag) == 1);
    };
    u64 tag = 0;
    for (int round = 0; round < 20'000; ++round) {
        const usize i = random() % clients.size();
        switch (random() % 8) {
        case 0:
        case 1:
            if (clients[i]->read(++tag))
                open[i].insert(tag);
            break;
        case 2:
            rig.step(clients[i]->kick());
            break;
        case 3:
            if (!rig.disk.at_device.empty())
                rig.disk.end(random() % rig.disk.at_device.size());
            break;
        case 4:
            rig.step(rig.disk.ended.empty() ? abi::Bits{} : interrupt);
            break;
        case 5:
            reap(i);
            break;
        case 6:
            if (random() % 64 == 0 && rig.disk.recoveries < TestEngine::most_recoveries) {
                rig.disk.lie = true;
                rig.step(interrupt);
            } else {
                rig.disk.refuse_next = rig.disk.at_device.empty() ? Errc::ok : Errc::would_block;
            }
            break;
        default:
            (void)clients[i]->channel.arm();
            break;
        }
    }
    for (int round = 0; round < 4; ++round) {
        for (usize i = 0; i < clients.size(); ++i)
            rig.work(clients[i]->kick());
        rig.work(interrupt);
        rig.end_all();
        for (usize i = 0; i < clients.size(); ++i)
            reap(i);
    }
    for (const auto& left : open)
        CHECK(left.empty());
    CHECK(rig.disk.usual != 0);
}
