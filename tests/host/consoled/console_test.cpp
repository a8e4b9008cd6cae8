// tests/host/consoled/console_test.cpp - the console service and its client library, over a line
// that a test types on.
#include "counted.hpp"
#include "pl011.hpp"
#include "program.hpp"
#include "server.hpp"

#include <deque>
#include <string>

#include <proto/names.hpp>

namespace {

// A FIFO of 16, as the PL011's; who types more waits. What is written fills `room`, if that is
// limited, until somebody takes it.
struct ScriptedLine : consoled::PlainLine {
    Result<usize> write(std::span<const u8> bytes)
    {
        const auto count = std::min(bytes.size(), capacity - filled);
        if (count == 0)
            return fail(Errc::would_block);
        written.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
        filled += capacity == unlimited ? 0 : count;
        return count;
    }
    Result<bool> room() const { return filled < capacity; }
    void take_all()
    {
        filled = 0;
        interrupt = true;
    }
    std::optional<consoled::Received> read()
    {
        if (fifo.empty())
            return std::nullopt;
        const auto first = fifo.front();
        fifo.pop_front();
        refill();
        return first;
    }
    Result<> acknowledge()
    {
        interrupt = false;
        return {};
    }
    void interrupts(bool on) { enabled = on; }

    void type(std::string_view bytes)
    {
        for (const char c : bytes)
            typed.push_back({static_cast<u8>(c), false});
        refill();
    }
    void refill()
    {
        while (fifo.size() < 16 && !typed.empty()) {
            fifo.push_back(typed.front());
            typed.pop_front();
            interrupt = true;
        }
    }

    static constexpr usize unlimited = ~usize{0};
    usize capacity = unlimited;
    usize filled = 0;
    std::deque<consoled::Received> typed;
    std::deque<consoled::Received> fifo;
    std::string written;
    bool interrupt = false;
    bool enabled = false;
};

struct Rig {
    using Server = consoled::Server<ScriptedLine>;

    Rig()
    {
        bench.offer(
            "con0",
            [this](const sys::Incoming& in) {
                if (dies)
                    throw bench::Death{};
                return sys::dispatch(protocol::Protocol{}, *server, in);
            },
            [this](u64 badge) { server->forget(badge); });
        bench.pump = [this] { return pump(); };
        bench.receives = [this] { return bench.served; };
        bench.died = [this] { bench.lose_server(); };
        server->begin();
    }
    bool pump()
    {
        if (!bench.served) {
            server.emplace(line);
            server->begin();
            dies = false;
            bench.gain_server();
            return true;
        }
        if (!line.interrupt && reads_output && line.filled != 0)
            line.take_all();
        if (!line.interrupt || !line.enabled)
            return false;
        return server->step(abi::Bits::at(consoled::interrupt_bit)).has_value();
    }
    void type(std::string_view bytes)
    {
        line.type(bytes);
        while (pump()) {}
    }
    protocol::Info::Reply info()
    {
        sys::Caller nobody{0, {}, 0};
        return server->on(protocol::Info::Request{}, nobody).value();
    }

    model::Memory memory;
    bench::Bench bench{memory};
    ScriptedLine line;
    std::optional<Server> server{line};
    bool dies = false;
    bool reads_output = false;  // when everybody else waits
};

}  // namespace

TEST_CASE("what is typed wakes the reader once, and is read", "[consoled]")
{
    Rig rig;
    Program program{rig};
    CHECK_FALSE(program.told_of(bits.input));
    rig.type("ps");
    CHECK(program.told_of(bits.input));
    rig.type("\r");
    CHECK_FALSE(program.told_of(bits.input));
    CHECK(program.read() == "ps\r");
    std::array<char, protocol::max_bytes> part{};
    CHECK(program.terminal.read(part).error() == Errc::would_block);
    rig.type("x");
    CHECK(program.told_of(bits.input));
}

