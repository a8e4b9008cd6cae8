// explorer.hpp - runs two threads in every order, and with every value that they may read.
//
// A scenario is made anew for each execution; its threads are coroutines that change places where
// one of them accesses a word of the arena atomically, fences, or sleeps. Each execution takes
// another way through the choices: who goes on, and which value a load reads. How often one may
// leave the usual way (nobody is interrupted, the newest value) is bounded; within that bound every
// way is taken. What is compiled as HOOKED calls the explorer for each access (hooks.cpp): the code
// under test is that of the target, word for word.
#pragma once

#include "memory_model.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace explore {

struct Bounds {
    u32 interruptions = 2;
    u32 old_values = 2;
    u32 steps = 4000;  // of one execution: beyond that, it runs for ever
};

// What orders: a barrier, or the order of an access. A site is named by thread, what it is, and the
// place of the access (of a fence: of the last atomic one before it), as name() calls it.
using Site = std::string;

// Places in the arena, for messages.
void name(const void* at, usize bytes, std::string what);
// Cleared memory in the arena.
std::byte* place(usize bytes, usize alignment = 64);

// Ends the execution if it does not hold.
void demand(bool holds, const char* what);

// What a sleeper knows once it is woken.
enum class Tells : u8 {
    nothing,
    fenced,  // what a fence has ordered before: the store to a device's register
    all,     // as a call of the kernel
};

// Wakes a sleeper, as a doorbell or an interrupt: sticky, and never lost.
class Bell {
public:
    explicit Bell(Tells tells = Tells::fenced) : tells_{tells} {}
    void ring();
    void wait();

private:
    friend class Explorer;
    Tells tells_;
    bool rung_ = false;
    View view_;
};

struct Scenario {
    std::array<const char*, thread_count> names;
    std::array<std::function<void()>, thread_count> threads;
};
// Makes what both threads share, in the arena; no access is looked at meanwhile.
using Make = std::function<Scenario()>;

struct Outcome {
    u64 executions = 0;
    std::string finding;   // empty: none
    std::set<Site> sites;  // that the executions met
};

// Until all executions were run, or something was found. `without`: this site orders nothing.
Outcome explore(const Make& make, Bounds bounds, const std::optional<Site>& without = {});

// Sites without which nothing is found. Each other one is needed.
std::set<Site> not_needed(const Make& make, Bounds bounds);

}  // namespace explore
