// refused/attempt.hpp - a call is tried with its first allocation refused, its second, ... until it
// gets to its end. What failed has left nothing behind, and said no_memory.
#pragma once

#include <check/child.hpp>
#include <check/counters.hpp>
#include <check/first.hpp>
#include <check/refusal.hpp>

extern const check::Cases allocating_cases;
extern const check::Cases never_cases;

using check::first::device;

// That this call was looked at; all of them must be in the end.
void seen(abi::Syscall call);

struct Outcome {
    Errc error;
    check::RawRegisters out;

    // What it made, to be closed when this ends.
    template <class T>
    sys::Handle<T> made(usize x = 1) const
    {
        return sys::Handle<T>{error == Errc::ok ? abi::Slot{out.x[x]} : abi::no_slot};
    }
};

// The call with its n-th allocation refused. `quota` goes to the message page before it.
Outcome refused_in(u64 n,
                   abi::Syscall call,
                   abi::Slot about,
                   std::initializer_list<u64> arguments,
                   const abi::ProcessQuota* quota = nullptr);

// Whether the call needs a slot, or several: then it is tried with places in the table, and again
// with a full table, which grows. What a table has grown by stays, as page tables do.
enum class Slots : u8 { none, some };

// A full table, so that the next handle needs another page of it; and one with some places.
void fill_table();
void leave_places();
void empty_table();
// One place in a full table, for as long as this lives: what an attempt needs a handle for.
class Place {
public:
    Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
};

// What is there, to be compared: of the system, and of this process.
struct Before {
    check::Counters counters = check::counters();
    abi::ProcessInfo mine = check::need(sys::info(check::self()));
};
void nothing_but_a_table_page_left(const Before& before, bool table_page);

// attempt(n) -> Errc prepares, calls, and takes everything back. Gives how often it failed before
// it ended as `end` says.
template <class F>
u64 count_refusals(bool full, Errc end, F attempt)
{
    constexpr u64 most = 40;
    for (u64 n = 1; n < most; ++n) {
        if (full)
            fill_table();
        const Before before;
        const Errc error = attempt(n);
        if (error != Errc::no_memory) {
            check::equals(error, end);
            return n - 1;
        }
        nothing_but_a_table_page_left(before, full);
    }
    check::failed("it never gets to its end", check::Where::current());
    return 0;
}

// It fails as often as it allocates: at least `least` times, and once more if its table grows.
template <class F>
void refuse_each(abi::Syscall call, Slots slots, u64 least, Errc end, F attempt)
{
    seen(call);
    if (slots == Slots::some)
        leave_places();
    const u64 refusals = count_refusals(false, end, attempt);
    check::that(refusals >= least, "it allocates less than it should");
    if (slots == Slots::some)
        check::equals(count_refusals(true, end, attempt), refusals + 1);
}
