// fault/main.cpp - the kernel flavour `fault`, told what to do to victims; the test is init.
#include "cases.hpp"

Victim::Victim(std::string_view how, std::string_view name) : name_{name}
{
    using namespace abi::right;
    check::Starter starter{how,
                           {.image = "test_victim",
                            .name = name,
                            .threads = 2,
                            .priority = 10,
                            .cpu = check::own_cpu}};
    starter.grant("board", memory_.slot(), abi::Kind::memory, read | write);
    starter.grant("go", go_.slot(), abi::Kind::notification, wait | signal);
    starter.grant("ready", ready_.slot(), abi::Kind::notification, signal);
    starter.grant_self();
    if (how == "serve")
        starter.grant("serve", endpoint_.slot(), abi::Kind::endpoint, receive);
    if (how != "serve" && how != "work" && how != "share")
        check::need(starter.launch().lend("device", check::first::device(device_slot), map | dma));
    child_.emplace(starter.run());
    check::works(sys::wait(ready_.borrow(), check::patience()));
    check::until_others_block();
}

abi::ExitRecord Victim::suffer(const sys::FaultOrder& order) const
{
    check::works(sys::arm_fault(order));
    start_round();
    return end();
}

bool Victim::lives()
{
    const u64 rounds = __atomic_load_n(&board().rounds, __ATOMIC_ACQUIRE);
    start_round();
    return did(rounds + 1);
}

int program_main(const void* argument)
{
    const sys::Startup given = check::first::begin(argument, "fault");
    for (u32 slot = device_slot + 1; slot < check::first::device_count(); ++slot)
        sys::close(check::first::device(slot).slot);  // nobody shares the page of the other one
    check::first::end(
        check::run(given, {point_cases, text_cases, step_cases, message_cases, device_cases}));
}
