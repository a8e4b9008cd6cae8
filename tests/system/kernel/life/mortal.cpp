// life/mortal.cpp - a program that is killed in the middle of what its argument says. It raises
// "ready" when it is there.
#include <array>
#include <cstring>

#include <common/virtio_platform.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>
#include <virtio/entropy.hpp>

namespace {

void say_ready(const sys::Startup& given)
{
    if (const auto ready = given.grant<sys::Notification>("ready"))
        (void)sys::signal(*ready, abi::Bits::at(0));
}

int sleep()
{
    const auto nobody = sys::create_notification();
    return nobody && sys::wait(nobody->borrow()) ? 1 : 2;
}

// Maps and unmaps, a page and many.
int map(const sys::Startup& given)
{
    const auto memory = sys::create_memory(Bytes{64 * page_bytes});
    if (!memory)
        return 3;
    say_ready(given);
    for (u64 pages = 1;; pages = pages % 64 + 9) {
        const auto mapping = sys::Mapping::create(memory->borrow(), sys::read_write, Bytes{0},
                                                  Bytes{std::min(pages, u64{64}) * page_bytes});
        if (!mapping)
            return 4;
    }
}

void end_thread(void*) {}

// Makes processes, threads, objects and handles for others.
int create(const sys::Startup& given)
{
    static constinit std::array<std::byte, 4096> stack{};
    const auto self = given.grant<sys::Process>("self");
    if (!self)
        return 5;
    say_ready(given);
    for (;;) {
        const auto child =
            sys::create_process(*self, {8, 8, 1, 0, text::padded<16>("child"), 0, 0});
        const auto bell = sys::create_notification();
        const auto memory = sys::create_memory(Bytes{3 * page_bytes});
        if (child && memory)
            (void)sys::grant(child->borrow(), memory->slot(), abi::right::read);
        if (child)
            (void)sys::create_thread(child->borrow(), VirtAddr{0x10000}, VirtAddr{0}, 0, 0);
        (void)sys::spawn(*self, stack, end_thread, nullptr, 30);
    }
}

// Until a write faults, beside threads that sleep.
int fault(const sys::Startup& given)
{
    static constinit std::array<std::array<std::byte, 4096>, 3> stacks{};
    const auto self = given.grant<sys::Process>("self");
    if (!self)
        return 5;
    for (auto& stack : stacks)
        (void)sys::spawn(*self, stack, [](void*) { (void)sleep(); }, nullptr, 30);
    say_ready(given);
    asm volatile("str xzr, [%0]" ::"r"(u64{8}) : "memory");
    return 6;
}

constexpr unsigned line_bit = 5;

// The entropy device, and its line.
struct Entropy {
    using Driver = virtio::entropy::Driver<common::DeviceBus>;

    sys::Handle<sys::Notification> bell;
    sys::Handle<sys::Interrupt> line;
    Driver driver;
};

Result<> ask(Entropy& e)
{
    (void)e.driver.arm();
    if (const auto asked = e.driver.request(); !asked)
        return asked;
    (void)e.driver.kick();
    return {};
}

// The state that the line is in when this is killed: fired and not taken, taken, or waited for.
int hold_line(const sys::Startup& given, Entropy& e, std::string_view state)
{
    if (state == "irq_waiting") {
        say_ready(given);
        return sys::wait_interrupt(e.line.borrow(), abi::never) ? 7 : 8;
    }
    const auto irqs = [] { return sys::system_info().value_or(abi::SystemInfo{}).irqs; };
    const u64 before = irqs();
    if (!ask(e))
        return 9;
    while (irqs() == before)
        asm volatile("" ::: "memory");
    if (state == "irq_delivered" && !sys::wait_interrupt(e.line.borrow(), abi::now))
        return 10;
    say_ready(given);
    return sleep();
}

int interrupt(const sys::Startup& given, sys::Borrowed<sys::Device> device, std::string_view state)
{
    Entropy e;
    auto bus = common::DeviceBus::open(device);
    if (!bus)
        return 11;
    auto probed = virtio::Device<common::DeviceBus>::probe(*bus);
    const auto memory = common::DriverMemory::create(device, Entropy::Driver::memory_bytes());
    auto bell = sys::create_notification();
    auto line = sys::interrupt(device);
    if (!probed || !memory || !bell || !line || !e.driver.start(*probed, *memory))
        return 12;
    e.bell = std::move(*bell);
    e.line = std::move(*line);
    if (!sys::register_interrupt(e.line.borrow(), e.bell.borrow(), line_bit))
        return 13;
    return hold_line(given, e, state);
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const std::string_view what = given.argument(0);
    if (what == "map")
        return map(given);
    if (what == "create")
        return create(given);
    if (what == "fault")
        return fault(given);
    const auto device = given.grant<sys::Device>("device");
    return device ? interrupt(given, *device, what) : 100;
}
