// tests/host/clients/disk_test.cpp - the asynchronous core, against the real server and driver over
// the device model.
#include "disk_rig.hpp"

#include <random>
#include <set>

#include <block/pattern.hpp>
#include <catch2/catch.hpp>

namespace {

constexpr block::Options options{.depth = 32, .buffers = 40, .buffer_bytes = 4096};

u8 byte_of(u64 at) { return static_cast<u8>(at * 7 + at / 512); }

void fill_medium(model::Blk& blk)
{
    for (u64 at = 0; at < blk.medium.size(); ++at)
        blk.medium[at] = byte_of(at);
}

}  // namespace

TEST_CASE("a session tells what the disk is", "[clients][block]")
{
    DiskRig rig{
        {.sectors = 5000, .block_bytes = 512, .physical_exponent = 3, .serial = "vireo-disk0"}};
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    CHECK(disk.info().capacity == block::Sector{5000});
    CHECK(disk.info().logical_block == 512);
    CHECK(disk.info().physical_block == 4096);
    CHECK(disk.write_cache());
    CHECK_FALSE(disk.read_only());
    CHECK(std::string{reinterpret_cast<const char*>(disk.info().serial.data())} == "vireo-disk0");
    disk.close();
    CHECK(rig.at_rest());
}

TEST_CASE("a buffer moves in with its request and comes back with the data", "[clients][block]")
{
    DiskRig rig{{}, {.version = GENERATE(1U, 2U)}};
    rig.bench.scattered = GENERATE(false, true);
    fill_medium(rig.blk);
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());

    auto buffer = disk.buffer();
    REQUIRE(buffer.has_value());
    REQUIRE(disk.read(77, block::Sector{9}, 8, std::move(*buffer)).has_value());
    CHECK_FALSE(buffer->valid());
    CHECK(disk.outstanding() == 1);
    auto done = disk.wait();
    REQUIRE(done.has_value());
    CHECK(done->tag == 77);
    CHECK(done->outcome == Errc::ok);
    REQUIRE(done->buffer.valid());
    for (u64 i = 0; i < 4096; ++i)
        REQUIRE(std::to_integer<u8>(done->buffer.bytes()[i]) == byte_of(9 * 512 + i));
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("thirty-two requests are in flight at once and end in any order", "[clients][block]")
{
    DiskRig rig;
    fill_medium(rig.blk);
    rig.blk.hold = true;
    rig.blk.bad_sectors = {13 * 8 + 3};
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    for (u64 tag = 0; tag < 32; ++tag)
        REQUIRE(disk.read(tag, block::Sector{tag * 8}, 8, std::move(*disk.buffer())).has_value());
    auto extra = disk.buffer();
    CHECK(disk.read(99, block::Sector{0}, 8, std::move(*extra)).error() == Errc::would_block);
    CHECK(extra->valid());
    disk.kick();
    rig.settle();
    CHECK(rig.blk.held() == 32);
    CHECK(rig.mmio.notifies == 2);  // one for the serial number, one for all of these
    CHECK(disk.stats()->notifies == 2);

    std::mt19937_64 random{5};
    std::set<u64> seen;
    while (rig.blk.held() != 0)
        rig.finish(random() % rig.blk.held());
    while (seen.size() < 32) {
        auto done = disk.wait();
        REQUIRE(done.has_value());
        REQUIRE(seen.insert(done->tag).second);
        CHECK(done->outcome == (done->tag == 13 ? Errc::device_fault : Errc::ok));
        if (done->tag != 13)
            CHECK(std::to_integer<u8>(done->buffer.bytes()[0]) == byte_of(done->tag * 4096));
    }
    CHECK(rig.world.complaints.empty());
    const auto stats = disk.stats();
    REQUIRE(stats.has_value());
    CHECK(stats->interrupts > 1);
    CHECK(stats->interrupts <= 33);
    CHECK(stats->resets == 0);
}

TEST_CASE("a deadline that passes leaves the request and its buffer where they are",
          "[clients][block]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    REQUIRE(disk.read(1, block::Sector{0}, 1, std::move(*disk.buffer())).has_value());
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(disk.outstanding() == 1);
    rig.finish(0);
    const auto done = disk.wait();
    REQUIRE(done.has_value());
    CHECK(done->tag == 1);
    CHECK(done->buffer.valid());
    CHECK(disk.wait().error() == Errc::not_found);
}

