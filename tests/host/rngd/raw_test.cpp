// tests/host/rngd/raw_test.cpp - memory that a client brings: filled by the generator, and by the
// device itself.
#include "rig.hpp"

#include <map>

namespace {

using proto::table::Access;
using random_bytes::Source;

// A session of its own, with memory of so many pages.
struct Visitor {
    explicit Visitor(Rig& rig, u32 pages = 3) : bench{&rig.bench}, size{pages * page_bytes} {}

    Result<> attach(u32 flags = 0, u32 reserved = 0)
    {
        memory = sys::create_memory(Bytes{size}).value();
        auto copy = sys::duplicate(memory.borrow(), abi::right::all).value();
        auto bell = sys::doorbell(note.borrow(), abi::Bits::at(0)).value();
        return session
            .call<protocol::Attach>({flags, reserved},
                                    sys::HandleSet::of(std::move(copy), std::move(bell)), 0)
            .transform([](auto&&) {});
    }
    template <Method M>
    Errc ask(u32 page, u32 bytes)
    {
        const auto done = session.call<M>({page, bytes});
        return done ? Errc::ok : done.error();
    }
    std::span<std::byte> bytes() { return {bench->at(memory.slot())->region.memory, size}; }
    const protocol::Board& board()
    {
        return *reinterpret_cast<const protocol::Board*>(bytes().data());
    }

    bench::Bench* bench;
    u64 size;
    sys::Session session = sys::connect<proto::names::Connect>(bench->startup(), "rng0").value();
    sys::Handle<sys::Notification> note = sys::create_notification().value();
    sys::Handle<sys::Memory> memory;
};

// So many programs, each with memory; as many as can have a page with the device.
struct Crowd : Rig {
    explicit Crowd(u32 programs)
    {
        settle();
        bench.access = Access::raw;
        device.stalled = true;
        for (u32 i = 0; i < programs; ++i) {
            all.push_back(std::make_unique<Visitor>(*this));
            REQUIRE(all.back()->attach(protocol::AttachFlags::raw).has_value());
        }
    }
    Errc ask(usize which) { return all[which]->ask<protocol::Raw>(0, 8); }
    bool rung(usize which) { return !bench.take_bits(all[which]->note.slot()).empty(); }
    // The device answers the oldest request.
    void answer()
    {
        device.written.push_back(device.raw.front());
        device.raw.pop_front();
        REQUIRE(server->step(abi::Bits::at(rngd::interrupt_bit)).has_value());
        inbox.ring_now();
    }

    std::vector<std::unique_ptr<Visitor>> all;
};

// What the device said, which counts.
bool counts_from(std::span<const u8> bytes, u32 first)
{
    return std::ranges::all_of(bytes, [&](u8 each) { return each == static_cast<u8>(first++); });
}

}  // namespace

TEST_CASE("a mebibyte comes through memory, and others are served in between",
          "[rngd][clients][R4]")
{
    Rig rig;
    rig.settle();
    auto other = rig.open();
    auto source = rig.open();
    u32 calls = 0;
    bool nested = false;
    u32 between = 0;
    rig.bench.before_client_call = [&] {
        if (std::exchange(nested, true))
            return;
        ++calls;
        std::array<u8, 8> bytes{};
        between += other.get(bytes).has_value() ? 1 : 0;
        nested = false;
    };
    std::vector<u8> bytes(usize{1} << 20);
    REQUIRE(source.fill(bytes).has_value());
    CHECK(calls >= 256);  // none is for more than 4 KiB
    CHECK(between == calls);
    std::map<u64, u32> seen;
    for (usize i = 0; i < bytes.size(); i += 8) {
        u64 word = 0;
        std::memcpy(&word, &bytes[i], 8);
        ++seen[word];
    }
    CHECK(seen.size() == bytes.size() / 8);
}

