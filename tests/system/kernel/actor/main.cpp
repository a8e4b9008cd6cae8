// actor/main.cpp - finds the behaviour that argument 0 names.
#include "behaviour.hpp"

#include <base/text.hpp>
#include <sys/process.hpp>

namespace actor {

namespace {

u64 leave(const sys::Startup& given) { sys::exit(number(given, 1)); }
u64 come_back(const sys::Startup& given) { return number(given, 1); }

// A call by an svc whose immediate is not zero is a call like any other.
u64 svc_immediate(const sys::Startup& given)
{
    register u64 x0 asm("x0") = number(given, 1);
    register u64 x8 asm("x8") = static_cast<u64>(abi::Syscall::exit);
    asm volatile("svc #0x1234" : : "r"(x0), "r"(x8) : "memory");
    return went_on;
}

constexpr std::array simple{
    Behaviour{"exit", leave},
    Behaviour{"return", come_back},
    Behaviour{"svc_immediate", svc_immediate},
};

}  // namespace

u64 number(const sys::Startup& given, u32 n)
{
    return text::parse_number(given.argument(n)).value_or(0);
}

}  // namespace actor

int app_main(const sys::Startup& given)
{
    using namespace actor;
    const std::string_view wanted = given.argument(0);
    const std::array groups{std::span<const Behaviour>{simple}, faults, servers, waits, parents};
    for (const auto group : groups)
        for (const Behaviour& one : group)
            if (one.name == wanted)
                sys::exit(one.run(given));
    return static_cast<int>(unknown_behaviour);
}
