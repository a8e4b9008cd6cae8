// tests/host/libvirtio/gpu_test.cpp - graphics commands have the bytes of the specification, and
// their answers are checked.
#include "by_hand.hpp"

#include <set>

#include <virtio/gpu.hpp>

using namespace virtio;
using namespace virtio::gpu;
using model::Lie;

namespace {

struct Rig : ByHandRig<gpu::Driver<model::Mmio>> {
    static constexpr u16 cursor = 1;

    explicit Rig(model::MmioOptions options = {}, u64 features = 2)
        : ByHandRig{{.type = 16,
                     .features = features,
                     .queues = 2,
                     .config = {0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0},
                     .widths = {{0, 4}, {4, 4}, {8, 4}, {12, 4}},
                     .writable = {4}},
                    options}
    {
    }

    Result<> start(Options options = {}) { return driver.start(device, memory, options); }

    // The next command's body, answered with `type`, its own fence and `payload`.
    Octets answer(Response type, const Octets& payload = {}, std::optional<u32> told = {})
    {
        (void)driver.kick();
        Octets body;
        mmio.act([&](auto& queue) {
            const auto chain = got(queue.pop());
            const Octets request = read(chain);
            std::memcpy(&header, request.data(), sizeof header);
            body.assign(request.begin() + sizeof header, request.end());
            Header response{static_cast<u32>(type), header.flags, header.fence_id, 0, 0};
            if (alter)
                alter(response);
            const Octets all = octets(response) + payload;
            write(chain, all);
            queue.push(chain, told.value_or(static_cast<u32>(all.size())));
        });
        return body;
    }
    Done done() { return got(driver.take()).value(); }
    Outcome outcome(Response type, const Octets& payload = {}, std::optional<u32> told = {})
    {
        (void)answer(type, payload, told);
        return done().outcome;
    }

    Header header{};                               // of the last command
    std::function<void(Header&)> alter = nullptr;  // changes responses
};

constexpr Resource one{1};
constexpr Rect screen{0, 0, 640, 480};

}  // namespace

