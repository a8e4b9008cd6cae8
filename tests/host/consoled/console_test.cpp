// tests/host/consoled/console_test.cpp - the console service and its client library, over a line
// that a test types on.
#include "bench.hpp"
#include "server.hpp"

#include <deque>
#include <string>

#include <catch2/catch.hpp>
#include <console/terminal.hpp>
#include <proto/names.hpp>

namespace {

namespace protocol = proto::console;

// A FIFO of 16, as the PL011's; who types more waits.
struct ScriptedLine {
    void write(u8 byte) { written += static_cast<char>(byte); }
    std::optional<consoled::Received> read()
    {
        if (fifo.empty())
            return std::nullopt;
        const auto first = fifo.front();
        fifo.pop_front();
        refill();
        return first;
    }
    void acknowledge() { interrupt = false; }
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
};

constexpr console::Bits bits{
    .input = abi::Bits::at(0), .interrupt = abi::Bits::at(1), .server = abi::Bits::at(2)};

struct Program {
    explicit Program(Rig& of) : rig{&of}
    {
        REQUIRE(terminal.open(of.bench.startup(), "con0", {told}, bits).has_value());
    }
    std::string read()
    {
        std::string all;
        std::array<char, protocol::max_bytes> part{};
        while (const auto got = terminal.read(part))
            all.append(part.data(), *got);
        return all;
    }
    bool told_of(abi::Bits which) { return rig->bench.take_bits(told).any(which); }

    Rig* rig;
    abi::Slot told = rig->bench.give(abi::Kind::notification);
    console::Terminal terminal;
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

TEST_CASE("the PL011 is read until its FIFO is empty, breaks and all", "[consoled]")
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
    uart.acknowledge();
    uart.write('x');
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
