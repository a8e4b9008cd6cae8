// rngd/main.cpp - brings the entropy device up, then sleeps until it answered or somebody asks.
#include "server.hpp"

#include <common/negotiation_report.hpp>
#include <common/serving.hpp>
#include <virtio/entropy.hpp>

namespace {

using Bus = common::DeviceBus;

// The driver, and the interrupt that belongs to it.
class Device {
public:
    static constexpr virtio::entropy::Options options{.buffers = 8, .buffer_bytes = 256};
    static constexpr Bytes memory_bytes() { return Driver::memory_bytes(options); }

    Result<> start(virtio::Device<Bus>& transport, const common::DriverMemory& memory)
    {
        transport_ = &transport;
        return driver_.start(transport, memory, options);
    }

    Result<> acknowledge()
    {
        needs_reset_ = transport_->acknowledge().needs_reset;
        return needs_reset_ ? fail(Errc::device_fault) : Result<>{};
    }
    std::optional<Result<rngd::Taken>> take(std::span<std::byte> out)
    {
        const auto taken = driver_.take_any(out);
        if (!taken)
            return std::nullopt;
        return taken->transform([](const auto& a) { return rngd::Taken{a.bytes, a.tag}; });
    }
    Result<> request_into(DeviceAddr at, u32 bytes, u16 tag)
    {
        return driver_.request_into(at, bytes, tag);
    }
    bool arm() { return driver_.arm(); }
    Result<> request() { return driver_.request(); }
    void kick() { (void)driver_.kick(); }
    usize in_flight() const { return driver_.in_flight(); }
    // An empty answer leaves nothing to repair.
    Result<> recover()
    {
        const bool needed = std::exchange(needs_reset_, false) || driver_.broken();
        return needed ? driver_.recover() : Result<>{};
    }

private:
    using Driver = virtio::entropy::Driver<Bus>;

    virtio::Device<Bus>* transport_ = nullptr;
    Driver driver_;
    bool needs_reset_ = false;
};
static_assert(Device::options.buffer_bytes == rngd::Server<Device>::buffer_bytes);

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    auto platform = common::DevicePlatform::open(given, rngd::interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto memory = common::DriverMemory::create_kept(platform->device, Device::memory_bytes());
    if (!memory)
        return fail(memory.error());
    auto transport = virtio::Device<Bus>::probe(platform->bus);
    if (!transport)
        return fail(transport.error());
    Device device;
    if (const auto started = device.start(*transport, *memory); !started) {
        common::report_failure(*transport, started.error());
        return started;
    }

    rngd::Peers peers;
    if (const auto opened = peers.open(given, platform->notification.borrow()); !opened)
        return opened;
    sys::Inbox inbox{*endpoint, rngd::Server<Device>::handles_taken};
    rngd::Server<Device> server{
        device, {platform->device, &inbox, &peers, text::padded<sizeof(abi::Name)>(given.name())}};
    server.begin();
    sys::log(sys::Level::info, "entropy device",
             {{"virtio", transport->version()},
              {"offered", text::Hex{transport->negotiation().offered.mask()}},
              {"features", text::Hex{transport->negotiation().accepted.mask()}},
              {"registers", platform->bus.mapped() ? "mapped" : "by call"}});
    // Ready to answer, not seeded yet: a device that stalls holds up its own clients only.
    if (const auto ready = common::say_ready(given, *platform); !ready)
        return ready;
    return common::serve(proto::random::Protocol{}, inbox, *platform, server);
}