TEST_CASE("a screen is set up, drawn and shown", "[libvirtio][gpu][G1][G4][G5][G6][G12]")
{
    Rig rig{{.version = GENERATE(1u, 2u), .event_idx = GENERATE(true, false)}};
    REQUIRE(rig.start().has_value());
    CHECK(rig.driver.scanouts() == 2);
    std::set<u64> fences;
    const auto check = [&](Result<> sent, u32 type, const Octets& body) {
        REQUIRE(sent.has_value());
        CHECK(rig.answer(Response::ok_nodata) == body);
        CHECK((rig.header.type == type && rig.header.flags == 1 && rig.header.ctx_id == 0));
        CHECK(fences.insert(rig.header.fence_id).second);
        const Done done = rig.done();
        CHECK((done.tag == 7 && done.outcome == Outcome::ok));
        CHECK(static_cast<u32>(done.command) == type);
    };
    using Words = std::array<u32, 4>;
    const Octets rect = octets(Words{0, 0, 640, 480});
    const std::array runs{Run{DeviceAddr{0x1'0000'0000}, 4096}, Run{DeviceAddr{0x2000}, 12}};
    check(rig.driver.create(7, one, Format::b8g8r8x8, 640, 480), 0x101,
          octets(Words{1, 2, 640, 480}));
    check(rig.driver.attach(7, one, runs), 0x106,
          octets(std::array<u32, 2>{1, 2}) + octets(Words{0, 1, 4096, 0})
              + octets(Words{0x2000, 0, 12, 0}));
    check(rig.driver.set_scanout(7, 1, one, screen), 0x103,
          rect + octets(std::array<u32, 2>{1, 1}));
    check(rig.driver.transfer(7, one, screen, 0x1'0000'0004), 0x105,
          rect + octets(Words{4, 1, 1, 0}));
    check(rig.driver.flush(7, one, screen), 0x104, rect + octets(std::array<u32, 2>{1, 0}));
    check(rig.driver.detach(7, one), 0x107, octets(std::array<u32, 2>{1, 0}));
    check(rig.driver.unref(7, one), 0x102, octets(std::array<u32, 2>{1, 0}));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("displays and their EDID are told", "[libvirtio][gpu][G3][G9][G11]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    Displays displays{};
    displays[0] = {{0, 0, 1024, 768}, 1, 0};
    displays[1] = {{1024, 0, 800, 600}, 0, 0};
    REQUIRE(rig.driver.get_display_info(1).has_value());
    CHECK(rig.outcome(Response::ok_display_info, octets(displays)) == Outcome::ok);
    REQUIRE(rig.driver.displays().size() == 2);
    CHECK(rig.driver.displays()[0].rect == Rect{0, 0, 1024, 768});
    CHECK((rig.driver.displays()[0].enabled == 1 && rig.driver.displays()[1].enabled == 0));

    Edid edid{.size = 128, .padding = 0, .bytes = {}};
    edid.bytes[127] = std::byte{9};
    REQUIRE(rig.driver.get_edid(2, 1).has_value());
    CHECK(rig.answer(Response::ok_edid, octets(edid)) == octets(std::array<u32, 2>{1, 0}));
    CHECK(rig.done().outcome == Outcome::ok);
    CHECK((rig.driver.edid().size() == 128 && rig.driver.edid()[127] == std::byte{9}));
    edid.size = GENERATE(1025u, 0xffff'ffffu);
    REQUIRE(rig.driver.get_edid(2, 0).has_value());
    CHECK(rig.outcome(Response::ok_edid, octets(edid)) == Outcome::ok);
    CHECK(rig.driver.edid().size() == 1024);
    CHECK(rig.driver.get_edid(2, 2).error() == Errc::out_of_range);
    CHECK(kept_the_rules(rig.world));
    Rig without{{}, 0};
    REQUIRE(without.start().has_value());
    CHECK(without.driver.get_edid(1, 0).error() == Errc::not_supported);
}

TEST_CASE("a display that changes is seen once", "[libvirtio][gpu][G3]")
{
    Rig rig;
    CHECK_FALSE(rig.driver.display_changed());
    REQUIRE(rig.start().has_value());
    CHECK_FALSE(rig.driver.display_changed());
    rig.hand.config()[0] = 1;
    CHECK(rig.driver.display_changed());
    CHECK(rig.hand.config()[4] == 1);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a cursor is shown and moved, without answers", "[libvirtio][gpu][G2][G10]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    for (u32 i = 0; i < 100; ++i) {
        REQUIRE(rig.driver.update_cursor(1, 10, 20, Resource{5}, 3, 4).has_value());
        REQUIRE(rig.driver.move_cursor(0, 11, 21).has_value());
        (void)rig.driver.kick();
        const Octets header = octets(Header{0x300, 0, 0, 0, 0});
        CHECK(got(rig.take(Rig::cursor))
              == header + octets(std::array<u32, 8>{1, 10, 20, 0, 5, 3, 4, 0}));
        const Octets moved = got(rig.take(Rig::cursor));
        CHECK((moved[0] == 1 && moved[1] == 3));
    }
    CHECK(rig.driver.move_cursor(2, 0, 0).error() == Errc::out_of_range);
    for (u32 i = 0; i < 16; ++i)
        REQUIRE(rig.driver.move_cursor(0, i, i).has_value());
    CHECK(rig.driver.move_cursor(0, 0, 0).error() == Errc::would_block);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("what a device refuses is told as it said it", "[libvirtio][gpu][G4]")
{
    Rig rig;
    REQUIRE(rig.start().has_value());
    const auto refused = [&rig](Response type) {
        REQUIRE(rig.driver.unref(1, one).has_value());
        return rig.outcome(type);
    };
    CHECK(refused(Response::err_unspec) == Outcome::unspecified);
    CHECK(refused(Response::err_out_of_memory) == Outcome::out_of_memory);
    CHECK(refused(Response::err_invalid_scanout_id) == Outcome::invalid_scanout);
    CHECK(refused(Response::err_invalid_resource_id) == Outcome::invalid_resource);
    CHECK(refused(Response::err_invalid_context_id) == Outcome::invalid_context);
    CHECK(refused(Response::err_invalid_parameter) == Outcome::invalid_parameter);
    CHECK_FALSE(rig.driver.broken());
}

TEST_CASE("an answer that is not one to the command is no success",
          "[libvirtio][gpu][hostile][LD4][LD10]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    const Octets displays = octets(Displays{});
    SECTION("another type")
    {
        REQUIRE(rig.driver.unref(1, one).has_value());
        const auto type = GENERATE(Response::none, Response::ok_display_info, Response::ok_edid,
                                   static_cast<Response>(0x1206), static_cast<Response>(0x102));
        CHECK(rig.outcome(type) == Outcome::device_fault);
    }
    SECTION("another fence, or none")
    {
        rig.alter = GENERATE(std::function<void(Header&)>{[](Header& h) { ++h.fence_id; }},
                             std::function<void(Header&)>{[](Header& h) { h.flags = 0; }});
        REQUIRE(rig.driver.unref(1, one).has_value());
        CHECK(rig.outcome(Response::ok_nodata) == Outcome::device_fault);
    }
    SECTION("half a header")
    {
        REQUIRE(rig.driver.unref(1, one).has_value());
        CHECK(rig.outcome(Response::ok_nodata, {}, GENERATE(0u, 1u, 23u)) == Outcome::device_fault);
    }
    SECTION("half a payload")
    {
        REQUIRE(rig.driver.get_display_info(1).has_value());
        CHECK(rig.outcome(Response::ok_display_info, displays, GENERATE(24u, 407u))
              == Outcome::device_fault);
        CHECK(rig.driver.displays()[0].enabled == 0);
    }
    SECTION("the answer of before, again")
    {
        REQUIRE(rig.driver.unref(1, one).has_value());
        CHECK(rig.outcome(Response::ok_nodata) == Outcome::ok);
        REQUIRE(rig.driver.unref(2, one).has_value());
        (void)rig.driver.kick();
        rig.mmio.act([](auto& queue) { queue.push(got(queue.pop()), 24); });  // nothing is written
        CHECK(rig.done().outcome == Outcome::device_fault);
    }
    CHECK_FALSE(rig.driver.broken());
}

TEST_CASE("commands that can't be are refused before the device sees them", "[libvirtio][gpu]")
{
    Rig rig;
    CHECK(rig.driver.flush(1, one, screen).error() == Errc::device_fault);
    CHECK_FALSE((rig.driver.kick() || rig.driver.arm() || rig.driver.take()));
    REQUIRE(rig.start({.commands = 2, .entries = 3}).has_value());
    const Run run{DeviceAddr{4096}, 4096};
    CHECK(rig.driver.create(1, Resource{}, Format::b8g8r8a8, 1, 1).error() == Errc::bad_argument);
    CHECK(rig.driver.create(1, one, Format::b8g8r8a8, 0, 1).error() == Errc::bad_argument);
    CHECK(rig.driver.create(1, one, Format::b8g8r8a8, 1, 0).error() == Errc::bad_argument);
    CHECK(rig.driver.create(1, one, Format::b8g8r8a8, 32768, 32768).error() == Errc::too_big);
    CHECK(rig.driver.create(1, one, Format::b8g8r8a8, ~0u, ~0u).error() == Errc::too_big);
    CHECK(rig.driver.attach(1, one, {}).error() == Errc::bad_argument);
    CHECK(rig.driver.attach(1, one, std::array{run, Run{DeviceAddr{0}, 0}}).error()
          == Errc::bad_argument);
    CHECK(rig.driver.attach(1, one, std::vector<Run>(4, run)).error() == Errc::too_big);
    CHECK(rig.driver.unref(1, Resource{}).error() == Errc::bad_argument);
    CHECK(rig.driver.detach(1, Resource{}).error() == Errc::bad_argument);
    CHECK(rig.driver.set_scanout(1, 2, one, screen).error() == Errc::out_of_range);
    CHECK_FALSE(rig.driver.kick());
    REQUIRE(rig.driver.attach(1, one, std::vector<Run>(3, run)).has_value());
    CHECK(rig.driver.attach(2, one, std::array{run}).error() == Errc::would_block);
    REQUIRE(rig.driver.flush(2, one, screen).has_value());
    CHECK(rig.driver.flush(3, one, screen).error() == Errc::would_block);
    CHECK(rig.driver.in_flight() == 2);
    CHECK(rig.outcome(Response::ok_nodata) == Outcome::ok);
    CHECK(rig.driver.attach(3, one, std::array{run}).has_value());
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a list of memory longer than a page is one command", "[libvirtio][gpu][G7]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    std::vector<Run> runs;
    for (u32 i = 0; i < 1024; ++i)
        runs.push_back({DeviceAddr{u64{i} * 8192}, 4096});
    REQUIRE(rig.driver.attach(1, one, runs).has_value());
    const Octets body = rig.answer(Response::ok_nodata);
    REQUIRE(body.size() == 8 + 1024 * 16);
    MemoryEntry last{};
    std::memcpy(&last, body.data() + 8 + usize{1023} * 16, sizeof last);
    CHECK((last.address == u64{1023} * 8192 && last.length == 4096 && last.padding == 0));
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a graphics device that lies is reset, and each command is lost once",
          "[libvirtio][gpu][hostile][LD1][LD2][LD3][LD5]")
{
    Rig rig{{.version = GENERATE(1u, 2u)}};
    REQUIRE(rig.start().has_value());
    for (u64 tag = 1; tag <= 3; ++tag)
        REQUIRE(rig.driver.flush(tag, one, screen).has_value());
    rig.world.lies.arm(GENERATE(Lie::id_out_of_range, Lie::length_over_total, Lie::index_jumps),
                       300, 1);
    (void)rig.answer(Response::ok_nodata);
    CHECK(got(rig.driver.take()).error() == Errc::device_fault);
    CHECK(rig.driver.broken());
    CHECK(rig.driver.flush(4, one, screen).error() == Errc::device_fault);
    std::multiset<u64> lost;
    REQUIRE(rig.driver.recover([&](u64 tag) { lost.insert(tag); }).has_value());
    CHECK(lost == std::multiset<u64>{1, 2, 3});
    REQUIRE(rig.driver.create(5, one, Format::r8g8b8a8, 8, 8).has_value());
    CHECK(rig.outcome(Response::ok_nodata) == Outcome::ok);
    CHECK(kept_the_rules(rig.world));
}

TEST_CASE("a number of scanouts that can't be is refused", "[libvirtio][gpu][hostile][LD20]")
{
    Rig rig;
    rig.hand.config()[8] = GENERATE(u8{0}, u8{17}, u8{0xff});
    CHECK(rig.start().error() == Errc::not_supported);
    CHECK((rig.mmio.status() & 128) != 0);
    CHECK(rig.driver.displays().empty());
}

TEST_CASE("a graphics driver needs commands, memory and the right device", "[libvirtio][gpu]")
{
    Rig rig;
    CHECK(rig.start({.commands = 0}).error() == Errc::bad_argument);
    rig.memory.size = Bytes{8 * page_bytes};
    CHECK(rig.start().error() == Errc::no_space);
    BlkRig disk;
    CHECK(rig.driver.start(disk.device, rig.memory).error() == Errc::wrong_kind);
    Rig small{{.queue_max = 2}};
    CHECK(small.start().error() == Errc::not_supported);
}
