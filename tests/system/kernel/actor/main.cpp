// actor/main.cpp - finds the behaviour that argument 0 names.
#include "behaviour.hpp"

#include <algorithm>

#include <base/text.hpp>
#include <sys/process.hpp>

extern "C" void check_fp_load(const u8* registers);
extern "C" void check_fp_store(u8* registers);

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

// 0 if all FP and SIMD registers are zero, as they must be in a new process; leaves junk in them.
u64 fp_registers(const sys::Startup&)
{
    std::array<u8, 528> state;
    check_fp_store(state.data());
    u64 others = 0;
    for (u8& byte : state) {
        others += byte != 0 ? 1 : 0;
        byte = 0x5a;
    }
    std::fill(state.begin() + 512, state.end(), u8{0});
    check_fp_load(state.data());
    return others;
}

constexpr std::array simple{
    Behaviour{"fp_registers", fp_registers},
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
    const std::array groups{
        std::span<const Behaviour>{simple}, faults, servers, waits, parents, workers};
    for (const auto group : groups)
        for (const Behaviour& one : group)
            if (one.name == wanted)
                sys::exit(one.run(given));
    return static_cast<int>(unknown_behaviour);
}
