// init/main.cpp - the first process: from what the kernel gave it to a running system. Sleeps in
// one place.
#include "supervisor.hpp"

#include <optional>

#include <sys/log.hpp>
#include <sys/notification.hpp>
#include <sys/startup.hpp>

namespace {

// Large, and as long-lived as the system: not on the stack, and never destroyed.
[[clang::no_destroy]] constinit init::Plan plan;
[[clang::no_destroy]] constinit init::Slots slots;
[[clang::no_destroy]] constinit std::optional<init::Supervisor> supervisor;

Result<> serve(init::Supervisor& running, sys::Borrowed<sys::Endpoint> endpoint)
{
    sys::Inbox inbox{endpoint, 2};  // of a Ready
    for (;;) {
        const auto event = inbox.next(running.next_deadline());
        if (!event)
            return fail(event.error());
        running.step(event->bits);
        if (event->request())
            inbox.answer(sys::dispatch(init::names::Protocol{}, running, *event));
    }
}

Result<> supervise(const abi::BootInfo& boot, const sys::Archive& archive)
{
    const auto endpoint = sys::create_endpoint();
    if (!endpoint)
        return fail(endpoint.error());
    const auto notification = sys::create_notification();
    if (!notification)
        return fail(notification.error());
    if (const auto bound = sys::bind(notification->borrow()); !bound)
        return bound;

    slots.enumerate(boot);
    init::Supervisor& running = supervisor.emplace(init::Supervisor::Given{
        .self = {boot.self},
        .archive_memory = {boot.archive},
        .archive = archive,
        .plan = plan,
        .slots = slots,
        .names = endpoint->borrow(),
        .notification = notification->borrow(),
    });
    if (const auto started = running.start_all(); !started)
        return started;
    return serve(running, endpoint->borrow());
}

Result<> run_system(const abi::BootInfo& boot)
{
    if (boot.magic != abi::boot_info_magic)
        return fail(Errc::malformed);
    const sys::Borrowed<sys::Memory> memory{boot.archive};
    const auto mapping = sys::Mapping::create(memory, sys::read_only);
    if (!mapping)
        return fail(mapping.error());
    const auto archive = sys::Archive::open(mapping->bytes());
    if (!archive)
        return fail(archive.error());
    if (const auto read = init::Plan::read(archive->table(), plan); !read)
        return read;
    return supervise(boot, *archive);
}

}  // namespace

int program_main(const void* argument)
{
    const Result<> end = run_system(*static_cast<const abi::BootInfo*>(argument));
    sys::log(sys::Level::error, "init cannot go on", {{"error", end.error()}});
    return 255;
}