TEST_CASE("what the disk refuses has the refusal's name", "[clients][block]")
{
    DiskRig rig{{.sectors = 100, .read_only = true}};
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    CHECK(disk.read_only());
    const auto outcome = [&](auto submit) {
        REQUIRE(submit().has_value());
        auto done = disk.wait();
        REQUIRE(done.has_value());
        return done->outcome;
    };
    CHECK(outcome([&] { return disk.write(0, block::Sector{0}, 1, std::move(*disk.buffer())); })
          == Errc::read_only);
    CHECK(outcome([&] { return disk.read(0, block::Sector{100}, 1, std::move(*disk.buffer())); })
          == Errc::out_of_range);
    CHECK(
        outcome([&] { return disk.read(0, block::Sector{~u64{0}}, 8, std::move(*disk.buffer())); })
        == Errc::out_of_range);
    CHECK(outcome([&] { return disk.read(0, block::Sector{0}, 0, std::move(*disk.buffer())); })
          == Errc::bad_argument);
    auto buffer = disk.buffer();
    CHECK(disk.read(0, block::Sector{0}, 9, std::move(*buffer)).error() == Errc::too_big);
    CHECK(disk.read(0, block::Sector{0}, 1, block::Buffer{}).error() == Errc::bad_argument);
    CHECK(rig.blk.requests == 1);  // the serial number's; nothing of the above reached the device
}

TEST_CASE("a second session, and a second client, see the same disk", "[clients][block]")
{
    DiskRig rig;
    block::Disk first;
    block::Disk second;
    REQUIRE(first.open(rig.bench.startup(), "disk0", options).has_value());
    REQUIRE(
        second.open(rig.bench.startup(), "disk0", {.depth = 1, .buffers = 1, .buffer_bytes = 512})
            .has_value());
    auto buffer = first.buffer();
    block::pattern::fill(buffer->bytes(), 1, 40);
    REQUIRE(first.write(1, block::Sector{40}, 8, std::move(*buffer)).has_value());
    REQUIRE(first.wait()->outcome == Errc::ok);
    REQUIRE(second.read(2, block::Sector{41}, 1, std::move(*second.buffer())).has_value());
    auto done = second.wait();
    REQUIRE(done.has_value());
    CHECK_FALSE(block::pattern::mismatch(done->buffer.bytes(), 1, 41));
}

TEST_CASE("closing with requests in flight leaves nothing behind once they ended",
          "[clients][block][hostile]")
{
    DiskRig rig;
    rig.blk.hold = true;
    {
        block::Disk disk;
        REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
        for (u64 tag = 0; tag < 32; ++tag)
            REQUIRE(disk.write(tag, block::Sector{tag}, 1, std::move(*disk.buffer())).has_value());
        disk.kick();
        rig.settle();
    }
    CHECK(rig.blk.held() == 32);
    CHECK(rig.bench.pins() == 1);  // the device may still read the buffer
    while (rig.blk.held() != 0)
        rig.finish(0);
    rig.settle();
    CHECK(rig.at_rest());
}

TEST_CASE("whatever cannot be made on the way leaves nothing behind", "[clients][block][hostile]")
{
    for (u64 n = 0;; ++n) {
        DiskRig rig;
        rig.bench.refuse = n;
        bool opened = false;
        {
            block::Disk disk;
            opened = disk.open(rig.bench.startup(), "disk0", options).has_value();
        }
        rig.settle();
        INFO("call " << n);
        REQUIRE(rig.at_rest());
        if (opened && rig.bench.refuse != ~u64{0}) {
            CHECK(n > 20);
            break;
        }
    }
}

