// bound.cpp - a notification that another thread has bound: nobody else waits on it or binds it.
#include "cases.hpp"

#include <check/threads.hpp>

namespace {

using abi::Bits;
using check::equals;
using check::need;
using check::Threaded;
using check::works;

using Bell = sys::Handle<sys::Notification>;

// What somebody else's tries end with.
struct Stranger {
    Bell bell = need(sys::create_notification());
    Bell other = need(sys::create_notification());
    abi::Ticks until = abi::never;
    std::array<Errc, 3> results{};
};

template <class T>
Errc error_of(const Result<T>& result)
{
    return result ? Errc::ok : result.error();
}

void try_all(Stranger& s)
{
    s.results = {
        error_of(sys::wait(s.bell.borrow(), s.until)),
        error_of(sys::signal_wait(s.other.borrow(), Bits::at(1), s.bell.borrow(), s.until)),
        error_of(sys::bind(s.bell.borrow()))};
}

struct Owner {
    const Bell& bell;
    Bell end = need(sys::create_notification());
};

void bind_and_sleep(Owner& o)
{
    works(sys::bind(o.bell.borrow()));
    need(sys::wait(o.end.borrow(), check::patience()));
}

// What is refused is refused at once, without a deadline too. Nobody else is ready when it tries,
// so that it would go the short ways through the kernel. The signals are for a kernel that would
// let it wait.
void busy_for_strangers()
{
    for (const abi::Ticks until : {abi::never, check::patience(), abi::now}) {
        Stranger stranger{.until = until};
        Owner owner{stranger.bell};
        Threaded<Owner> binder{&bind_and_sleep, owner};
        check::until_others_block();
        Threaded<Stranger> thread{&try_all, stranger};
        for (usize i = 0; i < stranger.results.size(); ++i) {
            check::sleep_ms(1);
            works(sys::signal(stranger.bell.borrow(), Bits::at(0)));
        }
        thread.join();
        for (const Errc result : stranger.results)
            equals(result, Errc::busy);
        check::fails(sys::wait(stranger.other.borrow(), abi::now), Errc::timed_out);
        works(sys::signal(owner.end.borrow(), Bits::at(0)));
        binder.join();
    }
}

constexpr std::array cases{
    check::Case{"a notification that a thread has bound is busy for every other",
                busy_for_strangers},
};

}  // namespace

const check::Cases bound_cases{cases};