TEST_CASE("what came through memory does not stay there", "[rngd][clients][R9]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    auto source = rig.open();
    std::vector<u8> bytes(4096);
    REQUIRE(source.fill(bytes).has_value());
    const auto one = source.raw(1);  // it begins the page that the others lay in
    REQUIRE(one.has_value());
    CHECK(std::ranges::count(std::span{one->data() + 1, 4095}, u8{0}) == 4095);
}

TEST_CASE("memory is given back with its session", "[rngd][clients]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    const usize handles = rig.bench.handles();
    {
        auto source = rig.open();
        std::vector<u8> bytes(4096);
        REQUIRE(source.fill(bytes).has_value());
        REQUIRE(source.raw(64).has_value());
        CHECK(rig.bench.pins() == 1);
        CHECK(rig.bench.mappings() == 2);
    }
    CHECK(rig.bench.handles() == handles);
    CHECK(rig.bench.mappings() == 0);
    CHECK(rig.bench.pins() == 0);
}

TEST_CASE("raw bytes are those of one request to the device", "[rngd][clients]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    rig.bench.scattered = GENERATE(false, true);
    auto source = rig.open();
    const auto all = source.raw(9999);
    REQUIRE(all.has_value());
    CHECK(all->size() == Source::most_raw);
    CHECK(counts_from(*all, 1));
    rig.device.most_raw = 100;
    const auto few = source.raw(500);
    REQUIRE(few.has_value());
    CHECK(few->size() == 100);
    CHECK(counts_from(*few, 4097));
    CHECK(source.raw(0)->empty());
    rig.device.most_raw = 0;
    CHECK(source.raw(1).error() == Errc::device_fault);
    CHECK(rig.device.recoveries == 0);
}

TEST_CASE("raw bytes are for who may have them", "[rngd][hostile]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = GENERATE(Access::usual, Access::read_only, Access::admin);
    CHECK(rig.open().raw(16).error() == Errc::denied);
    Visitor visitor{rig};
    REQUIRE(visitor.attach().has_value());
    CHECK(visitor.ask<protocol::Raw>(0, 16) == Errc::denied);
    CHECK(rig.bench.pins() == 0);
    CHECK(rig.device.raw.empty());
}