TEST_CASE("a machine without contiguous memory serves all the same", "[clients][block]")
{
    DiskRig rig;
    rig.bench.no_contiguous = true;
    rig.bench.scattered = true;
    fill_medium(rig.blk);
    block::Disk disk;
    REQUIRE(
        disk.open(rig.bench.startup(), "disk0", {.depth = 32, .buffers = 16, .buffer_bytes = 65536})
            .has_value());
    for (u64 tag = 0; tag < 16; ++tag)
        REQUIRE(
            disk.read(tag, block::Sector{tag * 100}, 128, std::move(*disk.buffer())).has_value());
    for (int i = 0; i < 16; ++i) {
        auto done = disk.wait();
        REQUIRE(done.has_value());
        CHECK(done->outcome == Errc::ok);
        for (u64 at : {0U, 4095U, 4096U, 65535U})
            CHECK(std::to_integer<u8>(done->buffer.bytes()[at]) == byte_of(done->tag * 51200 + at));
    }
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("a buffer that is too large for its disk is refused at the start", "[clients][block]")
{
    DiskRig rig;
    rig.bench.scattered = true;
    block::Disk disk;
    CHECK(disk.open(rig.bench.startup(), "disk0",
                    {.depth = 2, .buffers = 2, .buffer_bytes = 256 * 1024})
              .error()
          == Errc::too_big);
    CHECK(disk.open(rig.bench.startup(), "disk9", options).error() == Errc::not_found);
    CHECK(disk.open(rig.bench.startup(), "disk0", {.depth = 0}).error() == Errc::bad_argument);
    CHECK(disk.open(rig.bench.startup(), "disk0", {.depth = 257}).error() == Errc::bad_argument);
    CHECK(disk.open(rig.bench.startup(), "disk0", {.buffers = 0}).error() == Errc::bad_argument);
    CHECK(disk.open(rig.bench.startup(), "disk0", {.buffer_bytes = 100}).error()
          == Errc::bad_argument);
    CHECK(rig.at_rest());
}

TEST_CASE("a lost server ends every request, and buffers that it may still use stay away",
          "[clients][block]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    for (u64 tag = 0; tag < 3; ++tag)
        REQUIRE(disk.read(tag, block::Sector{tag}, 1, std::move(*disk.buffer())).has_value());
    bool told = false;
    rig.bench.pump = [&] {
        if (rig.pump())
            return true;
        if (told)
            return false;
        told = true;
        rig.bench.given_up = true;
        rig.bench.raise(disk.notification().slot, abi::Bits::at(1));
        return true;
    };
    for (int i = 0; i < 3; ++i) {
        const auto done = disk.wait();
        REQUIRE(done.has_value());
        CHECK(done->outcome == Errc::gave_up);
        CHECK_FALSE(done->buffer.valid());
    }
    CHECK(disk.flush(1).error() == Errc::gave_up);
}

TEST_CASE("a session is taken up with the next server, and a false alarm changes nothing",
          "[clients][block]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    REQUIRE(disk.read(1, block::Sector{1}, 1, std::move(*disk.buffer())).has_value());
    const auto look = [&] { rig.bench.raise(disk.notification().slot, abi::Bits::at(1)); };
    SECTION("anew")
    {
        rig.bench.gain_server();  // it is the same one, but who is to know
        rig.blk.hold = false;
        const auto done = disk.wait();
        REQUIRE(done.has_value());
        CHECK(done->tag == 1);
        CHECK(done->outcome == Errc::ok);
        CHECK(done->buffer.valid());
        CHECK(disk.restarts() == 1);
    }
    SECTION("a false alarm")
    {
        look();
        CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
        rig.finish(0);
        const auto done = disk.wait();
        REQUIRE(done.has_value());
        CHECK(done->outcome == Errc::ok);
        CHECK(done->buffer.valid());
        CHECK(disk.restarts() == 0);
    }
    SECTION("nobody yet: a deadline is kept, and nothing is lost")
    {
        rig.bench.lose_server();
        CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
        CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
        CHECK(disk.flush(2).has_value());
        CHECK(disk.outstanding() == 2);
        rig.blk.hold = false;
        rig.bench.gain_server();
        CHECK(disk.wait()->tag == 1);
        CHECK(disk.wait()->tag == 2);
    }
}

TEST_CASE("buffers that hold no block of the disk are refused at the start", "[clients][block]")
{
    DiskRig rig{{.block_bytes = 4096}};
    block::Disk disk;
    CHECK(disk.open(rig.bench.startup(), "disk0",
                    {.depth = 2, .buffers = 2, .buffer_bytes = 4096 - 512})
              .error()
          == Errc::bad_argument);
    CHECK(rig.at_rest());
    CHECK(disk.open(rig.bench.startup(), "disk0", {.depth = 2, .buffers = 2, .buffer_bytes = 4096})
              .has_value());
}

TEST_CASE("an Attach that is not answered in time is made good for by the next wait",
          "[clients][block]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    REQUIRE(disk.write(1, block::Sector{1}, 1, std::move(*disk.buffer())).has_value());
    bool answers = false;
    rig.bench.receives = [&] { return answers; };
    rig.bench.pump = [] { return false; };
    rig.bench.gain_server();  // it is the same one, but who is to know
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(disk.outstanding() == 1);
    answers = true;
    rig.bench.pump = [&] { return rig.pump(); };
    rig.blk.hold = false;
    CHECK(disk.wait()->tag == 1);
    CHECK(disk.restarts() == 1);
    disk.close();
    CHECK(rig.at_rest());
}

TEST_CASE("B11: nobody hears of a request that was cancelled, and its buffer comes back with it",
          "[clients][block][LD23]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    const block::Options small{.depth = 4, .buffers = 2, .buffer_bytes = 4096};
    REQUIRE(disk.open(rig.bench.startup(), "disk0", small).has_value());
    REQUIRE(disk.read(1, block::Sector{0}, 1, *disk.buffer()).has_value());
    REQUIRE(disk.read(2, block::Sector{1}, 1, *disk.buffer()).has_value());
    REQUIRE(disk.flush(3).has_value());
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(disk.cancel(1).has_value());
    CHECK(disk.cancel(3).has_value());
    CHECK(disk.cancel(1).error() == Errc::not_found);
    CHECK(disk.cancel(7).error() == Errc::not_found);
    CHECK(disk.outstanding() == 3);
    CHECK_FALSE(disk.buffer().has_value());  // the device has them
    CHECK(rig.driver.notifies() == 2);       // and was not reset: the serial number, the batch
    CHECK(rig.server->next_deadline() == abi::never);
    rig.finish(0);
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(disk.buffer().has_value());
    rig.finish(1);
    rig.finish(0);
    const auto done = disk.wait();
    REQUIRE(done.has_value());
    CHECK(done->tag == 2);
    CHECK(disk.wait().error() == Errc::not_found);
    CHECK(disk.outstanding() == 0);
    CHECK(disk.stats()->resets == 0);
    CHECK(rig.world.complaints.empty());
}

TEST_CASE("what was cancelled is not sent to the next server", "[clients][block]")
{
    DiskRig rig;
    block::Disk disk;
    const block::Options small{.depth = 4, .buffers = 4, .buffer_bytes = 4096};
    REQUIRE(disk.open(rig.bench.startup(), "disk0", small).has_value());
    rig.blk.hold = true;
    REQUIRE(disk.write(1, block::Sector{0}, 1, *disk.buffer()).has_value());
    REQUIRE(disk.write(2, block::Sector{1}, 1, *disk.buffer()).has_value());
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    rig.bench.lose_server();
    CHECK(disk.wait(sys::after_ms(1)).error() == Errc::timed_out);
    REQUIRE(disk.write(3, block::Sector{2}, 1, *disk.buffer()).has_value());
    REQUIRE(disk.flush(4).has_value());
    CHECK(disk.cancel(1).has_value());  // was sent
    CHECK(disk.cancel(3).has_value());  // waits in line
    CHECK(disk.outstanding() == 4);
    while (rig.blk.held() != 0)
        rig.finish(0);
    rig.blk.hold = false;
    const u64 before = rig.blk.requests;
    rig.bench.gain_server();
    CHECK(disk.wait()->tag == 2);
    CHECK(disk.wait()->tag == 4);
    CHECK(disk.wait().error() == Errc::not_found);
    CHECK(disk.outstanding() == 0);
    CHECK(rig.blk.requests == before + 2);
    std::vector<block::Buffer> buffers;
    for (int i = 0; i < 4; ++i)
        buffers.push_back(disk.buffer().value());
}

TEST_CASE("however short its deadlines, a session gets past a restart", "[clients][block]")
{
    DiskRig rig;
    rig.blk.hold = true;
    block::Disk disk;
    REQUIRE(disk.open(rig.bench.startup(), "disk0", options).has_value());
    REQUIRE(disk.read(1, block::Sector{1}, 1, *disk.buffer()).has_value());
    rig.bench.lose_server();
    CHECK(disk.wait(abi::now).error() == Errc::timed_out);
    CHECK(disk.wait(abi::now).error() == Errc::timed_out);
    rig.blk.hold = false;
    rig.bench.gain_server();
    Errc why = Errc::timed_out;
    for (int i = 0; i < 100 && why == Errc::timed_out; ++i) {
        const auto done = disk.wait(abi::now);
        why = done ? done->outcome : done.error();
        rig.settle();
    }
    CHECK(why == Errc::ok);
    CHECK(disk.restarts() == 1);
}
