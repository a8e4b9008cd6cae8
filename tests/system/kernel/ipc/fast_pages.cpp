// fast_pages.cpp - long messages to a server that takes no handles, and receives that must not
// sleep although another thread could go on.
#include "cases.hpp"
#include "ways.hpp"

#include <cstring>
#include <span>

namespace {

using abi::Header;
using check::equals;
using check::that;
using check::works;
using ways::Running;
using ways::Server;
using ways::Spinner;
using ways::Way;

std::span<u8> page()
{
    return {reinterpret_cast<u8*>(sys::message_page().payload.data()), abi::message_bytes};
}

// Answers with each byte of the page inverted.
void invert(Server& s)
{
    s.bind();
    for (auto in = s.receive(); in.request(); in = s.answer({in.header, {}}))
        for (u8& byte : page())
            byte = static_cast<u8>(~byte);
}

void long_messages()
{
    for (const Way way : ways::all) {
        const Running running{way, &invert, 20};
        for (u64 bytes = abi::register_bytes + 1; bytes <= abi::message_bytes; ++bytes) {
            std::memset(page().data(), 0xee, page().size());
            for (u64 i = 0; i < bytes; ++i)
                page()[i] = static_cast<u8>(i * 7 + bytes);
            const auto in = running.server.call({Header::make(1, bytes), {}});
            equals(in.header.size(), bytes);
            for (u64 i = 0; i < abi::message_bytes; ++i)
                equals(page()[i], i < bytes ? static_cast<u8>(~(i * 7 + bytes)) : u8{0xee});
        }
    }
}

void owe_and_receive(Server& s)
{
    s.bind();
    const auto in = s.receive();
    s.seen = s.receive();
    works(sys::reply(ways::complement(in)));
}

void nothing_owed()
{
    for (const Way way : ways::all) {
        Running running{way, &owe_and_receive, 20};
        const Spinner spinner{5};
        equals(running.server.ask(), ways::answer_status);
        running.stop();
        equals(running.server.seen.header.status(), Errc::busy);
    }
}

void ring_and_receive(Server& s)
{
    s.bind();
    s.pause();
    works(sys::signal(s.bell.borrow(), abi::Bits::at(3)));
    s.seen = s.receive();
}

void bits_come_first()
{
    for (const Way way : ways::all) {
        if (!way.bound)
            continue;
        Running running{way, &ring_and_receive, 20};
        const Spinner spinner{5};
        works(sys::signal(running.server.go.borrow(), abi::Bits::at(0)));
        check::sleep_ms(1);  // it receives before its end begins, which would keep it awake
        running.stop();
        equals(running.server.seen.bits, abi::Bits::at(3));
    }
}

constexpr std::array cases{
    check::Case{"long messages arrive byte for byte both ways, however the server waits",
                long_messages},
    check::Case{"a receive while a reply is owed is refused though another thread could go on",
                nothing_owed},
    check::Case{"a receive brings bits at once though another thread could go on", bits_come_first},
};

}  // namespace

const check::Cases fast_page_cases{cases};