TEST_CASE("a raw request that stalls times out, keeps its page, and ends when the device answers",
          "[rngd][clients][R5][LD29]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    auto source = rig.open();
    auto other = rig.open();
    rig.device.stalled = true;
    CHECK(source.raw(64, sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(source.raw(32, sys::after_ms(1)).error() == Errc::timed_out);
    CHECK(rig.device.raw.size() == 1);
    std::vector<u8> bytes(4096);
    CHECK(source.fill(bytes).has_value());  // by messages
    CHECK(other.fill(bytes).has_value());
    CHECK(rig.device.recoveries == 0);
    CHECK(rig.bench.pins() == 1);
    rig.device.stalled = false;
    const auto late = source.raw(32);
    REQUIRE(late.has_value());
    CHECK(late->size() == 64);
    CHECK(counts_from(*late, 1));
    CHECK(source.raw(8)->size() == 8);
}

TEST_CASE("a page that the device has stays pinned when its client is gone", "[rngd][hostile]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    const usize handles = rig.bench.handles();
    rig.device.stalled = true;
    {
        auto source = rig.open();
        CHECK(source.raw(64, sys::after_ms(1)).error() == Errc::timed_out);
    }
    CHECK(rig.bench.pins() == 1);
    rig.device.stalled = false;
    rig.settle();
    CHECK(rig.bench.pins() == 0);
    CHECK(rig.bench.handles() == handles);
}

TEST_CASE("a raw request whose server died is asked again", "[rngd][clients]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    auto source = rig.open();
    REQUIRE(source.raw(8).has_value());
    rig.device.stalled = true;
    // Its client hears of the death and of the next server, or sleeps until both have happened.
    const auto killed = rig.die_when_stuck(GENERATE(false, true));
    CHECK(source.raw(64)->size() == 64);
    CHECK(*killed);
    std::vector<u8> bytes(4096);
    CHECK(source.fill(bytes).has_value());
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("a raw request whose server died is asked again, whoever heard of that",
          "[rngd][clients][hostile]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    auto source = rig.open();
    REQUIRE(source.raw(8).has_value());
    rig.device.stalled = true;
    REQUIRE(source.raw(64, sys::after_ms(1)).error() == Errc::timed_out);
    rig.bench.lose_server();
    rig.restart();
    SECTION("a fill that waited for the next one's seed")
    {
        rig.device.stalled = false;
        std::array<u8, 32> bytes{};
        REQUIRE(source.fill(bytes).has_value());
    }
    SECTION("a raw request that the next one answered too late")
    {
        REQUIRE(source.info().has_value());
        rig.answers_late = true;
        REQUIRE(source.raw(64, sys::after_ms(1)).error() == Errc::timed_out);
        REQUIRE_FALSE(rig.answers_late);
        rig.device.stalled = false;
    }
    const auto next = source.raw(16);
    CHECK_FALSE(rig.bench.stuck());
    REQUIRE(next.has_value());
    CHECK(next->size() == 16);
}

TEST_CASE("memory is brought again to a server that was restarted", "[rngd][clients][U29]")
{
    Rig rig;
    rig.settle();
    auto source = rig.open();
    std::vector<u8> bytes(4096);
    REQUIRE(source.fill(bytes).has_value());
    rig.bench.lose_server();
    CHECK(source.fill(bytes).has_value());
    CHECK(rig.bench.mappings() == 2);
    CHECK(std::ranges::count(bytes, u8{0}) < 100);
}

TEST_CASE("a reset of the device ends its raw requests", "[rngd][hostile][LD12]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    Visitor visitor{rig};
    REQUIRE(visitor.attach(protocol::AttachFlags::raw).has_value());
    rig.device.stalled = true;
    REQUIRE(visitor.ask<protocol::Raw>(0, 64) == Errc::ok);
    rig.device.needs_reset = true;
    REQUIRE(rig.server->step(abi::Bits::at(rngd::interrupt_bit)).has_value());
    CHECK(visitor.board().ended.load() == 1);
    CHECK(visitor.board().bytes == 0);
    CHECK(visitor.board().status == static_cast<u32>(Errc::device_fault));
    rig.device.stalled = false;
    CHECK(visitor.ask<protocol::Raw>(1, 64) == Errc::ok);
    rig.settle();
    CHECK(visitor.board().ended.load() == 2);
    CHECK(visitor.board().bytes == 64);
    CHECK(visitor.board().status == 0);
}

TEST_CASE("requests for memory that make no sense are refused", "[rngd][hostile]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    Visitor visitor{rig};
    CHECK(visitor.ask<protocol::Fill>(0, 8) == Errc::not_found);
    CHECK(visitor.ask<protocol::Raw>(0, 8) == Errc::not_found);
    CHECK(visitor.attach(2).error() == Errc::bad_argument);
    CHECK(visitor.attach(1, 1).error() == Errc::bad_argument);
    CHECK(visitor.session.call<protocol::Attach>({}).error() == Errc::bad_argument);
    for (const u32 pages : {1U, 18U})
        CHECK(Visitor{rig, pages}.attach().error() == Errc::out_of_range);
    REQUIRE(visitor.attach(1).has_value());
    const auto both = [&](u32 page, u32 bytes) {
        const Errc filled = visitor.ask<protocol::Fill>(page, bytes);
        return filled == visitor.ask<protocol::Raw>(page, bytes) ? filled : Errc::ok;
    };
    CHECK(both(0, 0) == Errc::bad_argument);
    CHECK(both(0, 4097) == Errc::bad_argument);
    CHECK(both(2, 8) == Errc::bad_argument);
    CHECK(both(~0U, 8) == Errc::bad_argument);

    rig.device.stalled = true;
    CHECK(visitor.ask<protocol::Raw>(1, 8) == Errc::ok);
    CHECK(both(1, 8) == Errc::busy);
    CHECK(visitor.ask<protocol::Raw>(0, 8) == Errc::busy);
    CHECK(visitor.attach(1).error() == Errc::busy);
    CHECK(visitor.ask<protocol::Fill>(0, 8) == Errc::ok);
}

TEST_CASE("a program has four memories and the device four pages", "[rngd][hostile]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    rig.bench.program = 7;
    std::vector<std::unique_ptr<Visitor>> visitors;
    const auto visit = [&] {
        visitors.push_back(std::make_unique<Visitor>(rig));
        return visitors.back()->attach(protocol::AttachFlags::raw);
    };
    for (u32 i = 0; i < rngd::Buffers::most_of_program; ++i)
        REQUIRE(visit().has_value());
    CHECK(visitors[0]->attach(1).has_value());  // in the place of its own
    CHECK(visit().error() == Errc::over_quota);
    rig.bench.program = 8;
    REQUIRE(visit().has_value());

    rig.device.stalled = true;
    const auto ask = [&](usize visitor) { return visitors[visitor]->ask<protocol::Raw>(0, 8); };
    CHECK(ask(0) == Errc::ok);
    CHECK(ask(1) == Errc::ok);
    CHECK(ask(2) == Errc::would_block);  // half of the places is its share
    CHECK(ask(5) == Errc::ok);
    for (const u32 program : {9u, 10u}) {
        rig.bench.program = program;
        REQUIRE(visit().has_value());
    }
    CHECK(ask(6) == Errc::ok);
    CHECK(ask(7) == Errc::would_block);
    CHECK(rig.device.raw.size() == rngd::Buffers::most_with_device);
    rig.bench.program = 7;  // begins each anew
    rig.device.raw.resize(1);
    rig.device.stalled = false;
    rig.settle();
    rig.device.stalled = true;
    CHECK(ask(0) == Errc::would_block);
    CHECK(rig.bench.take_bits(visitors[7]->note.slot()).any(abi::Bits::at(0)));
    CHECK(ask(7) == Errc::ok);
}

TEST_CASE("who found no place for a raw request waits for one", "[rngd][clients][R10]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    rig.device.stalled = true;
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (u32 i = 0; i < rngd::Buffers::most_with_device; ++i) {
        visitors.push_back(std::make_unique<Visitor>(rig));
        REQUIRE(visitors.back()->attach(protocol::AttachFlags::raw).has_value());
        REQUIRE(visitors.back()->ask<protocol::Raw>(0, 8) == Errc::ok);
    }
    auto source = rig.open();
    CHECK(source.raw(64, sys::after_ms(1)).error() == Errc::timed_out);
    rig.device.stalled = false;
    CHECK(source.raw(64)->size() == 64);
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("four programs that ask again and again do not starve others", "[rngd][hostile][R10]")
{
    Crowd crowd{6};
    for (const usize first : {0U, 1U, 2U, 3U})
        REQUIRE(crowd.ask(first) == Errc::ok);
    CHECK(crowd.ask(4) == Errc::would_block);
    CHECK(crowd.ask(5) == Errc::would_block);
    crowd.answer();
    CHECK(crowd.ask(0) == Errc::would_block);  // it hears first, and is quicker
    CHECK(crowd.rung(4));
    CHECK(crowd.ask(4) == Errc::ok);
    crowd.answer();
    CHECK(crowd.ask(1) == Errc::would_block);
    CHECK(crowd.ask(0) == Errc::would_block);  // each in turn
    CHECK(crowd.rung(5));
    CHECK(crowd.ask(5) == Errc::ok);
    crowd.answer();
    CHECK(crowd.ask(2) == Errc::would_block);
    CHECK(crowd.ask(0) == Errc::ok);
}

TEST_CASE("a place is not kept for ever for who does not come", "[rngd][hostile][R10]")
{
    Crowd crowd{5};
    for (const usize first : {0U, 1U, 2U, 3U})
        REQUIRE(crowd.ask(first) == Errc::ok);
    REQUIRE(crowd.ask(4) == Errc::would_block);
    crowd.answer();
    REQUIRE(crowd.rung(4));
    u32 answers = 0;
    const auto all_ask = [&] {
        for (const usize each : {0U, 1U, 2U, 3U})
            (void)crowd.ask(each);
        return crowd.device.raw.size();
    };
    for (; all_ask() < rngd::Buffers::most_with_device && answers < 100; ++answers)
        crowd.answer();
    CHECK(answers == rngd::Buffers::most_kept);
    CHECK(crowd.ask(4) == Errc::would_block);
}

TEST_CASE("a raw request that found the device's queue full is asked again when there is room",
          "[rngd][clients][hostile][R10]")
{
    Rig rig;
    rig.device.forget();
    rig.device.queue = GENERATE(1U, 2U, 4U);
    rig.restart();
    rig.bench.access = Access::raw;
    auto source = rig.open();  // the generator's own are with the device
    SECTION("it answers") {}
    SECTION("it is reset") { rig.device.needs_reset = true; }
    const auto raw = source.raw(64);
    REQUIRE(raw.has_value());
    CHECK(raw->size() == 64);
    CHECK_FALSE(rig.bench.stuck());
    CHECK(rig.open().info()->health == protocol::Health::good);
}

TEST_CASE("a raw request that ended with its deadline on its way is no other one's answer",
          "[rngd][clients][R5]")
{
    Rig rig;
    rig.settle();
    rig.bench.access = Access::raw;
    auto source = rig.open();
    REQUIRE(source.raw(8).has_value());  // the first eight that the device says
    rig.device.stalled = true;
    rig.answers_late = true;
    REQUIRE(source.raw(100, sys::after_ms(1)).error() == Errc::timed_out);
    REQUIRE(rig.device.raw.size() == 1);
    SECTION("the device has it still")
    {
        CHECK(source.raw(50, sys::after_ms(1)).error() == Errc::timed_out);
        std::vector<u8> bytes(4096);
        CHECK(source.fill(bytes).has_value());  // by messages
        rig.device.stalled = false;
        const auto late = source.raw(50);
        REQUIRE(late.has_value());
        CHECK(counts_from(*late, 9));
        CHECK(late->size() == 100);
    }
    SECTION("a fill meets it first")
    {
        std::vector<u8> bytes(4096);
        CHECK(source.fill(bytes).has_value());
        rig.device.stalled = false;
        CHECK(counts_from(*source.raw(50), 9));
    }
    SECTION("the device answered meanwhile, and so it does the next one that is late")
    {
        rig.device.stalled = false;
        rig.settle();
        rig.device.stalled = true;
        rig.answers_late = true;
        REQUIRE(source.raw(100, sys::after_ms(1)).error() == Errc::timed_out);
        CHECK(source.raw(50, sys::after_ms(1)).error() == Errc::timed_out);
        rig.device.stalled = false;
        CHECK(counts_from(*source.raw(50), 109));
    }
    const auto next = source.raw(20);
    REQUIRE(next.has_value());
    CHECK(next->size() == 20);
    CHECK(rig.device.raw_next == (*next)[0] + 20u);
}

TEST_CASE("a client whose memory is refused gets its bytes by messages", "[rngd][clients]")
{
    Rig rig;
    rig.settle();
    auto source = rig.open();
    rig.bench.refuse = 0;  // its first call: memory
    std::vector<u8> bytes(4096);
    CHECK(source.fill(bytes).has_value());
    CHECK(std::ranges::count(bytes, u8{0}) < 100);
    CHECK(rig.bench.mappings() == 0);
}
