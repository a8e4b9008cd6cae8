// object/endpoint.hpp - synchronous call and reply; outlives the server that serves it.
//
// Callers stand in line, highest priority first, first come first served within one; receivers
// wait, the last one to come is the first to be used. Invariant: callers and receivers are never
// both non-empty.
//
// An endpoint is served while some handle without the right to manage has the right to receive: its
// creator is not its server. Each time it gets a server again its epoch goes up, and the first call
// of a badge on a newer one fails, once. For that the turns of its servers are counted, and a badge
// remembers the last one that it knows of: a new server, or the end of one of several.
#pragma once

#include "object/handle_table.hpp"
#include "object/thread.hpp"

namespace kernel {

// A handle with these rights makes its process a server of the endpoint.
constexpr bool serves(abi::Rights rights)
{
    return rights.has(abi::right::receive) && !rights.has(abi::right::manage);
}

struct EndpointBadges;  // tag: badges that watch an endpoint, or are gone and not told yet

// One connection to an endpoint: a number that the server sees with each message. Not an object of
// its own: the handles that carry it count it, and the server is told when the last is closed.
class Badge final : public ListNode<EndpointBadges> {
public:
    // One handle of `payer`'s quota is paid already; it comes back with the badge's end.
    Badge(Process& payer, Endpoint& endpoint, u64 value, u64 seen);
    Badge(const Badge&) = delete;
    Badge& operator=(const Badge&) = delete;
    ~Badge();

    Endpoint& endpoint() const { return *endpoint_; }
    u64 value() const { return value_; }

    void ref() { ++references_; }
    void unref();

    // Raises the bits when the endpoint loses its server, gets one, or is given up.
    void watch(Notification& notification, abi::Bits bits);
    // A call of it was received.
    void meet_server();
    // A caller of it learned that its server died: if the next turn is a new server, it knows.
    void lose_server();

private:
    friend class Endpoint;
    friend struct Layout;
    void wait_for_news();

    Ref<Endpoint> endpoint_;
    u64 value_;
    u64 seen_;  // turn
    Ref<Notification> watch_;
    abi::Bits watch_bits_;
    Ref<Process> payer_;
    u32 references_ = 1;
    u32 news_ = 0;  // that it was told of, or has no use for
};

class Endpoint final : public Large {
public:
    static constexpr auto kind_value = abi::Kind::endpoint;

    Endpoint() : Large{kind_value} {}
    ~Endpoint();

    u32 epoch() const { return epoch_; }
    bool served() const { return receive_handles_ > 0; }
    bool given_up() const { return given_up_; }
    u64 queued() const { return waiting_ - gone_count_; }

    // Handles come and go: of servers, and of all who could receive or lend the right to.
    void handle_added(abi::Rights rights);
    void handle_closed(abi::Rights rights);
    void give_up(bool on);
    void tell_manager()
    {
        if (watch_)
            watch_->signal(watch_bits_);
    }
    // Some thread waits for a message.
    bool attended() const { return receiver_ != nullptr || !receivers_.empty(); }
    void watch(Notification& notification, abi::Bits bits);

    // Errors: over_quota, no_memory.
    Result<Badge*> mint(Process& payer, u64 value);

    // What a call may not get past: restarted or given up. Updates what the badge has seen.
    Result<> admit(Badge& badge) const;
    // The thread that received here last, as far as anybody has to know: of several servers, one.
    Thread* server() const { return server_; }
    void served_by(Thread& thread);
    void forget_server();

    // Something is there to be received.
    bool busy() const { return waiting_ != 0; }

    Thread* first_receiver() { return receiver_ != nullptr ? receiver_ : receivers_.front(); }
    Thread* first_caller() { return callers_.front(); }
    void add_receiver(Thread& thread)
    {
        if (receiver_ != nullptr)
            receivers_.push_front(*receiver_);
        receiver_ = &thread;
    }
    void add_caller(Thread& thread);
    void remove_caller(Thread& thread);
    void remove_receiver(Thread& thread)
    {
        if (receiver_ == &thread)
            receiver_ = nullptr;
        else
            List<Thread, Queue>::remove(thread);
    }
    // The receiver of an endpoint with a single server thread, or null.
    Thread* lone_receiver() const { return receiver_; }

    // The value of a badge whose last handle was closed, once each; 0: none.
    u64 take_gone();

    // A step of what tell() began.
    void go_on_telling();

private:
    friend class Badge;
    friend struct Layout;
    static constexpr u64 nobody = ~u64{0};  // as required turn
    static constexpr int in_a_step = 16;    // are told

    void receiver_added();
    void receiver_closed();
    void cancel_receivers();
    void tell();
    bool tell_some(int at_most);

    // Calls of badges that have seen less take the long way: the turn of the last new server, or
    // beyond all turns while it is given up or no server is known.
    u64 required_ = nobody;
    Thread* receiver_ = nullptr;  // the last one to come; others in receivers_
    u64 waiting_ = 0;             // callers in line, and badges that are gone
    List<Thread, Queue> receivers_;
    List<Thread, Queue> callers_;
    List<Badge, EndpointBadges> watchers_;  // those who do not know the news first
    List<Badge, EndpointBadges> gone_;
    List<Badge, EndpointBadges> forgotten_;  // gone before this server came
    u64 turn_ = 0;
    u64 restarted_ = 0;  // the turn in which the last new server came
    u32 news_ = 0;
    Ref<Notification> watch_;
    abi::Bits watch_bits_;
    u32 epoch_ = 0;
    u32 receive_handles_ = 0;  // that serve
    u32 hopes_ = 0;            // handles that receive or manage: without one nobody will ever serve
    u32 gone_count_ = 0;       // badges that are gone and not told yet
    Thread* server_ = nullptr;  // whose `serves` this is
    bool given_up_ = false;
};

// It began to wait in line: whoever it waits for, directly or not, becomes as important.
void donate(const Thread& caller);
// Of a server that has answered: its own, or that of the first in line.
u8 priority_before(const Thread& server, Endpoint* endpoint);

// Ends the wait of a caller whose server will not answer; its badge has then seen the next server's
// epoch.
void fail_caller(Thread& caller, Errc why);

inline Badge& badge_of(const HandleEntry& entry) { return *reinterpret_cast<Badge*>(entry.data); }

}  // namespace kernel
