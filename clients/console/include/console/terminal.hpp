// console/terminal.hpp - a session with a console: bytes to a terminal, and from it.
//
// The program sleeps on a notification of its own, of which some bits belong to the session. A
// server that dies is a pause: the session goes on with the next one, and what it had taken from
// the line and not handed on is lost.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <proto/console.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace console {

// Of the program's notification.
struct Bits {
    abi::Bits input;      // read() has something
    abi::Bits interrupt;  // Ctrl-C
    abi::Bits server;     // renew() is due
    abi::Bits room{};     // try_write() is worth another try
    abi::Bits changed{};  // info() says something else: another size, somebody came or went
};

class Terminal {
public:
    // Connects, and listens: one session of a console does. `notification` outlives it. Errors:
    // those of Connect; busy (another session reads).
    Result<> open(const sys::Startup& given,
                  std::string_view service,
                  sys::Borrowed<sys::Notification> told,
                  const Bits& bits);
    bool is_open() const { return session_.has_value(); }

    // All of it, in order; sleeps while the line takes nothing, for which the session needs its
    // room bit. Bits of the program that come meanwhile are raised again. Errors: gave_up (the
    // server will not come back), device_fault, would_block (there is no room bit), cancelled (it
    // slept, and Ctrl-C came: a part may be out).
    Result<> write(std::string_view text);
    // What the line takes of it now, at most proto::console::max_bytes. Errors: as write;
    // would_block (nothing: the room bit comes when it does).
    Result<usize> try_write(std::string_view text);

    // Errors: as write.
    Result<proto::console::Info::Reply> info();
    // The index-th port beside the console. Errors: as write; out_of_range.
    Result<proto::console::Port::Reply> port(u32 index);

    // What there is, at most proto::console::max_bytes. Errors: would_block, as write.
    Result<usize> read(std::span<char> into);

    // After the server bit: true if the server is another one now. What was on the screen is there
    // still. Errors: as write.
    Result<bool> renew();
    // Of the server that is talked with: another one, and input may be lost, or output shown twice.
    u64 epoch() const { return epoch_; }

private:
    Result<> listen();
    Result<bool> await_room();
    Result<sys::HandleSet> doorbells(std::initializer_list<abi::Bits> all) const;
    template <Method M>
    Result<typename M::Reply> ask(const typename M::Request& request);

    std::optional<sys::Session> session_;
    sys::Borrowed<sys::Notification> told_{};
    Bits bits_{};
    u64 epoch_ = 0;
};

}  // namespace console
