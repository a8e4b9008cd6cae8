// actor/worker.cpp - processes with much memory and many handles, and such as let the kernel work
// for long, again and again.
#include "behaviour.hpp"

#include <abi/boot.hpp>
#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>

namespace actor {

namespace {

Bytes mebibytes(const sys::Startup& given) { return Bytes{number(given, 1) << 20}; }

// Memory of both kinds, mapped, and handles; says so, and sleeps.
u64 hoard(const sys::Startup& given)
{
    const auto ready = given.grant<sys::Notification>("ready");
    if (!ready)
        return not_granted;
    const auto scattered = sys::SharedMemory::create(mebibytes(given));
    const auto run = sys::SharedMemory::create(mebibytes(given), abi::MemoryFlags::contiguous);
    if (!scattered || !run)
        return call_failed;
    for (u64 i = 0; i < number(given, 2); ++i) {
        auto made = sys::create_notification();
        if (!made)
            return call_failed;
        (void)made->release();
    }
    (void)sys::signal(*ready, abi::Bits::at(0));
    const auto nobody = sys::create_notification();
    (void)sys::wait(nobody->borrow());
    return went_on;
}

// Makes memory, maps it, writes to every page, and lets it go, for ever.
u64 churn(const sys::Startup& given)
{
    for (u64 n = 0;; ++n) {
        const auto memory =
            sys::create_memory(mebibytes(given), n % 2 == 0 ? 0 : abi::MemoryFlags::contiguous);
        if (!memory)
            return static_cast<u64>(memory.error());
        const auto mapped = sys::Mapping::create(memory->borrow(), sys::read_write);
        if (!mapped)
            return static_cast<u64>(mapped.error());
        for (u64 at = 0; at < mapped->bytes().size(); at += page_bytes)
            mapped->bytes()[at + n % page_bytes] = std::byte{1};
    }
}

// Makes a process, maps memory into it, and kills it, for ever.
u64 churn_processes(const sys::Startup& given)
{
    const auto self = given.grant<sys::Process>("self");
    const auto memory = sys::create_memory(mebibytes(given));
    if (!self || !memory)
        return not_granted;
    for (;;) {
        const abi::ProcessQuota quota{200, 4, 1, 0, text::padded<16>("victim"), 0, 0};
        const auto victim = sys::create_process(*self, quota);
        if (!victim)
            return static_cast<u64>(victim.error());
        const auto mapped = sys::map_into(victim->borrow(), memory->borrow(), mebibytes(given),
                                          sys::read_write, VirtAddr{abi::mapping_base});
        const auto killed = sys::kill(victim->borrow());
        if (!mapped || !killed)
            return call_failed;
    }
}

// Ends the process that it was granted, which may be the one that pays for it.
u64 kill_granted(const sys::Startup& given)
{
    const auto victim = given.grant<sys::Process>("victim");
    if (!victim || !sys::kill(*victim))
        return not_granted;
    return 0;
}

u64 give_up_granted(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("endpoint");
    if (!endpoint || !sys::give_up(*endpoint))
        return not_granted;
    return 0;
}

// Fills handle slots so that memory is in the last one of a late page of the table, unmapped.
u64 late_memory(const sys::Startup& given)
{
    const auto ready = given.grant<sys::Notification>("ready");
    if (!ready)
        return not_granted;
    const auto nobody = sys::create_notification();
    for (;;) {
        auto made = sys::create_notification();
        if (!made)
            return call_failed;
        const u64 index = made->release().raw() & 8191;
        if (index >= 2560 && index % 128 == 124)
            break;
    }
    auto memory = sys::create_memory(mebibytes(given));
    if (!memory)
        return call_failed;
    if ((memory->release().raw() & 127) != 125)
        return went_on;
    (void)sys::signal(*ready, abi::Bits::at(0));
    (void)sys::wait(nobody->borrow());
    return went_on;
}

constexpr std::array all{
    Behaviour{"kill_granted", kill_granted},
    Behaviour{"give_up_granted", give_up_granted},
    Behaviour{"late_memory", late_memory},
    Behaviour{"hoard", hoard},
    Behaviour{"churn", churn},
    Behaviour{"churn_processes", churn_processes},
};

}  // namespace

const std::span<const Behaviour> workers{all};

}  // namespace actor
