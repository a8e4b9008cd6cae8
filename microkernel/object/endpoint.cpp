// object/endpoint.cpp - servers come and go, badges end, callers stand in line.

#include "object/endpoint.hpp"

#include "object/slabs.hpp"

#include <algorithm>

namespace kernel {

Badge::Badge(Process& payer, Endpoint& endpoint, u64 value, u32 epoch)
    : endpoint_{endpoint}, value_{value}, seen_epoch{epoch}, payer_{payer}
{
    endpoint.badges_.push_back(*this);
}

Badge::~Badge()
{
    List<Badge, EndpointBadges>::remove(*this);
    payer_->handle_quota().refund(1);
}

void Badge::unref()
{
    if (--references_ > 0)
        return;
    watch.reset();
    Endpoint& endpoint = *endpoint_;
    if (!endpoint.served()) {
        slabs::badges.destroy(*this);  // may take the endpoint with it
        return;
    }
    List<Badge, EndpointBadges>::remove(*this);
    endpoint.gone_.push_back(*this);
    ++endpoint.gone_count_;
    ++endpoint.waiting_;
    if (Thread* const receiver = endpoint.first_receiver(); receiver != nullptr) {
        const u64 value = endpoint.take_gone();
        receiver->wake_with_event(Errc::peer_gone, value);
    }
}

Endpoint::~Endpoint()
{
    watch_.reset();
    forget_server();
    fail_callers(Errc::peer_gone);
    while (Thread* const receiver = first_receiver())
        receiver->abandon(Errc::cancelled);
}

Result<Badge*> Endpoint::mint(Process& payer, u64 value)
{
    if (const auto paid = payer.handle_quota().charge(1); !paid)
        return fail(paid.error());
    const auto badge = slabs::badges.make(payer, *this, value, std::max(epoch_, 1U));
    if (!badge)
        payer.handle_quota().refund(1);
    return badge;
}

u64 Endpoint::take_gone()
{
    Badge* const badge = gone_.front();
    if (badge == nullptr)
        return 0;
    const u64 value = badge->value();
    --gone_count_;
    --waiting_;
    slabs::badges.destroy(*badge);
    return value;
}

void Endpoint::handle_added(abi::Rights rights)
{
    if (rights.has(abi::right::receive) || rights.has(abi::right::manage))
        ++hopes_;
    if (serves(rights))
        receiver_added();
}

void Endpoint::handle_closed(abi::Rights rights)
{
    if (rights.has(abi::right::receive)) {
        cancel_receivers();
        forget_server();  // it may have been its handle
    }
    if (serves(rights))
        receiver_closed();
    if ((rights.has(abi::right::receive) || rights.has(abi::right::manage)) && --hopes_ == 0)
        give_up(true);
}

// Those that receive through a handle that is gone.
void Endpoint::cancel_receivers()
{
    const auto lapsed = [](Thread& thread) {
        return !thread.process().handles().get<Endpoint>(thread.call_slot(), abi::right::receive);
    };
    for (auto at = receivers_.begin(); at != receivers_.end();) {
        Thread& thread = *at;
        ++at;
        if (lapsed(thread))
            thread.abandon(Errc::cancelled);
    }
    if (receiver_ != nullptr && lapsed(*receiver_))
        receiver_->abandon(Errc::cancelled);
}

void Endpoint::receiver_added()
{
    if (receive_handles_++ > 0)
        return;
    ++epoch_;
    for (Badge& badge : badges_)
        if (std::exchange(badge.told, false))
            badge.seen_epoch = epoch_;
    give_up(false);
}

void Endpoint::receiver_closed()
{
    if (--receive_handles_ > 0) {
        for (Badge& badge : badges_)
            badge.told = false;  // somebody else goes on serving: nothing will restart
        return;
    }
    while (take_gone() != 0) {
        // the next server never knew them
    }
    notify_watchers();
}

void Endpoint::give_up(bool on)
{
    given_up_ = on;
    required_epoch_ = on || server_ == nullptr ? nobody : epoch_;
    if (on)
        fail_callers(Errc::gave_up);
    notify_watchers();
}

void Endpoint::fail_callers(Errc why)
{
    while (Thread* const caller = callers_.front())
        caller->abandon(why);
}

void Endpoint::watch(Notification& notification, abi::Bits bits)
{
    watch_ = Ref{notification};
    watch_bits_ = bits;
}

void Endpoint::notify_watchers()
{
    if (watch_)
        watch_->signal(watch_bits_);
    for (Badge& badge : badges_)
        if (badge.watch)
            badge.watch->signal(badge.watch_bits);
}

Result<> Endpoint::admit(Badge& badge) const
{
    if (given_up_)
        return fail(Errc::gave_up);
    if (badge.seen_epoch >= epoch_)
        return {};
    badge.seen_epoch = epoch_;
    return fail(Errc::peer_restarted);
}

void Endpoint::add_caller(Thread& thread)
{
    ++waiting_;
    Thread* last = callers_.back();
    if (last == nullptr || last->priority >= thread.priority) {
        callers_.push_back(thread);
        return;
    }
    for (Thread& other : callers_)
        if (other.priority < thread.priority) {
            callers_.insert_before(other, thread);
            return;
        }
}

void Endpoint::remove_caller(Thread& thread)
{
    --waiting_;
    List<Thread, Queue>::remove(thread);
}

void fail_caller(Thread& caller, Errc why)
{
    const auto entry =
        caller.process().handles().find(caller.call_slot(), abi::Kind::endpoint, abi::right::call);
    if (entry && why == Errc::peer_restarted)
        badge_of(**entry).told = true;
    caller.x[0] = static_cast<u64>(why);
    caller.wake();
}

}  // namespace kernel
