// bench/irq_main.cpp - a driver that asks its entropy device for bytes when it is told to, and
// notes when interrupts and signals reach it.

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

struct Sleeper {
    virtio::Device<Bus>& transport;
    Driver& driver;
    sys::Borrowed<sys::Notification> notification;

    Result<> request()
    {
        std::array<std::byte, 64> bytes{};
        while (const auto taken = driver.take(bytes))
            if (!*taken)
                return fail(taken->error());
        if (const auto asked = driver.request(); !asked)
            return asked;
        (void)driver.arm();
        (void)driver.kick();
        return {};
    }

    // What it finds in the counter when it wakes up is noted first.
    Result<> serve(bench::IrqPage& page)
    {
        for (;;) {
            const auto bits = sys::wait(notification);
            page.woken = bench::instructions();
            if (!bits)
                return fail(bits.error());
            if (bits->any(abi::Bits::at(interrupt_bit))) {
                (void)transport.acknowledge();
                __atomic_store_n(&page.interrupts, page.interrupts + 1, __ATOMIC_RELEASE);
            }
            if (bits->any(abi::Bits::at(bench::done_bit)))
                return {};
            if (bits->any(abi::Bits::at(bench::request_bit)))
                if (const auto asked = request(); !asked)
                    return asked;
        }
    }
};

// The bell for the one who asked, or why there is none.
void answer(sys::Borrowed<sys::Notification> notification, Errc status)
{
    auto bell = sys::duplicate(notification, abi::right::signal | abi::right::transfer,
                               abi::Bits::at(bench::wake_bit) | abi::Bits::at(bench::request_bit)
                                   | abi::Bits::at(bench::done_bit));
    if (status == Errc::ok && bell) {
        sys::message_page().handles[0] = bell->release();
        (void)sys::reply({abi::Header::make(bench::irq_ordinal, 0, 1), {}});
    } else {
        (void)sys::reply({abi::Header::failure(bell ? status : bell.error()), {}});
    }
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
        answer(platform->notification.borrow(), mapping ? Errc::ok : mapping.error());
        if (!mapping)
            continue;
        Sleeper sleeper{*transport, driver, platform->notification.borrow()};
        if (const auto done = sleeper.serve(**mapping->at<bench::IrqPage>()); !done)
            return done;
    }
}
