// object/endpoint.cpp - servers come and go, badges end, callers stand in line.

#include "object/endpoint.hpp"

#include "object/slabs.hpp"
#include "sched/cpu.hpp"

#include <algorithm>

namespace kernel {

Badge::Badge(Process& payer, Endpoint& endpoint, u64 value, u64 seen)
    : endpoint_{endpoint}, value_{value}, seen_{seen}, payer_{payer}
{
}

Badge::~Badge()
{
    if (linked())
        List<Badge, EndpointBadges>::remove(*this);
    payer_->handle_quota().refund(1);
}

void Badge::watch(Notification& notification, abi::Bits bits)
{
    watch_ = Ref{notification};
    watch_bits_ = bits;
    wait_for_news();
}

void Badge::wait_for_news()
{
    if (linked())
        List<Badge, EndpointBadges>::remove(*this);
    endpoint_->watchers_.push_back(*this);
    news_ = endpoint_->news_;
}

void Badge::meet_server() { seen_ = std::max(seen_, endpoint_->restarted_); }

void Badge::lose_server()
{
    if (seen_ >= endpoint_->restarted_)
        seen_ = endpoint_->turn_ + 1;
}

void Badge::unref()
{
    if (--references_ > 0)
        return;
    watch_.reset();
    Endpoint& endpoint = *endpoint_;
    if (!endpoint.served()) {
        slabs::badges.destroy(*this);  // may take the endpoint with it
        return;
    }
    if (linked())
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
}

Result<Badge*> Endpoint::mint(Process& payer, u64 value)
{
    if (const auto paid = payer.handle_quota().charge(1); !paid)
        return fail(paid.error());
    const auto badge = slabs::badges.make(payer, *this, value, std::max(restarted_, u64{1}));
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
    restarted_ = ++turn_;
    give_up(false);
}

void Endpoint::receiver_closed()
{
    if (--receive_handles_ > 0) {
        ++turn_;  // somebody else goes on serving: nothing will restart
        return;
    }
    forgotten_.append(gone_);  // the next server never knew them
    waiting_ -= std::exchange(gone_count_, 0U);
    tell();
}

void Endpoint::give_up(bool on)
{
    given_up_ = on;
    required_ = on || server_ == nullptr ? nobody : restarted_;
    tell();
}

void Endpoint::watch(Notification& notification, abi::Bits bits)
{
    watch_ = Ref{notification};
    watch_bits_ = bits;
}

// Something changed: all are told, or have gone, when the call of the running thread returns.
void Endpoint::tell()
{
    ++news_;
    tell_manager();
    Thread* const worker = this_cpu().current();
    bool told = tell_some(2);  // a step of somebody's end closes several handles
    while (!told && worker == nullptr)
        told = tell_some(in_a_step);
    if (told)
        return;
    const bool others = static_cast<ListNode<Large>&>(*this).linked();
    if (!worker->work.active) {
        // It returns not before all are told, whoever does that.
        const auto help = [](Thread& helper) {
            return static_cast<Endpoint&>(*helper.work.object).tell_some(in_a_step);
        };
        worker->start_work(help, *this);
        if (others)
            return;
    }
    if (others)
        List<Large>::remove(*this);
    else
        ref();
    worker->doom(*this);
}

void Endpoint::go_on_telling()
{
    if (!tell_some(in_a_step))
        return;
    List<Large>::remove(*this);
    release(*this);
}

// True: there was less to tell.
bool Endpoint::tell_some(int at_most)
{
    for (int i = 0; i < at_most; ++i) {
        Badge* const watcher = watchers_.front();
        if (Thread* const caller = callers_.front(); given_up_ && caller != nullptr) {
            caller->abandon(Errc::gave_up);
        } else if (Badge* const forgotten = forgotten_.front(); forgotten != nullptr) {
            slabs::badges.destroy(*forgotten);
        } else if (watcher != nullptr && watcher->news_ != news_) {
            watcher->wait_for_news();
            watcher->watch_->signal(watcher->watch_bits_);
        } else {
            return true;
        }
    }
    return false;
}

Result<> Endpoint::admit(Badge& badge) const
{
    if (given_up_)
        return fail(Errc::gave_up);
    if (badge.seen_ >= restarted_)
        return {};
    badge.seen_ = restarted_;
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
        badge_of(**entry).lose_server();
    caller.x[0] = static_cast<u64>(why);
    caller.wake();
}

}  // namespace kernel
