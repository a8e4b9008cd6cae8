// consoled/server.hpp - the console protocol over a line. Never waits: what does not fit into its
// buffer stays in the line, which holds the sender back; what the line does not take is refused.
#pragma once

#include "input.hpp"
#include "line.hpp"
#include "waiters.hpp"

#include <sys/progress.hpp>
#include <sys/serve.hpp>
#include <sys/statistics.hpp>
#include <sys/time.hpp>

namespace consoled {

inline constexpr unsigned interrupt_bit = 0;

// In the server's page (abi::Statistics), by these names.
inline constexpr std::array<std::string_view, 6> count_names{"discarded", "interrupts", "received",
                                                             "refused",   "resets",     "written"};
struct Counts {
    u64 discarded = 0;   // bytes, by an interrupt
    u64 interrupts = 0;  // Ctrl-C, or a break
    u64 received = 0;    // bytes
    u64 refused = 0;     // writes that found no room
    u64 resets = 0;
    u64 written = 0;  // bytes
};

template <Line L>
class Server {
public:
    static constexpr unsigned handles_taken = 3;
    static constexpr u8 interrupt_character = 3;  // ETX, Ctrl-C
    static constexpr u32 most_faults = 16;        // of the device, then the server gives up

    explicit Server(L& line)
        : line_{&line},
          counts_{&sys::Statistics{sys::statistics()}.begin<Counts>(sys::now().raw(), count_names)}
    {
    }

    // Bytes that came before, for an earlier instance perhaps, are taken too.
    void begin()
    {
        line_->interrupts(true);
        work();
    }

    // Leaves the message page alone: a request may be in it. Errors: device_fault (the device broke
    // its specification too often), those of its recovery.
    Result<> step(abi::Bits woken)
    {
        const bool interrupted = woken.any(abi::Bits::at(interrupt_bit));
        if (interrupted && !line_->acknowledge())
            recover();
        if (interrupted || more_)
            work();
        return state_;
    }

    // What is left in the line says nothing by itself.
    abi::Ticks next_deadline() const { return more_ || !state_ ? abi::Ticks{0} : abi::never; }

    // Every answer is given at once; what was written is out, or on its way.
    static void leave() {}
    bool idle() { return line_->idle(); }
    static void left() {}

    void forget(u64 badge)
    {
        waiters_.forget(badge);
        if (reader_ == badge)
            stop_listening();
    }

    Result<console::Info::Reply> on(const console::Info::Request&, sys::Caller&);
    Result<console::Write::Reply> on(const console::Write::Request& request, sys::Caller&);
    Result<console::Read::Reply> on(const console::Read::Request&, sys::Caller& caller);
    Result<console::Listen::Reply> on(const console::Listen::Request& request, sys::Caller& caller);
    Result<console::AwaitRoom::Reply> on(const console::AwaitRoom::Request&, sys::Caller& caller);
    Result<console::Port::Reply> on(const console::Port::Request& request, sys::Caller&);

private:
    static constexpr u32 rounds_per_step = 16;  // of looking again at a line that goes on

    void work();
    void drain();
    void take(const Received& received);
    void recover();
    void give_up(Errc why);
    Result<bool> room();
    void stop_listening()
    {
        reader_ = 0;
        signals_ = false;
        input_bell_ = {};
        interrupt_bell_ = {};
        change_bell_ = {};
    }

