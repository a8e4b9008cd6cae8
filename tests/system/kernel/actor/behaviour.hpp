// actor/behaviour.hpp - what an actor can do: a name and a function, whose result is the exit code.
#pragma once

#include <span>
#include <string_view>

#include <sys/startup.hpp>

namespace actor {

struct Behaviour {
    std::string_view name;
    u64 (*run)(const sys::Startup& given);
};

extern const std::span<const Behaviour> faults;
extern const std::span<const Behaviour> servers;
extern const std::span<const Behaviour> waits;
extern const std::span<const Behaviour> parents;
extern const std::span<const Behaviour> workers;

// The n-th argument as a number, or 0.
u64 number(const sys::Startup& given, u32 n);

// Exit codes of an actor that could not do what it should.
inline constexpr u64 unknown_behaviour = 200;
inline constexpr u64 not_granted = 201;
inline constexpr u64 went_on = 202;  // where it should have ended
inline constexpr u64 call_failed = 203;

}  // namespace actor
