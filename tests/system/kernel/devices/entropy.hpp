// devices/entropy.hpp - the entropy device, driven by hand: it interrupts when it was asked.
#pragma once

#include "cases.hpp"

#include <optional>

#include <check/threads.hpp>
#include <common/virtio_platform.hpp>
#include <virtio/entropy.hpp>

inline constexpr unsigned bit_number = 9;
inline constexpr auto interrupt_bit = abi::Bits::at(bit_number);

// Mapped once: a window stays as long as the process.
inline common::DeviceBus& the_bus()
{
    [[clang::no_destroy]] static constinit std::optional<common::DeviceBus> bus;
    if (!bus)
        bus.emplace(check::need(common::DeviceBus::open(device())));
    return *bus;
}

// The device, up and running.
struct Entropy {
    using Driver = virtio::entropy::Driver<common::DeviceBus>;

    sys::Borrowed<sys::Device> which = device();
    common::DeviceBus& bus = the_bus();
    virtio::Device<common::DeviceBus> virtio =
        check::need(virtio::Device<common::DeviceBus>::probe(bus));
    common::DriverMemory memory =
        check::need(common::DriverMemory::create(which, Driver::memory_bytes()));
    Driver driver;
    sys::Handle<sys::Notification> bell = check::need(sys::create_notification());
    sys::Handle<sys::Interrupt> line = check::need(sys::interrupt(which));

    Entropy() { start(); }
    Entropy(sys::Borrowed<sys::Device> another, common::DeviceBus& its_bus)
        : which{another}, bus{its_bus}
    {
        start();
    }
    Entropy(const Entropy&) = delete;
    Entropy& operator=(const Entropy&) = delete;
    ~Entropy()
    {
        check::works(virtio.reset());
        unbind();
    }

    void start()
    {
        check::works(driver.start(virtio, memory));
        bind();
    }
    void bind() const
    {
        check::works(sys::register_interrupt(line.borrow(), bell.borrow(), bit_number));
    }
    void unbind() const { check::works(sys::unregister_interrupt(line.borrow())); }
    Result<u64> wait(abi::Ticks deadline = check::patience()) const
    {
        return sys::wait_interrupt(line.borrow(), deadline);
    }

    void ask()
    {
        check::works(driver.request());
        (void)driver.kick();
    }
    // Asks, and waits for the interrupt, which nobody takes.
    void ask_and_fire()
    {
        const auto irqs = [] { return check::need(sys::system_info()).irqs; };
        const u64 before = irqs();
        ask();
        check::that(check::eventually([&] { return irqs() > before; }), "no interrupt came");
    }
    // Bytes that came for one request.
    usize take()
    {
        (void)virtio.acknowledge();
        std::array<std::byte, 64> bytes{};
        const auto count = driver.take(bytes);
        return count && *count ? **count : 0;
    }
};
