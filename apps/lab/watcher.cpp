// lab/watcher.cpp - once a millisecond.
#include "watcher.hpp"

namespace lab {

namespace {

constexpr u64 answer_ms = 500;
constexpr u64 help_ms = 5'000;

}  // namespace

Result<> Watcher::open(const sys::Startup& given, const Order& order)
{
    const auto names = given.grant<sys::Endpoint>("names");
    auto notification = sys::create_notification();
    if (!names || !notification)
        return fail(Errc::no_memory);
    names_ = *names;
    notification_ = std::move(*notification);
    name_ = text::padded<sizeof(abi::Name)>(order.victim);
    if (const auto opened = victim_.open(given, order.victim, order.load); !opened)
        return opened;
    const bool disk = order.load == Load::block;
    const auto other =
        disk ? other_.open(given, "rng0", Load::random) : other_.open(given, "disk0", Load::block);
    if (!other)
        return other;
    if (const auto info = sys::info(victim_.endpoint()))
        epoch_ = info->epoch;
    return sys::watch(victim_.endpoint(), notification_.borrow(), victim_bit);
}

bool Watcher::run()
{
    abi::Ticks tick = sys::after_ms(1);
    while (!stopped_) {
        const auto woken = sys::wait(notification_.borrow(), std::min(tick, abi::Ticks{kill_at_}));
        if (woken && woken->any(victim_bit))
            look();
        if (sys::now().raw() >= kill_at_)
            kill();
        if (sys::now().raw() >= deadline_ && !help())
            return false;
        if (sys::now() < tick)
            continue;
        ask(tick);
        tick = std::max(sys::later(tick, sys::milliseconds(1)), sys::now());
    }
    return true;
}

void Watcher::stop()
{
    stopped_ = true;
    (void)sys::signal(notification_.borrow(), order_bit);
}

void Watcher::begin(abi::Ticks kill_at, u64 period_us, abi::Ticks deadline)
{
    killed_at_ = served_at_ = worst_ = 0;
    kills_ = 0;
    period_us_ = period_us;
    helped_ = false;
    deadline_ = deadline.raw();
    kill_at_ = kill_at.raw();
    (void)sys::signal(notification_.borrow(), order_bit);
}

void Watcher::end() { kill_at_ = abi::never.raw(); }

// Of a server that is just being started again there is no process: of several kills the next one
// is due then.
void Watcher::kill()
{
    u64 due = kill_at_;
    const u64 now = sys::now().raw();
    const u64 next =
        period_us_ == 0 ? abi::never.raw() : sys::after(sys::microseconds(period_us_)).raw();
    if (due == abi::never.raw() || !kill_at_.compare_exchange_strong(due, next))
        return;
    if (!sys::call<proto::names::Kill>(names_, {name_}))
        return;
    if (kills_++ == 0)
        killed_at_ = now;
}

// Once a trial.
bool Watcher::help()
{
    deadline_ = sys::after_ms(help_ms).raw();
    return !helped_.exchange(true) && sys::call<proto::names::Kill>(names_, {name_});
}

void Watcher::look()
{
    const auto info = sys::info(victim_.endpoint());
    if (!info || !info->served || info->epoch == epoch_)
        return;
    epoch_ = info->epoch;
    if (served_at_ == 0)
        served_at_ = sys::now().raw();
}

void Watcher::ask(abi::Ticks planned)
{
    (void)other_.ask(sys::after_ms(answer_ms));
    worst_ = std::max<u64>(worst_, sys::now().raw() - planned.raw());
}

}  // namespace lab
