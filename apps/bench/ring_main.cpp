// bench/ring_main.cpp - what a read costs in libvirtio alone: a driver that has a disk to itself,
// without clients and their rings. It measures when it is called, and prints.
//
// Counted: preparing reads and showing them to the device; then, after each interrupt, taking it
// back, taking all that came, and asking for the next interrupt. Sleeping is not.

#include "meter.hpp"

#include <array>

#include <common/virtio_platform.hpp>
#include <proto/names.hpp>
#include <sys/endpoint.hpp>
#include <sys/session.hpp>
#include <virtio/blk.hpp>

namespace {

using Bus = common::DeviceBus;
using Driver = virtio::blk::Driver<Bus, 32, 128>;

constexpr unsigned interrupt_bit = 0;
constexpr virtio::blk::Options options{.queue_size = 128, .slots = 32};
constexpr u32 read_bytes = 4096;
constexpr u32 reads = 2048;
constexpr u64 failure = 1 << 16;  // counts more than any number of good ones

struct Reader {
    virtio::Device<Bus>& device;
    Driver& driver;
    const common::DevicePlatform& platform;
    DeviceAddr data;
    u64 spent = 0;  // instructions
    u64 notifies = 0;
    u64 interrupts = 0;

    // A batch of `depth` reads, from the first one prepared to the last one taken.
    Result<> batch(u32 depth)
    {
        auto& disk = driver;  // as a driver's user has it: at hand
        const DeviceAddr to = data;
        const u32 start = bench::instructions();
        for (u32 i = 0; i < depth; ++i)
            if (const auto asked =
                    disk.read(i, virtio::blk::Sector{u64{i} * 8},
                              virtio::blk::Run{to + Bytes{u64{i} * read_bytes}, read_bytes});
                !asked) [[unlikely]]
                return asked;
        notifies += driver.kick() ? 1 : 0;
        spent += bench::instructions() - start;
        for (u32 done = 0; done < depth;)
            if (const auto more = collect(done); !more)
                return more;
        return {};
    }

    [[gnu::noinline]] Result<> collect(u32& done)
    {
        if (const auto woken = sys::wait(platform.notification.borrow()); !woken)
            return fail(woken.error());
        const u32 start = bench::instructions();
        (void)device.acknowledge();
        const auto good = driver.drain(0, [](u64 sum, const virtio::blk::Done& request) {
            return sum + (request.outcome == virtio::blk::Outcome::ok ? 1 : failure);
        });
        spent += bench::instructions() - start;
        if (!good || *good >= failure)
            return fail(Errc::device_fault);
        done += static_cast<u32>(*good);
        ++interrupts;
        return {};
    }
};

Result<> measure(Reader reader, std::string_view name, u32 depth, u64 number)
{
    for (u32 i = 0; i < 4; ++i)
        if (const auto warm = reader.batch(depth); !warm)
            return warm;
    reader.spent = reader.notifies = reader.interrupts = 0;
    for (u32 done = 0; done < reads; done += depth)
        if (const auto batch = reader.batch(depth); !batch)
            return batch;
    text::Buffer<160> line;
    line.put("RES ").number(number).put(' ').put(name).field("n", u64{reads});
    line.field("insn", reader.spent).field("notifies", reader.notifies);
    sys::out(line.field("irqs", reader.interrupts).view());
    return {};
}

Result<> measure_all(const Reader& reader)
{
    (void)reader.driver.arm();
    if (const auto one = measure(reader, "blk.ring.rand4k_r.qd1", 1, 2000); !one)
        return one;
    return measure(reader, "blk.ring.rand4k_r.qd32", 32, 2001);
}

// Too big for a stack.
constinit Driver driver;

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
    const auto data =
        common::DriverMemory::create(platform->device, Bytes{u64{options.slots} * read_bytes});
    auto device = virtio::Device<Bus>::probe(platform->bus);
    if (!memory || !data || !device)
        return fail(!memory ? memory.error() : data ? device.error() : data.error());
    if (const auto started = driver.start(*device, *memory, options); !started)
        return started;
    if (const auto said = sys::say_ready<proto::names::Ready>(given); !said)
        return said;
    for (;;) {
        const auto in = sys::receive(*endpoint, 0);
        if (!in.request())
            continue;
        const auto done = measure_all(Reader{*device, driver, *platform, data->region().address});
        (void)sys::reply(
            {done ? abi::Header::make(in.header.ordinal(), 0) : abi::Header::failure(done.error()),
             {}});
    }
}
