// abi/message.hpp - the header word of a message, and the message page.
//
// A message is a header word and up to 56 bytes in x1..x7; or up to 512 bytes in the message page
// of the thread, which then holds the whole payload (x1..x7 mean nothing). Up to 4 handles travel
// in the message page. Handles move: on success the sender's slots are closed.
#pragma once

#include <abi/object.hpp>

namespace abi {

inline constexpr u64 register_bytes = 56;  // payload that fits x1..x7
inline constexpr u64 message_bytes = 512;  // payload that fits the message page
inline constexpr u64 message_handles = 4;

// call:  status is ignored and delivered as zero. ordinal, size, handles describe the request;
// `take` is
//        how many handles the caller accepts with the reply (slots are reserved for them).
// recv:  only `take` is used: how many handles the receiver accepts with a request.
// reply: status is the server's answer and reaches the caller untouched; `take` (reply_recv) is for
//        the next request.
// What a receiver gets: status Errc::ok and a badge: a request. Errc::peer_gone and a badge: the
// last handle of that badge was closed. Errc::timed_out: the deadline. Errc::cancelled: its handle
// or the endpoint is gone. Badge 0 and Errc::ok: only bits in x10. Bits may come with any of them.
struct Header {
    using Status = Field<31, 0>;    // Errc
    using Ordinal = Field<47, 32>;  // the protocol's method
    using Size = Field<57, 48>;     // bytes of payload, 0..512
    using Handles = Field<60, 58>;  // handles carried, 0..4
    using Take = Field<63, 61>;     // handles accepted in return, 0..4

    u64 raw = 0;

    constexpr Errc status() const { return static_cast<Errc>(Status::get(raw)); }
    constexpr u16 ordinal() const { return static_cast<u16>(Ordinal::get(raw)); }
    constexpr u64 size() const { return Size::get(raw); }
    constexpr u64 handles() const { return Handles::get(raw); }
    constexpr u64 take() const { return Take::get(raw); }

    static constexpr Header make(u16 ordinal, u64 size, u64 handles = 0, u64 take = 0)
    {
        return {Ordinal::make(ordinal) | Size::make(size) | Handles::make(handles)
                | Take::make(take)};
    }
    static constexpr Header failure(Errc why) { return {static_cast<u64>(why)}; }
};

// One per thread, allocated by the kernel, always mapped readable and writable, never moved.
// The kernel reads and writes only the part that a call names.
struct MessagePage {
    std::array<u8, message_bytes> payload;
    std::array<Slot, message_handles> handles;  // carried out; on return: received (no_slot: none)
    std::array<u8, 3552> scratch;               // the thread's own; the kernel never touches it
};
static_assert(sizeof(MessagePage) == page_bytes);

}  // namespace abi
