// entropy.cpp - real interrupts and real DMA: the entropy device is asked for bytes.
#include "cases.hpp"

#include <check/child.hpp>
#include <check/threads.hpp>

#include <common/virtio_platform.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>
#include <virtio/entropy.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

constexpr unsigned bit_number = 9;
constexpr auto interrupt_bit = abi::Bits::at(bit_number);

// The device, up and running. Its page is unmapped again at the end.
struct Entropy {
    using Driver = virtio::entropy::Driver<common::DeviceBus>;

    sys::Window window = need(sys::map_device(device()));
    common::DeviceBus bus = need(common::DeviceBus::open(device()));
    virtio::Device<common::DeviceBus> virtio = need(virtio::Device<common::DeviceBus>::probe(bus));
    common::DriverMemory memory = need(common::DriverMemory::create(device(), Driver::memory_bytes()));
    Driver driver;
    sys::Handle<sys::Notification> bell = need(sys::create_notification());
    sys::Handle<sys::Interrupt> line = need(sys::interrupt(device()));

    Entropy()
    {
        works(driver.start(virtio, memory));
        bind();
    }
    Entropy(const Entropy&) = delete;
    Entropy& operator=(const Entropy&) = delete;
    ~Entropy()
    {
        works(virtio.reset());
        unbind();
    }

    void bind() const { works(sys::register_interrupt(line.borrow(), bell.borrow(), bit_number)); }
    void unbind() const { works(sys::unregister_interrupt(line.borrow())); }
    Result<u64> wait(u64 ms = 1'000) const { return sys::wait_interrupt(line.borrow(), sys::after_ms(ms)); }

    void ask()
    {
        works(driver.request());
        (void)driver.kick();
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

void an_interrupt_comes()
{
    Entropy e;
    fails(e.wait(1), Errc::timed_out);
    e.ask();
    equals(need(e.wait()), 1);
    equals(e.take(), 64u);
    fails(e.wait(1), Errc::timed_out);
}

void each_interrupt_is_counted()
{
    Entropy e;
    for (u64 i = 1; i <= 20; ++i) {
        (void)e.driver.arm();
        e.ask();
        equals(need(e.wait()), i);
        equals(e.take(), 64u);
    }
}

// By wait and by recv, as servers do.
void bits_of_an_interrupt()
{
    Entropy e;
    e.ask();
    equals(need(sys::wait(e.bell.borrow(), sys::after_ms(1'000))), interrupt_bit);
    equals(e.take(), 64u);
    (void)e.driver.arm();
    e.ask();
    check::Threaded<Entropy, 16'384> thread{+[](Entropy& entropy) {
        const auto endpoint = need(sys::create_endpoint());
        works(sys::bind(entropy.bell.borrow()));
        const auto in = sys::receive(endpoint.borrow(), 0, sys::after_ms(1'000));
        equals(in.bits, interrupt_bit);
        equals(in.badge, 0);
    }, e};
    thread.join();
    equals(e.take(), 64u);
}

// It fires while nobody waits: the bit is there when somebody does.
void fired_before_the_wait()
{
    Entropy e;
    e.ask();
    check::sleep_ms(3);
    equals(need(sys::wait_interrupt(e.line.borrow(), abi::now)), 1);
    equals(e.take(), 64u);
}

// An edge that comes while the line is bound to nobody is there for who binds it next.
void an_edge_is_not_lost()
{
    Entropy e;
    e.unbind();
    e.ask();
    check::sleep_ms(3);
    e.bind();
    equals(need(e.wait(100)), 1);
    equals(e.take(), 64u);
}

// Unbound between the interrupt and the wait that would have armed it: the next owner hears of the next one.
void unbound_while_active()
{
    Entropy e;
    e.ask();
    check::sleep_ms(2);
    e.unbind();
    equals(e.take(), 64u);
    e.bind();
    (void)e.driver.arm();
    e.ask();
    equals(need(e.wait(100)), 1);
    equals(e.take(), 64u);
}

// Delivered, and nobody waits again: the line stays silent, whatever the device does. The next wait arms it.
void silent_until_the_next_wait()
{
    Entropy e;
    e.ask();
    equals(need(e.wait()), 1);
    const u64 before = need(sys::system_info()).irqs;
    equals(e.take(), 64u);
    (void)e.driver.arm();
    e.ask();
    check::sleep_ms(3);
    equals(need(sys::system_info()).irqs, before);
    equals(need(e.wait(100)), 2);
    equals(e.take(), 64u);
}

// The device writes where it was told, and nowhere else in that memory.
void bytes_arrive()
{
    Entropy e;
    std::array<std::array<std::byte, 64>, 2> taken{};
    for (auto& bytes : taken) {
        (void)e.driver.arm();
        e.ask();
        works(e.wait());
        (void)e.virtio.acknowledge();
        const auto count = e.driver.take(bytes);
        that(count && *count && **count == 64, "not 64 bytes");
    }
    that(taken[0] != taken[1], "the same bytes twice");
    that(taken[0] != std::array<std::byte, 64>{}, "no bytes at all");
}

using proto::names::State;

sys::Borrowed<sys::Endpoint> names() { return need(check::given().grant<sys::Endpoint>("names")); }

proto::names::Process::Reply program(std::string_view name)
{
    for (u32 i = 0;; ++i) {
        const auto reply = need(sys::call<proto::names::Process>(names(), {i, 0})).reply;
        if (text::of(reply.name) == name)
            return reply;
    }
}

proto::names::Process::Reply ended(std::string_view name)
{
    for (int i = 0; i < 200 && program(name).exit_cause == 0; ++i)
        check::sleep_ms(5);
    return program(name);
}

// An owner died with memory pinned: the device was reset, and its memory came back.
void the_dead_leave_no_pins()
{
    equals(ended("leaver").exit_code, 0);
    const auto reply = need(sys::call<proto::names::Device>(names(), {1, 0})).reply;
    equals(text::of(reply.name), std::string_view{"rng1"});
    equals(reply.pinned_pages, 0u);
    equals(reply.quarantined_pages, 0u);
    equals(need(sys::system_info()).pinned_pages, 0u);
}

void registers_do_not_run()
{
    const auto reply = ended("runner");
    equals(reply.state, State::failed);
    equals(reply.exit_cause, static_cast<u32>(abi::ExitCause::fault));
}

constexpr std::array cases{
    check::Case{"an interrupt ends the wait for it, once", an_interrupt_comes},
    check::Case{"each interrupt is counted and armed again by the next wait", each_interrupt_is_counted},
    check::Case{"an interrupt raises its bit for wait and for receive", bits_of_an_interrupt},
    check::Case{"an interrupt that fired before the wait ends it at once", fired_before_the_wait},
    check::Case{"an edge that came while the line was unbound is not lost", an_edge_is_not_lost},
    check::Case{"a line that is unbound while active fires for the next bind", unbound_while_active},
    check::Case{"a line stays silent until somebody waits again", silent_until_the_next_wait},
    check::Case{"the device writes into memory that it was given", bytes_arrive},
    check::Case{"an owner that dies leaves no pinned memory behind its device's reset", the_dead_leave_no_pins},
    check::Case{"registers do not run as code", registers_do_not_run},
};

}  // namespace

const check::Cases entropy_cases{cases};
