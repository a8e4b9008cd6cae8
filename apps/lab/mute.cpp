// lab/mute.cpp - a server that never answers. Who calls it with a deadline has init look for
// servers that hang, however busy the CPU is: the deadline passes in the kernel.
#include <proto/names.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

Result<> run(const sys::Startup& given)
{
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    const auto nobody = sys::create_notification();
    if (!nobody)
        return fail(nobody.error());
    return sys::wait(nobody->borrow()).transform([](abi::Bits) {});
}
