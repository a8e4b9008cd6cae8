// tests/fuzz/proto/dispatch_fuzz.cpp - any message to any protocol gets an answer, and the right
// refusal.
#include <cstdlib>
#include <cstring>

#include <proto/block.hpp>
#include <proto/console.hpp>
#include <proto/input.hpp>
#include <proto/names.hpp>
#include <proto/net.hpp>
#include <proto/random.hpp>
#include <sys/serve.hpp>

namespace {

void demand(bool holds)
{
    if (!holds)
        std::abort();
}

// Answers one method with a reply of ones; a server of a protocol is one of these for each method.
template <class M>
struct Answering {
    Result<typename M::Reply> on(const typename M::Request& request, sys::Caller&)
    {
        seen = request;
        typename M::Reply reply{};
        std::memset(&reply, 0xff, sizeof(reply));
        return reply;
    }
    typename M::Request seen{};
};

template <class P>
struct Server;
template <class... Ms>
struct Server<Methods<Ms...>> : Answering<Ms>... {
    using Answering<Ms>::on...;
};

template <class M>
bool fits_method(const abi::Header& header)
{
    return header.ordinal() == M::ordinal && header.size() == wire_bytes<typename M::Request>;
}

template <Method... Ms>
void check(Methods<Ms...> protocol, const sys::Incoming& in)
{
    Server<Methods<Ms...>> server;
    const sys::Answer answer = sys::dispatch(protocol, server, in);
    const Errc status = answer.letter.header.status();
    const bool known = ((in.header.ordinal() == Ms::ordinal) || ...);
    if ((fits_method<Ms>(in.header) || ...)) {
        demand(status == Errc::ok && answer.letter.header.ordinal() == in.header.ordinal());
        demand(answer.letter.header.size() <= abi::message_bytes);
    } else {
        demand(status == (known ? Errc::bad_argument : Errc::not_supported));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size)
{
    sys::Incoming in{};
    if (size < sizeof(in.header) + sizeof(in.words))
        return 0;
    std::memcpy(&in.header, data, sizeof(in.header));
    std::memcpy(&in.words, data + sizeof(in.header), sizeof(in.words));
    // The kernel delivers a zero status, a size of at most 512 and at most 4 handles.
    const u64 handles = in.header.handles() % (abi::message_handles + 1);
    in.header = abi::Header::make(in.header.ordinal() % 16,
                                  in.header.size() % (abi::message_bytes + 1), handles);
    in.badge = 1;
    sys::host_message_page = {};
    std::memcpy(sys::host_message_page.payload.data(), data,
                std::min<usize>(size, abi::message_bytes));
    for (u64 i = 0; i < handles; ++i)
        sys::host_message_page.handles[i] = abi::Slot{i + 1};
    u64 closed = 0;
    sys::host_kernel = [&](sys::Registers& r) {
        demand(abi::CallNumber::get(r.x8) == static_cast<u64>(abi::Syscall::close));
        r.x[0] = 0;
        ++closed;
    };
    check(proto::block::Protocol{}, in);
    check(proto::net::Protocol{}, in);
    check(proto::random::Protocol{}, in);
    check(proto::names::Protocol{}, in);
    check(proto::input::Protocol{}, in);
    check(proto::console::Protocol{}, in);
    demand(closed == 6 * handles);  // nobody took them
    return 0;
}
