// refused/main.cpp - the first process, as in `first`: it has every device.
#include "attempt.hpp"

namespace {

using check::need;

constinit std::array<bool, abi::syscall_count> calls_seen{};
constinit std::array<abi::Slot, abi::slot_limit> held{};
constinit usize held_count = 0;

void every_call_was_seen()
{
    empty_table();
    for (usize i = 0; i < calls_seen.size(); ++i) {
        text::Buffer<40> line;
        check::that(calls_seen[i], line.put("call ").number(i).put(" is in no list").view());
    }
}

constexpr std::array last_cases{
    check::Case{"every call of the table is in one of the two lists", every_call_was_seen,
                check::Runs::once},
};

}  // namespace

void seen(abi::Syscall call) { calls_seen[static_cast<usize>(call)] = true; }

Outcome refused_in(u64 n,
                   abi::Syscall call,
                   abi::Slot about,
                   std::initializer_list<u64> arguments,
                   const abi::ProcessQuota* quota)
{
    check::RawRegisters in;
    std::copy(arguments.begin(), arguments.end(), in.x.begin());
    in.x[9] = abi::now.raw();
    in.x[10] = check::refuse(n);
    if (quota != nullptr)
        std::memcpy(sys::message_page().payload.data(), quota, sizeof(*quota));
    const auto out = check::raw_call(call, about, in);
    return {check::raw_error(out), out};
}

void fill_table()
{
    for (;;) {
        const auto [error, out] =
            refused_in(1, abi::Syscall::duplicate, check::self().slot, {abi::right::read.raw});
        if (error == Errc::no_memory)
            return;
        check::equals(error, Errc::ok);
        held[held_count++] = abi::Slot{out.x[1]};
    }
}

Place::Place() { sys::close(held[--held_count]); }
Place::~Place()
{
    held[held_count++] = need(sys::duplicate(check::self(), abi::right::read)).release();
}

void leave_places()
{
    constexpr usize enough = 8;
    fill_table();
    for (usize i = 0; i < enough; ++i)
        sys::close(held[--held_count]);
}

void nothing_but_a_table_page_left(const Before& before, bool table_page)
{
    Before wanted = before;
    const Before now;
    if (table_page && now.mine.frames_used == before.mine.frames_used + 1) {
        wanted.counters.values[0] -= 1;
        wanted.mine.frames_used += 1;
    }
    check::nothing_left(wanted.counters);
    check::equals(now.mine.frames_used, wanted.mine.frames_used);
    check::equals(now.mine.handles_used, wanted.mine.handles_used);
    check::equals(now.mine.threads_used, wanted.mine.threads_used);
}

void empty_table()
{
    while (held_count > 0)
        sys::close(held[--held_count]);
}

int program_main(const void* argument)
{
    const sys::Startup given = check::first::begin(argument, "refused");
    check::first::end(check::run(given, {allocating_cases, never_cases, last_cases}));
}
