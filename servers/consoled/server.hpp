// consoled/server.hpp - the console protocol over a line. Never waits: what does not fit into its
// buffer stays in the line, which holds the sender back.
#pragma once

#include "input.hpp"
#include "pl011.hpp"

#include <proto/console.hpp>
#include <sys/notification.hpp>
#include <sys/serve.hpp>

namespace consoled {

namespace console = proto::console;

inline constexpr unsigned interrupt_bit = 0;

// The device side: Pl011; a script in tests.
template <class L>
concept Line = requires(L line, u8 byte, bool on) {
    { line.write(byte) } -> std::same_as<void>;
    { line.read() } -> std::same_as<std::optional<Received>>;
    { line.acknowledge() } -> std::same_as<void>;
    { line.interrupts(on) } -> std::same_as<void>;
};

template <Line L>
class Server {
public:
    static constexpr unsigned handles_taken = 2;
    static constexpr u8 interrupt_character = 3;  // ETX, Ctrl-C

    explicit Server(L& line) : line_{&line} {}

    // Bytes that came before, for an earlier instance perhaps, are taken too.
    void begin()
    {
        line_->interrupts(true);
        drain();
    }

    // Leaves the message page alone: a request may be in it.
    Result<> step(abi::Bits woken)
    {
        if (woken.any(abi::Bits::at(interrupt_bit)))
            line_->acknowledge();
        if (woken.any(abi::Bits::at(interrupt_bit)) || more_)
            drain();
        return {};
    }

    // What is left in the line says nothing by itself.
    abi::Ticks next_deadline() const { return more_ ? abi::Ticks{0} : abi::never; }

    // Every answer is given at once.
    static void leave() {}
    static bool idle() { return true; }
    static void left() {}

    void forget(u64 badge)
    {
        if (reader_ == badge)
            stop_listening();
    }

    Result<console::Info::Reply> on(const console::Info::Request&, sys::Caller&)
    {
        return console::Info::Reply{
            console::BackEnd::pl011, 0, 0, received_, written_, interrupts_, discarded_};
    }
    Result<console::Write::Reply> on(const console::Write::Request& request, sys::Caller&);
    Result<console::Read::Reply> on(const console::Read::Request&, sys::Caller& caller);
    Result<console::Listen::Reply> on(const console::Listen::Request& request, sys::Caller& caller);

private:
    static constexpr abi::Bits all_bits{~u64{0}};

    static void ring(const sys::Handle<sys::Notification>& bell)
    {
        if (bell.valid())
            (void)sys::signal(bell.borrow(), all_bits);
    }

    void drain()
    {
        const bool was_empty = input_.empty();
        more_ = false;
        for (usize taken = 0; !input_.full(); ++taken) {
            const auto received = line_->read();
            if (!received)
                break;
            take(*received);
            if (taken == Input::capacity) {  // who presses Ctrl-C without end keeps nobody waiting
                more_ = true;
                break;
            }
        }
        if (input_.full() && !std::exchange(held_, true))
            line_->interrupts(false);
        if (was_empty && !input_.empty())
            ring(input_bell_);
    }

    void take(const Received& received)
    {
        ++received_;
        if (!signals_ || (!received.broken && received.byte != interrupt_character)) {
            input_.add(received.byte);
            return;
        }
        ++interrupts_;
        discarded_ += input_.size();
        input_.clear();
        ring(interrupt_bell_);
    }

    void stop_listening()
    {
        reader_ = 0;
        signals_ = false;
        input_bell_ = {};
        interrupt_bell_ = {};
    }

    L* line_;
    Input input_;
    bool more_ = false;     // there may be more in the line
    bool held_ = false;     // the line is not listened to, until there is room again
    bool signals_ = false;  // ListenFlags::interrupts
    u64 reader_ = 0;        // badge; 0: nobody
    sys::Handle<sys::Notification> input_bell_;
    sys::Handle<sys::Notification> interrupt_bell_;
    u64 received_ = 0;
    u64 written_ = 0;
    u64 interrupts_ = 0;
    u64 discarded_ = 0;
};

template <Line L>
Result<console::Write::Reply> Server<L>::on(const console::Write::Request& request, sys::Caller&)
{
    if (request.size == 0 || request.size > console::max_bytes || request.reserved != 0)
        return fail(Errc::bad_argument);
    for (const u8 byte : std::span{request.data}.first(request.size))
        line_->write(byte);
    written_ += request.size;
    return console::Write::Reply{request.size, 0};
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
        drain();
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
    if (!input || !interrupt)
        return fail(Errc::bad_argument);
    if (reader_ != 0 && reader_ != caller.badge())
        return fail(Errc::busy);
    reader_ = caller.badge();
    signals_ = request.flags != 0;
    input_bell_ = std::move(*input);
    interrupt_bell_ = std::move(*interrupt);
    if (!input_.empty())
        ring(input_bell_);
    return console::Listen::Reply{};
}

}  // namespace consoled