TEST_CASE("what was typed before anybody listened is told and read", "[consoled]")
{
    Rig rig;
    rig.line.type("early");
    while (rig.pump()) {}
    Program program{rig};
    CHECK(program.told_of(bits.input));
    CHECK(program.read() == "early");
}

TEST_CASE("text of any length is written, in order", "[consoled]")
{
    Rig rig;
    Program program{rig};
    std::string text;
    for (int i = 0; i < 2000; ++i)
        text += static_cast<char>('a' + i % 26);
    REQUIRE(program.terminal.write(text).has_value());
    CHECK(rig.line.written == text);
    CHECK(rig.info().written == 2000);
}

TEST_CASE("Ctrl-C and a break throw away what waits, and are told", "[consoled]")
{
    Rig rig;
    Program program{rig};
    rig.type("half\x03");
    CHECK(program.told_of(bits.interrupt));
    CHECK(program.read().empty());
    rig.line.typed.push_back({0, true});
    rig.type("next");
    CHECK(program.told_of(bits.interrupt));
    CHECK(program.read() == "next");
    CHECK(rig.info().interrupts == 2);
    CHECK(rig.info().discarded == 4);
}

TEST_CASE("a reader that sleeps holds the sender back, and loses nothing", "[consoled]")
{
    Rig rig;
    Program program{rig};
    std::string text;
    for (int i = 0; i < 5000; ++i)
        text += static_cast<char>('a' + i % 26);
    rig.type(text);
    CHECK_FALSE(rig.line.enabled);
    CHECK_FALSE(rig.line.typed.empty());
    std::string all;
    while (all.size() < text.size()) {
        const auto part = program.read();
        REQUIRE_FALSE(part.empty());
        all += part;
        while (rig.pump()) {}
    }
    CHECK(all == text);
    CHECK(rig.line.enabled);
}

TEST_CASE("one session reads, until it is gone", "[consoled]")
{
    Rig rig;
    Program other{rig};
    console::Terminal second;
    const auto told = rig.bench.give(abi::Kind::notification);
    CHECK(second.open(rig.bench.startup(), "con0", {told}, bits).error() == Errc::busy);
    other.terminal = {};
    Program next{rig};
    rig.type("mine");
    CHECK(next.read() == "mine");
}

