// console/main.cpp - text between a program and the other end of a console, which says again what
// it hears.
#include "desk.hpp"

#include <check/servers.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using proto::console::BackEnd;
using proto::console::InfoFlags;

// Of what was written and did not come back yet: the sockets on the way hold as much.
constexpr u64 window = 4096;

struct Stream {
    explicit Stream(Desk& at) : desk{&at} {}

    // As much as the window allows.
    void send(u64 total)
    {
        while (sent < total && sent - seen < window) {
            std::array<char, proto::console::max_bytes> part{};
            const u64 count = std::min({u64{part.size()}, total - sent, window - (sent - seen)});
            for (u64 i = 0; i < count; ++i)
                part[i] = character(sent + i);
            sent += need(desk->terminal.try_write({part.data(), count}));
            ++writes;
        }
    }
    // False: something else came.
    bool receive()
    {
        const auto text = desk->read();
        for (const char c : text)
            if (!that(c == character(seen++), "another character came back"))
                return false;
        if (text.empty())
            desk->wait();
        return true;
    }

    Desk* desk;
    u64 sent = 0;
    u64 seen = 0;
    u64 writes = 0;
};

void a_long_text_comes_back(std::string_view name)
{
    constexpr u64 total = 100'000;
    Desk desk{name};
    const auto before = need(desk.terminal.info());
    Stream stream{desk};
    while (stream.seen < total) {
        stream.send(total);
        if (!stream.receive())
            return;
    }
    const auto after = need(desk.terminal.info());
    equals(after.written - before.written, total);
    equals(after.received - before.received, total);
    that(after.notifies - before.notifies <= stream.writes, "more notifications than writes");
    equals(after.resets, 0u);
    equals(after.interrupts, u64{0});
}

void with_several_ports() { a_long_text_comes_back("con1"); }
void with_one_port() { a_long_text_comes_back("con2"); }

// O3
void a_line_is_one_notification()
{
    Desk desk{"con2"};
    const auto before = need(desk.terminal.info());
    need(desk.terminal.write("Hello, world!\n"));
    const auto after = need(desk.terminal.info());
    equals(after.notifies - before.notifies, u64{1});
    u64 seen = 0;
    while (seen < 14) {
        const auto text = desk.read();
        seen += text.size();
        if (text.empty())
            desk.wait();
    }
    equals(seen, u64{14});
}

// QEMU's console throws away what does not fit the socket.
void nobody_waits_for_who_does_not_listen()
{
    Desk desk{"con3"};
    const auto before = need(desk.terminal.info());
    std::array<char, proto::console::max_bytes> part{};
    part.fill('x');
    constexpr u64 writes = 1000;
    for (u64 i = 0; i < writes; ++i)
        need(desk.terminal.write({part.data(), part.size()}));
    const auto after = need(desk.terminal.info());
    equals(after.written - before.written, writes * part.size());
    equals(after.resets, 0u);
    a_long_text_comes_back("con1");
}

void who_is_there_is_known()
{
    for (const std::string_view name : {"con1", "con2"}) {
        Desk desk{name};
        auto info = need(desk.terminal.info());
        while ((info.flags & InfoFlags::connected) == 0) {
            desk.wait();
            info = need(desk.terminal.info());
        }
        that(info.back_end == BackEnd::virtio, "it is another device");
        equals(u32{info.columns} + info.rows, 0u);  // QEMU does not tell
    }
}

// The device tells of it when it knows that the driver is ready for it.
void a_port_has_its_name()
{
    const bool spare = check::given().argument(0) == "spare";
    Desk desk{"con1"};
    const auto named = [&] {
        const auto port = desk.terminal.port(0);
        return port && text::of(port->name) == "spare";
    };
    while (spare && !named())
        desk.wait();
    equals(need(desk.terminal.info()).ports, spare ? 1u : 0u);
    if (spare) {
        const auto port = need(desk.terminal.port(0));
        equals(port.id, 1u);
        equals(port.flags, 0u);
    }
    check::fails(desk.terminal.port(spare ? 1 : 0), Errc::out_of_range);
}

// The other end looks whether it heard init's last words.
void a_server_that_is_given_up_is_not_missed_in_silence()
{
    Desk desk{"con4"};
    need(desk.terminal.write("the first words\r\n"));
    check::works(check::order<check::names::Kill>("con4"));
    check::wait_for("con4", check::State::gave_up, 0);
    check::fails(desk.terminal.write("no words"), Errc::gave_up);
}

constexpr std::array cases{
    check::Case{"who is at the other end is known", who_is_there_is_known},
    check::Case{"a further port has its name", a_port_has_its_name},
    check::Case{"a long text comes back from a console with several ports", with_several_ports},
    check::Case{"a long text comes back from a console with one port", with_one_port},
    check::Case{"a line costs one notification", a_line_is_one_notification},
    check::Case{"nobody waits for an end that does not listen",
                nobody_waits_for_who_does_not_listen},
    check::Case{"who listens to a console whose server is given up is told",
                a_server_that_is_given_up_is_not_missed_in_silence, check::Runs::once},
    check::Case{"a dialogue outlives the servers that die in it", a_dialogue_outlives_its_servers,
                check::Runs::once},
};

}  // namespace

// Its argument is no name of a case.
int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
