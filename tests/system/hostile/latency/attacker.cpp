// attacker.cpp - a program that is hostile to the disk's server in the ways that it is told, by a
// thread that is less important than the meter. Each attack comes from a badge of its own, which
// ends with it.
#include "protocol.hpp"

#include <atomic>

#include <hostile/attack.hpp>
#include <proto/names.hpp>
#include <sys/process.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>
#include <sys/thread.hpp>

namespace {

constexpr u64 low_priority = 10;
constexpr auto go_bit = abi::Bits::at(0);
constexpr auto idle_bit = abi::Bits::at(1);

class Attacker {
public:
    Attacker(const sys::Startup& given, sys::Borrowed<sys::Notification> bell)
        : given_{&given}, bell_{bell}
    {
    }

    Result<latency::Begin::Reply> on(const latency::Begin::Request& request, sys::Caller&)
    {
        const bool worked = row_.exchange(request.row) != 0;
        if (worked && request.row == 0)
            if (const auto idle = sys::wait(idle_.borrow()); !idle)
                return fail(idle.error());
        if (request.row != 0)
            (void)sys::signal(bell_, go_bit);
        return latency::Begin::Reply{attacks_.exchange(0)};
    }

    // What the thread does.
    [[noreturn]] void work()
    {
        for (;;) {
            (void)sys::wait(bell_);
            while (const u32 row = row_.load())
                attack(row);
            (void)sys::signal(idle_.borrow(), idle_bit);
        }
    }

    Result<> prepare()
    {
        auto idle = sys::create_notification();
        if (!idle)
            return fail(idle.error());
        idle_ = std::move(*idle);
        return {};
    }

private:
    // Once in each way that is of this row.
    void attack(u32 row)
    {
        const auto disk = sys::connect<proto::names::Connect>(*given_, "disk0");
        const auto capacity =
            disk ? hostile::capacity_of(disk->endpoint()) : Result<u64>{fail(disk.error())};
        if (!capacity)
            return;
        hostile::Target target{disk->endpoint(), *capacity, check::Random{++seed_}, false};
        for (const auto group :
             {hostile::message_attacks, hostile::attachment_attacks, hostile::ring_attacks})
            for (const auto& each : group)
                if (each.row == row) {
                    each.run(target);
                    ++attacks_;
                }
    }

    const sys::Startup* given_;
    sys::Borrowed<sys::Notification> bell_;
    sys::Handle<sys::Notification> idle_;
    u64 seed_ = 0;
    std::atomic<u64> attacks_ = 0;
    std::atomic<u32> row_ = 0;
};

alignas(16) constinit std::array<std::byte, 64 * 1024> stack{};

void attack_for_ever(void* attacker) { static_cast<Attacker*>(attacker)->work(); }

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    const auto self = given.grant<sys::Process>("self");
    auto bell = sys::create_notification();
    if (!endpoint || !self || !bell)
        return fail(Errc::not_found);
    Attacker attacker{given, bell->borrow()};
    if (const auto prepared = attacker.prepare(); !prepared)
        return prepared;
    const auto thread = sys::spawn(*self, stack, attack_for_ever, &attacker, low_priority);
    if (!thread)
        return fail(thread.error());
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next();
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(sys::dispatch(Methods<latency::Begin>{}, attacker, *event));
    }
}