TEST_CASE("a request that breaks the protocol is refused", "[consoled][hostile]")
{
    Rig rig;
    auto session = sys::connect<proto::names::Connect>(rig.bench.startup(), "con0").value();
    protocol::Write::Request write{};
    CHECK(session.call<protocol::Write>(write).error() == Errc::bad_argument);
    write.size = protocol::max_bytes + 1;
    CHECK(session.call<protocol::Write>(write).error() == Errc::bad_argument);
    write.size = 1;
    write.reserved = 1;
    CHECK(session.call<protocol::Write>(write).error() == Errc::bad_argument);
    CHECK(session.call<protocol::Read>().error() == Errc::denied);
    CHECK(session.call<protocol::Listen>({0, 0}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::Listen>({2, 0}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::AwaitRoom>().error() == Errc::bad_argument);
    CHECK(session.call<protocol::Port>({0, 1}).error() == Errc::bad_argument);
    CHECK(session.call<protocol::Port>({0, 0}).error() == Errc::out_of_range);
    CHECK(rig.line.written.empty());
}

TEST_CASE("a session goes on with the next server, and what is in the FIFO is not lost",
          "[consoled][restart]")
{
    Rig rig;
    Program program{rig};
    rig.bench.lose_server();
    rig.line.type("typed meanwhile");
    rig.pump();
    CHECK(program.told_of(bits.server));
    CHECK(program.terminal.renew().value());
    CHECK_FALSE(program.terminal.renew().value());
    CHECK(program.told_of(bits.input));
    CHECK(program.read() == "typed meanwhile");
    rig.dies = true;
    REQUIRE(program.terminal.write("prompt").has_value());
    CHECK(rig.line.written == "prompt");
    rig.type("\x03");
    CHECK(program.told_of(bits.interrupt));
}

TEST_CASE("the PL011 is read until its FIFO is empty, breaks and all", "[consoled][O4]")
{
    struct Registers {
        u32 read32(u32 offset) const
        {
            if (offset == 0x18)
                return data.empty() ? 1U << 4 : 0;
            REQUIRE(offset == 0);
            const u32 value = data.front();
            data.pop_front();
            return value;
        }
        void write32(u32 offset, u32 value) const { writes.emplace_back(offset, value); }
        mutable std::deque<u32> data;
        mutable std::vector<std::pair<u32, u32>> writes;
    };
    Registers registers{{'a', 1U << 10, 'b' | 1U << 8}, {}};
    const consoled::Pl011<Registers> uart{registers};
    CHECK(uart.read()->byte == 'a');
    CHECK(uart.read()->broken);
    CHECK(uart.read()->byte == 'b');
    CHECK_FALSE(uart.read().has_value());
    uart.interrupts(true);
    REQUIRE(uart.acknowledge().has_value());
    constexpr std::array<u8, 1> letter{'x'};
    CHECK(uart.write(letter).value() == 1);
    uart.interrupts(false);
    CHECK(registers.writes
          == std::vector<std::pair<u32, u32>>{{0x38, 0x50}, {0x44, 0x50}, {0, 'x'}, {0x38, 0}});
}

TEST_CASE("whoever presses Ctrl-C without end keeps nobody waiting", "[consoled]")
{
    Rig rig;
    Program program{rig};
    constexpr usize presses = 10'000;
    rig.line.type(std::string(presses, '\x03') + "ps");
    REQUIRE(rig.pump());
    CHECK(rig.info().received < presses);
    usize steps = 0;
    while (rig.server->next_deadline() == abi::Ticks{0}) {
        rig.line.interrupt = false;
        REQUIRE(rig.server->step({}).has_value());
        ++steps;
    }
    CHECK(steps > 1);
    CHECK(rig.info().interrupts == presses);
    CHECK(program.read() == "ps");
}

TEST_CASE("a write that finds no room sleeps until there is some, and keeps the program's bits",
          "[consoled]")
{
    Rig rig;
    Program program{rig};
    rig.line.capacity = 1000;
    rig.reads_output = true;
    rig.line.type("x");
    const std::string text = long_text(5000);
    const u64 waits = rig.bench.waits;
    REQUIRE(program.terminal.write(text).has_value());
    CHECK(rig.line.written == text);
    CHECK_FALSE(rig.bench.stuck());
    CHECK(rig.bench.waits - waits < 10);
    CHECK(rig.bench.take_bits(program.told) == bits.input);
    CHECK(program.read() == "x");
}

TEST_CASE("Ctrl-C ends a write that sleeps, and is still told", "[consoled]")
{
    Rig rig;
    Program program{rig};
    rig.line.capacity = 10;
    bool typed = false;
    rig.bench.pump = [&] {
        if (!std::exchange(typed, true))
            rig.line.type("\x03");
        return rig.pump();
    };
    CHECK(program.terminal.write("0123456789abc").error() == Errc::cancelled);
    CHECK(rig.line.written == "0123456789");
    CHECK(program.told_of(bits.interrupt));
    CHECK_FALSE(rig.bench.stuck());
    rig.reads_output = true;
    CHECK(program.terminal.write("abc").has_value());
    CHECK(rig.line.written == "0123456789abc");
}

TEST_CASE("a console's counters are in its server's page", "[consoled]")
{
    Rig rig;
    Program program{rig};
    rig.line.capacity = 10;
    CHECK(program.terminal.try_write("0123456789abc").value() == 10);
    CHECK(program.terminal.try_write("abc").error() == Errc::would_block);
    rig.type("abc");
    rig.type("\x03");
    using bench::counted;
    CHECK(counted("discarded") == 3);
    CHECK(counted("interrupts") == 1);
    CHECK(counted("received") == 4);
    CHECK(counted("refused") == 1);
    CHECK(counted("resets") == 0);
    CHECK(counted("written") == 10);
}

TEST_CASE("who does not want to wait is told when there is room, once", "[consoled]")
{
    Rig rig;
    Program program{rig};
    rig.line.capacity = 10;
    CHECK(program.terminal.try_write("0123456789abc").value() == 10);
    CHECK(program.terminal.try_write("abc").error() == Errc::would_block);
    CHECK(program.terminal.try_write("").value() == 0);
    CHECK_FALSE(program.told_of(bits.room));
    rig.line.take_all();
    while (rig.pump()) {}
    CHECK(program.told_of(bits.room));
    rig.line.take_all();
    while (rig.pump()) {}
    CHECK_FALSE(program.told_of(bits.room));
    CHECK(program.terminal.try_write("abc").value() == 3);
}

TEST_CASE("a writer that waits for room goes on with the next server", "[consoled][restart]")
{
    Rig rig;
    Program program{rig};
    rig.line.capacity = 10;
    REQUIRE(program.terminal.write("0123456789").has_value());
    REQUIRE(program.terminal.try_write("abc").error() == Errc::would_block);
    rig.bench.lose_server();
    rig.line.filled = 0;
    REQUIRE(program.terminal.write("abc").has_value());
    CHECK(rig.line.written == "0123456789abc");
    CHECK(program.told_of(bits.server));
}

TEST_CASE("a read that stood in line when the server died is the next one's", "[consoled][restart]")
{
    Rig rig;
    Program program{rig};
    const auto before = program.terminal.epoch();
    rig.bench.lose_server();
    rig.line.type("typed meanwhile");
    CHECK(program.read() == "typed meanwhile");
    CHECK(program.terminal.epoch() != before);
    rig.type("more");
    CHECK(program.told_of(bits.input));
}

TEST_CASE("a server that dies between the write and the wait costs nobody a wake-up",
          "[consoled][restart]")
{
    Rig rig;
    Program program{rig};
    rig.line.capacity = 10;
    REQUIRE(program.terminal.write("0123456789").has_value());
    (void)program.told_of(bits.server);
    u32 calls = 0;
    rig.bench.before_client_call = [&] {
        if (++calls == 3) {  // write, duplicate, wait for room
            rig.bench.lose_server();
            rig.line.filled = 0;
        }
    };
    REQUIRE(program.terminal.write("abc").has_value());
    CHECK(rig.line.written == "0123456789abc");
    CHECK_FALSE(rig.bench.stuck());
}

TEST_CASE("so many may wait for room, and who is gone waits no more", "[consoled][hostile]")
{
    Rig rig;
    rig.line.capacity = 0;
    std::vector<sys::Session> sessions;
    const auto wait = [&](sys::Session& session) {
        auto bell = sys::doorbell({rig.bench.give(abi::Kind::notification)}, abi::Bits::at(0));
        const auto said =
            session.call<protocol::AwaitRoom>({}, sys::HandleSet::of(std::move(bell.value())), 0);
        return said ? Errc::ok : said.error();
    };
    const auto connect = [&]() -> sys::Session& {
        return sessions.emplace_back(
            sys::connect<proto::names::Connect>(rig.bench.startup(), "con0").value());
    };
    rig.bench.program = 7;
    for (usize i = 0; i < consoled::Waiters::most_of_program; ++i)
        CHECK(wait(connect()) == Errc::ok);
    CHECK(wait(connect()) == Errc::over_quota);
    CHECK(wait(sessions[3]) == Errc::ok);  // instead of its last one
    rig.bench.program = 0;                 // each of a program of its own
    for (usize i = consoled::Waiters::most_of_program; i < consoled::Waiters::most; ++i)
        CHECK(wait(connect()) == Errc::ok);
    CHECK(wait(sessions[3]) == Errc::ok);  // instead of its last one
    CHECK(wait(connect()) == Errc::over_quota);
    sessions.erase(sessions.begin());
    CHECK(wait(connect()) == Errc::ok);
}
