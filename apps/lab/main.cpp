// lab/main.cpp - faults on order (lab/order.hpp): each argument is one. The first thread watches, a
// less important one does the trials.
#include "alarm.hpp"
#include "laboratory.hpp"

#include <sys/log.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>

namespace {

constexpr u64 own_priority = 30;   // the system's table says so
constexpr u64 work_priority = 20;  // below the watcher's

[[clang::no_destroy]] constinit lab::Pieces pieces;
alignas(16) constinit std::array<std::byte, 64 * 1024> stack{};

struct Work {
    lab::Laboratory* laboratory;
    lab::Watcher* watcher;
};

void work(void* argument)
{
    const auto& work = *static_cast<Work*>(argument);
    work.laboratory->run();
    work.watcher->stop();
}

// Errors: those of an order that cannot be carried out. False: a trial did not end.
Result<bool> carry_out(const sys::Startup& given, const lab::Order& order)
{
    const auto self = given.grant<sys::Process>("self");
    if (!self)
        return fail(self.error());
    lab::Watcher watcher;
    if (const auto opened = watcher.open(given, order); !opened)
        return fail(opened.error());
    lab::Laboratory laboratory{given, order, watcher, pieces};
    if (const auto opened = laboratory.open(); !opened)
        return fail(opened.error());
    Work both{&laboratory, &watcher};
    const auto thread = sys::spawn(*self, stack, &work, &both, work_priority);
    if (!thread)
        return fail(thread.error());
    const bool done = watcher.run();
    if (!done)
        laboratory.give_up();
    return done;
}

}  // namespace

int app_main(const sys::Startup& given)
{
    if (!lab::Alarm::start(given, own_priority))
        return 3;
    for (u32 i = 0; i < given.argument_count(); ++i) {
        const auto order = lab::parse_order(given.argument(i));
        if (!order) {
            sys::out("lab: an order that makes no sense");
            return 2;
        }
        const auto done = carry_out(given, *order);
        if (!done) {
            text::Buffer<100> line;
            sys::out(line.put("lab: ").put(sys::error_name(done.error())).view());
            return 3;
        }
        if (!*done)
            sys::exit(4);
    }
    sys::out("lab: done");
    return 0;
}
