// bench/irq_main.cpp - a driver that asks its entropy device for bytes and notes when the answer's
// interrupt reaches it.

#include "irq.hpp"

#include <common/virtio_platform.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>
#include <virtio/entropy.hpp>

namespace {

using Bus = common::DeviceBus;
using Driver = virtio::entropy::Driver<Bus>;

constexpr unsigned interrupt_bit = 0;
constexpr virtio::entropy::Options options{.buffers = 1, .buffer_bytes = 64};

// Waits for one interrupt at a time; what it finds in the counter when it wakes is noted first.
Result<> sample(bench::IrqPage& page,
                virtio::Device<Bus>& transport,
                Driver& driver,
                sys::Borrowed<sys::Notification> notification)
{
    std::array<std::byte, 64> bytes{};
    u64 total = 0;
    u64 last = 0;
    for (u32 samples = 0; samples < bench::irq_samples;) {
        if (const auto asked = driver.request(); !asked)
            return asked;
        (void)driver.arm();
        (void)driver.kick();
        const auto woken = sys::wait(notification);
        const u32 now = bench::instructions();
        if (!woken)
            return fail(woken.error());
        const u64 preempted = __atomic_load_n(&page.preempted, __ATOMIC_RELAXED);
        const u64 turns = __atomic_load_n(&page.turns, __ATOMIC_RELAXED);
        (void)transport.acknowledge();
        while (const auto taken = driver.take(bytes))
            if (!*taken)
                return fail(taken->error());
        if (turns - std::exchange(last, turns) < 2)
            continue;  // the program was not in its loop, or in a turn that was preempted before
        total += now - static_cast<u32>(preempted);
        page.total = total;
        __atomic_store_n(&page.samples, u64{++samples}, __ATOMIC_RELEASE);
    }
    return {};
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    auto platform = common::DevicePlatform::open(given, interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto memory =
        common::DriverMemory::create(platform->device, Driver::memory_bytes(options));
    auto transport = virtio::Device<Bus>::probe(platform->bus);
    if (!memory || !transport)
        return fail(memory ? transport.error() : memory.error());
    Driver driver;
    if (const auto started = driver.start(*transport, *memory, options); !started)
        return started;
    if (const auto said = sys::say_ready<proto::names::Ready>(given); !said)
        return said;
    for (;;) {
        const auto in = sys::receive(*endpoint, 1);
        if (!in.request())
            continue;
        auto handles = sys::HandleSet::received(in.header.handles());
        const auto page = handles.take<sys::Memory>(0);
        const auto mapping = page ? sys::Mapping::create(page->borrow(), sys::read_write)
                                  : Result<sys::Mapping>{fail(page.error())};
        (void)sys::reply({abi::Header::failure(mapping ? Errc::ok : mapping.error()), {}});
        if (!mapping)
            continue;
        auto* const shared = *mapping->at<bench::IrqPage>();
        if (const auto done = sample(*shared, *transport, driver, platform->notification.borrow());
            !done)
            return done;
    }
}
