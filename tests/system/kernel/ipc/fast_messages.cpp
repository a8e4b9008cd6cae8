// fast_messages.cpp - a message to a server that waits, and its answer: what arrives, and who is
// refused.
#include "cases.hpp"
#include "served.hpp"
#include "ways.hpp"

#include <check/raw.hpp>

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::works;
using ways::Running;
using ways::Server;
using ways::Way;

namespace right = abi::right;

void nothing_else_changed(const check::RawRegisters& before, const check::RawRegisters& after)
{
    equals(after.x[8], 0);
    for (usize i = 9; i <= 10; ++i)
        that(after.x[i] == 0 || after.x[i] == before.x[i], "shows a value of somebody else");
    for (usize i = 11; i <= 18; ++i)
        equals(after.x[i], 0);
    for (usize i = 19; i < after.x.size(); ++i)
        equals(after.x[i], before.x[i]);
}

// What a request has in the place of the status is nobody's business.
void one_message(const Server& s, u64 size, abi::Ticks deadline)
{
    const u64 header = Header::make(0xbeef, size).raw;
    auto in = check::pattern(0x1122'3344'0000'0000 + size);
    in.x[0] = header | 0xdead'beef;
    in.x[9] = deadline.raw();
    const auto out = check::raw_call(abi::Syscall::call, s.client.slot(), in);
    equals(s.seen.header.raw, header);
    equals(s.seen.badge, ways::badge);
    equals(s.seen.bits, abi::Bits{});
    equals(out.x[0], header | static_cast<u64>(ways::answer_status));
    for (usize i = 0; i < 7; ++i) {
        equals(s.seen.words[i], in.x[i + 1]);
        equals(out.x[i + 1], ~in.x[i + 1]);
    }
    nothing_else_changed(in, out);
}

void messages(Server& s)
{
    for (const abi::Ticks deadline : {abi::never, check::patience()})
        for (const u64 size : {0U, 1U, 8U, 55U, 56U})
            one_message(s, size, deadline);
}

// The caller is as important as its server, more, or less.
void whole_messages()
{
    for (const Way way : ways::all)
        for (const u64 caller : {10U, 20U, 25U}) {
            Running running{way, &ways::echo, 20};
            check::Threaded<Server, 16'384> thread{&messages, running.server, caller};
            thread.join();
            equals(running.server.served, 10);
        }
}

// The same from process to process.
void other_processes()
{
    for (const unsigned take : {0U, 1U}) {
        const served::Service service{take};
        for (const u64 badge : {u64{1}, u64{0x8000'0000'0000'0000}, ~u64{0}}) {
            const auto client = need(sys::mint(service.endpoint.borrow(), badge));
            check::until_others_block();
            auto in = check::pattern(badge);
            in.x[0] = served::letter(check::Ask::echo, 56).header.raw;
            in.x[9] = abi::never.raw();
            const auto out = check::raw_call(abi::Syscall::call, client.slot(), in);
            equals(out.x[0], in.x[0]);
            for (usize i = 1; i < 8; ++i)
                equals(out.x[i], in.x[i]);
            nothing_else_changed(in, out);
            const auto who = sys::call(client.borrow(), served::letter(check::Ask::badge, 0));
            equals(who.words[0], badge);
        }
    }
}

void callers_need_the_right()
{
    for (const Way way : ways::all) {
        const Running running{way, &ways::echo, 20};
        const Server& s = running.server;
        const auto mute = need(sys::duplicate(s.client.borrow(), right::transfer));
        for (const auto handle : {mute.borrow(), s.endpoint.borrow(), s.receiver.borrow()})
            equals(sys::call(handle, {Header::make(1, 8), {1}}).header.status(), Errc::denied);
        equals(s.served, 0);
        equals(s.ask(), ways::answer_status);
    }
}

// It tries to answer through handles that it cannot receive by: the answer is still owed.
void answer_by_wrong_handles(Server& s)
{
    s.bind();
    const auto in = s.receive();
    const auto deaf = need(sys::duplicate(s.endpoint.borrow(), right::manage));
    for (const auto handle : {s.client.borrow(), deaf.borrow()}) {
        const Header header = Header::make(1, 8, 0, s.way.take);
        equals(sys::reply_receive(handle, {header, {1}}).header.status(), Errc::denied);
    }
    works(sys::reply({in.header, {2}}));
}

void servers_need_the_right()
{
    for (const Way way : ways::all) {
        const Running running{way, &answer_by_wrong_handles, 20};
        const auto in = running.server.call({Header::make(1, 8), {0}});
        equals(in.header.status(), Errc::ok);
        equals(in.words[0], 2);
    }
}

// The next server waits already when the badge that knew the last one calls.
void told_of_a_restart()
{
    for (const Way way : ways::all) {
        Running running{way, &ways::echo, 20};
        Server& s = running.server;
        equals(s.ask(), ways::answer_status);
        s.receiver = {};
        running.thread.join();
        s.receiver = s.serve();
        const check::Threaded<Server, 16'384> next{&ways::echo, s, 20};
        check::until_others_block();
        equals(s.ask(), Errc::peer_restarted);
        equals(s.served, 1);
        equals(s.ask(), ways::answer_status);
        s.end = {};
    }
}

void told_of_giving_up()
{
    for (const Way way : ways::all) {
        const Running running{way, &ways::echo, 20};
        const Server& s = running.server;
        works(sys::give_up(s.endpoint.borrow()));
        for (int i = 0; i < 2; ++i)
            equals(s.ask(), Errc::gave_up);
        works(sys::undo_give_up(s.endpoint.borrow()));
        equals(s.ask(), ways::answer_status);
        equals(s.served, 1);
    }
}

constexpr std::array cases{
    check::Case{"a server that waits gets all seven words and who calls, in any way that it waits",
                whole_messages},
    check::Case{"a server that waits in another process gets all seven words and who calls",
                other_processes},
    check::Case{"a call without the right is refused although the server waits",
                callers_need_the_right},
    check::Case{"an answer by a handle without the right to receive is refused, and still owed",
                servers_need_the_right},
    check::Case{"a client is told of a restart although the next server waits already",
                told_of_a_restart},
    check::Case{"a call to what was given up is refused although a server waits",
                told_of_giving_up},
};

}  // namespace

const check::Cases fast_message_cases{cases};
