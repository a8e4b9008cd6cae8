// tests/host/microkernel/described.cpp - what the kernel makes of an edited tree.
#include "described.hpp"

#include "machine_rules.hpp"

#include <catch2/catch.hpp>

kernel::MachineDescription accepted(const TreeEditor& tree)
{
    const auto blob = tree.blob();
    auto machine = kernel::describe(blob);
    REQUIRE(machine.has_value());
    const char* const broken = broken_rule(*machine, blob);
    CHECK((broken == nullptr ? "" : broken) == std::string{});
    machine->bootargs = {};
    return *machine;
}

Errc refused(const TreeEditor& tree)
{
    const auto machine = kernel::describe(tree.blob());
    return machine ? Errc::ok : machine.error();
}
