// in_line.cpp - messages that stand in line while other threads change what they were made of.
#include "cases.hpp"
#include "served.hpp"

namespace {

using abi::Header;
using check::equals;
using check::need;
using check::that;
using check::Threaded;
using check::works;

// A thread whose call carries one handle, and that nobody receives yet.
struct Line {
    sys::Handle<sys::Endpoint> endpoint = need(sys::create_endpoint());
    sys::Handle<sys::Endpoint> client = need(sys::mint(endpoint.borrow(), 9));
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Notification> carried = need(sys::duplicate(
        bell.borrow(), abi::right::signal | abi::right::transfer | abi::right::duplicate));
    abi::MessagePage* page = nullptr;  // of that thread
    sys::Incoming answer{};

    sys::Incoming look(unsigned take = 1) const
    {
        return sys::receive(endpoint.borrow(), take, abi::now);
    }
};

void call_once(Line& line)
{
    line.page = &sys::message_page();
    line.page->handles[0] = line.carried.slot();
    line.answer = sys::call(line.client.borrow(), {Header::make(1, 0, 1), {}}, check::patience());
}

// Whatever is written over the slot in the page while the call stands in line: what goes is what
// was there, and was checked, when the call was made.
void the_copy_counts()
{
    const auto other = need(sys::create_notification());
    for (const abi::Slot instead : {other.slot(), abi::no_slot, abi::Slot{~u64{0}}}) {
        Line line;
        Threaded<Line> thread{&call_once, line};
        check::until_others_block();
        line.page->handles[0] = instead;
        const auto in = line.look();
        that(in.request(), "the call is gone");
        equals(in.header.handles(), 1);
        const abi::Slot got = sys::message_page().handles[0];
        works(sys::signal({got}, abi::Bits::at(5)));
        equals(sys::wait(line.bell.borrow(), abi::now).value_or(abi::Bits{}), abi::Bits::at(5));
        works(sys::handle_info(other.slot()));
        sys::close(got);
        works(sys::reply({Header::make(1, 0), {}}));
        thread.join();
        equals(line.answer.header.status(), Errc::ok);
        check::fails(sys::handle_info(line.carried.release()), Errc::bad_handle);  // it moved
    }
}

// The copy is of a handle, not of what it names.
void a_carried_handle_is_closed()
{
    Line line;
    Threaded<Line> thread{&call_once, line};
    check::until_others_block();
    line.carried = {};
    equals(line.look().header.status(), Errc::timed_out);
    thread.join();
    equals(line.answer.header.status(), Errc::bad_handle);
}

void the_handle_of_the_call_is_closed()
{
    Line line;
    Threaded<Line> thread{&call_once, line};
    check::until_others_block();
    line.client = {};
    equals(line.look().header.status(), Errc::timed_out);
    thread.join();
    equals(line.answer.header.status(), Errc::bad_handle);
    works(sys::handle_info(line.carried.slot()));
}

// A receiver that takes none answers those in line that carry one; they keep it.
void nobody_takes_it()
{
    Line line;
    Threaded<Line> thread{&call_once, line};
    check::until_others_block();
    equals(line.look(0).header.status(), Errc::timed_out);
    thread.join();
    equals(line.answer.header.status(), Errc::no_space);
    works(sys::handle_info(line.carried.slot()));
}

constexpr std::array cases{
    check::Case{
        "a message in line carries the handles that were checked, whatever its page says now",
        the_copy_counts},
    check::Case{"a handle that is closed while its message is in line fails the call",
                a_carried_handle_is_closed},
    check::Case{"a call whose own handle is closed while it is in line fails",
                the_handle_of_the_call_is_closed},
    check::Case{"a message in line keeps its handles if the receiver takes none", nobody_takes_it},
};

}  // namespace

const check::Cases in_line_cases{cases};
