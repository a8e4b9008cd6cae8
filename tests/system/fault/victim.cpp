// fault/victim.cpp - a program that faults are injected into; argument 0 says what it does.
#include "victim.hpp"

#include <sys/endpoint.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>

extern "C" {
u64 check_sequence(u64* value, u64* counter);
extern const char sequence_add, sequence_store, sequence_branch, sequence_exclusive,
    sequence_past_exclusive, sequence_end;
}

namespace {

u64 address(const void* at) { return std::bit_cast<u64>(at); }

void tell_labels(Board& board)
{
    board.labels = {std::bit_cast<u64>(&check_sequence),
                    address(&sequence_add),
                    address(&sequence_store),
                    address(&sequence_branch),
                    address(&sequence_exclusive),
                    address(&sequence_past_exclusive),
                    address(&sequence_end)};
}

constexpr int calls_a_round = 5;

// A round: the sequence, and some calls. It ends after so many.
int work(const Victim& victim, u64 rounds)
{
    (void)sys::signal(victim.ready, abi::Bits::at(0));
    while (victim.board.rounds < rounds) {
        if (const auto told = sys::wait(victim.go); !told)
            return call_failed + static_cast<int>(told.error());
        (void)check_sequence(&victim.board.value, &victim.board.counter);
        for (int i = 0; i < calls_a_round; ++i)
            if (const auto info = sys::handle_info(victim.go.slot); !info)
                return call_failed + static_cast<int>(info.error());
        ++victim.board.rounds;
    }
    return well;
}

// Two threads increment the same counter.
int share(const Victim& victim)
{
    alignas(16) static constinit std::array<std::byte, 8192> stack{};
    constexpr u64 each = 50;
    const auto self = victim.given.grant<sys::Process>("self");
    const auto many = [](void* context) {
        auto& board = *static_cast<Board*>(context);
        u64 value = 0;
        for (u64 i = 0; i < each; ++i)
            (void)check_sequence(&value, &board.counter);
        __atomic_fetch_add(&board.rounds, 1, __ATOMIC_RELEASE);
    };
    (void)sys::signal(victim.ready, abi::Bits::at(0));
    (void)sys::wait(victim.go);
    const u32 other_cpu = (*sys::system_info()).cpus;
    if (!self || !sys::spawn(*self, stack, many, &victim.board, 10, other_cpu))
        return 1;
    many(&victim.board);
    while (__atomic_load_n(&victim.board.rounds, __ATOMIC_ACQUIRE) < 2)
        (void)sys::wait(victim.go, sys::after_ms(1));
    return victim.board.counter == 2 * each ? well : 2;
}

// Answers with one more than it was asked, and the same ordinal.
int serve(const Victim& victim)
{
    const auto endpoint = victim.given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return 1;
    (void)sys::signal(victim.ready, abi::Bits::at(0));
    for (;;) {
        const auto in = sys::receive(*endpoint, 0);
        if (!in.request())
            continue;
        ++victim.board.requests;
        victim.board.last_word = in.words[0];
        if (!sys::reply({abi::Header::make(in.header.ordinal(), 8), {in.words[0] + 1}}))
            ++victim.board.orphans;
    }
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const auto memory = given.grant<sys::Memory>("board");
    const auto go = given.grant<sys::Notification>("go");
    const auto ready = given.grant<sys::Notification>("ready");
    if (!memory || !go || !ready)
        return 3;
    const auto page = sys::Mapping::create(*memory, sys::read_write);
    if (!page)
        return 4;
    const Victim victim{given, *reinterpret_cast<Board*>(page->bytes().data()), *go, *ready};
    tell_labels(victim.board);
    const std::string_view how = given.argument(0);
    if (how == "work")
        return work(victim, 2);
    if (how == "share")
        return share(victim);
    return how == "serve" ? serve(victim) : drive(victim, how);
}