    L* line_;
    Counts* counts_;
    Input input_;
    Result<> state_;        // why the server ends
    bool more_ = false;     // there may be more in the line
    bool held_ = false;     // the line is not listened to, until there is room again
    bool signals_ = false;  // ListenFlags::interrupts
    u64 reader_ = 0;        // badge; 0: nobody
    sys::Handle<sys::Notification> input_bell_;
    sys::Handle<sys::Notification> interrupt_bell_;
    sys::Handle<sys::Notification> change_bell_;
    Waiters waiters_;
};

// All that there is to do, as far as one step may take.
template <Line L>
void Server<L>::work()
{
    const bool was_empty = input_.empty();
    more_ = false;
    u32 rounds = 0;
    do {
        drain();
        more_ |= ++rounds == rounds_per_step;
    } while (line_->settle(!held_) && !more_);
    if (line_->broken())
        recover();
    if (was_empty && !input_.empty())
        ring(input_bell_);
    if (line_->changed())
        ring(change_bell_);
    if (!waiters_.empty() && room().value_or(true))
        waiters_.tell_all();
}

template <Line L>
void Server<L>::drain()
{
    for (usize taken = 0; !input_.full(); ++taken) {
        const auto received = line_->read();
        if (!received)
            break;
        take(*received);
        if (taken == Input::capacity) {  // who presses Ctrl-C without end keeps nobody waiting
            more_ = true;
            return;
        }
    }
    if (input_.full() && !std::exchange(held_, true))
        line_->interrupts(false);
}

template <Line L>
void Server<L>::take(const Received& received)
{
    ++counts_->received;
    if (!signals_ || (!received.broken && received.byte != interrupt_character)) {
        input_.add(received.byte);
        return;
    }
    ++counts_->interrupts;
    counts_->discarded += input_.size();
    input_.clear();
    ring(interrupt_bell_);
}

// What was under way in the device is lost.
template <Line L>
void Server<L>::recover()
{
    sys::note(abi::BlackBox::What::reset, ++counts_->resets);
    if (counts_->resets > most_faults)
        return give_up(Errc::device_fault);
    if (const auto again = line_->recover(); !again)
        return give_up(again.error());
    more_ = true;
}

template <Line L>
void Server<L>::give_up(Errc why)
{
    if (state_)
        line_->last_words("\r\n-- the console's device does not work, its server ends\r\n");
    state_ = fail(why);
}

template <Line L>
Result<bool> Server<L>::room()
{
    auto there = line_->room();
    if (!there) {
        recover();
        there = line_->room();
    }
    return there;
}

template <Line L>
Result<console::Info::Reply> Server<L>::on(const console::Info::Request&, sys::Caller&)
{
    const About about = line_->about();
    return console::Info::Reply{.back_end = about.back_end,
                                .columns = about.columns,
                                .rows = about.rows,
                                .received = counts_->received,
                                .written = counts_->written,
                                .interrupts = counts_->interrupts,
                                .discarded = counts_->discarded,
                                .notifies = about.notifies,
                                .ports = about.ports,
                                .resets = static_cast<u32>(counts_->resets),
                                .flags = about.flags,
                                .reserved = 0};
}

template <Line L>
Result<console::Write::Reply> Server<L>::on(const console::Write::Request& request, sys::Caller&)
{
    if (request.size == 0 || request.size > console::max_bytes || request.reserved != 0)
        return fail(Errc::bad_argument);
    const auto bytes = std::span{request.data}.first(request.size);
    auto taken = line_->write(bytes);
    if (!taken && taken.error() != Errc::would_block) {
        recover();
        taken = line_->write(bytes);
    }
    if (!taken) {
        counts_->refused += taken.error() == Errc::would_block ? 1 : 0;
        return fail(taken.error());
    }
    counts_->written += *taken;
    return console::Write::Reply{static_cast<u32>(*taken), 0};
}

template <Line L>
Result<console::Read::Reply> Server<L>::on(const console::Read::Request&, sys::Caller& caller)
{
    if (reader_ != caller.badge())
        return fail(Errc::denied);
    if (input_.empty())
        return fail(Errc::would_block);
    console::Read::Reply reply{};
    reply.size = static_cast<u32>(input_.take(reply.data));
    if (std::exchange(held_, false)) {
        line_->interrupts(true);
        work();
    }
    return reply;
}

template <Line L>
Result<console::Listen::Reply> Server<L>::on(const console::Listen::Request& request,
                                             sys::Caller& caller)
{
    if ((request.flags & ~console::ListenFlags::interrupts) != 0 || request.reserved != 0)
        return fail(Errc::bad_argument);
    auto input = caller.take<sys::Notification>(0);
    auto interrupt = caller.take<sys::Notification>(1);
    auto change = caller.take<sys::Notification>(2);
    if (!input || !interrupt || !change)
        return fail(Errc::bad_argument);
    if (reader_ != 0 && reader_ != caller.badge())
        return fail(Errc::busy);
    reader_ = caller.badge();
    signals_ = request.flags != 0;
    input_bell_ = std::move(*input);
    interrupt_bell_ = std::move(*interrupt);
    change_bell_ = std::move(*change);
    if (!input_.empty())
        ring(input_bell_);
    return console::Listen::Reply{};
}

template <Line L>
Result<console::AwaitRoom::Reply> Server<L>::on(const console::AwaitRoom::Request&,
                                                sys::Caller& caller)
{
    auto bell = caller.take<sys::Notification>(0);
    if (!bell)
        return fail(Errc::bad_argument);
    const auto there = room();
    if (!there)
        return fail(there.error());
    if (*there) {
        ring(*bell);
        return console::AwaitRoom::Reply{};
    }
    if (const auto added = waiters_.add(caller.badge(), std::move(*bell)); !added)
        return fail(added.error());
    return console::AwaitRoom::Reply{};
}

template <Line L>
Result<console::Port::Reply> Server<L>::on(const console::Port::Request& request, sys::Caller&)
{
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (const auto port = line_->port(request.index))
        return *port;
    return fail(Errc::out_of_range);
}

}  // namespace consoled
