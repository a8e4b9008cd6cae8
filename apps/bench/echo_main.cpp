// bench/echo_main.cpp - the echo server: one loop, the answer travels with the next wait.

#include "echo.hpp"

#include <proto/names.hpp>
#include <sys/endpoint.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace {

// The reply to one request: the same words, or the server's bell.
sys::Letter answer(const sys::Incoming& in, sys::Borrowed<sys::Notification> bell)
{
    const u64 size = in.header.size();
    if (in.header.ordinal() != bench::bell_ordinal)
        return {abi::Header::make(in.header.ordinal(), size), in.words};
    auto copy = sys::duplicate(bell, abi::right::signal | abi::right::transfer, abi::Bits::at(0));
    if (!copy)
        return {abi::Header::failure(copy.error()), {}};
    sys::message_page().handles[0] = copy->release();
    return {abi::Header::make(bench::bell_ordinal, 0, 1), {}};
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    const auto bell = sys::create_notification();
    if (!bell)
        return fail(bell.error());
    if (const auto bound = sys::bind(bell->borrow()); !bound)
        return bound;
    if (const auto said = sys::say_ready<proto::names::Ready>(given); !said)
        return said;
    sys::Incoming in = sys::receive(*endpoint, 0);
    for (;;) {
        if (in.request())
            in = sys::reply_receive(*endpoint, answer(in, bell->borrow()));
        else
            in = sys::receive(*endpoint, 0);
    }
}
