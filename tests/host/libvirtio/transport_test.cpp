// tests/host/libvirtio/transport_test.cpp - Device on a transport that is no virtio-mmio: which
// operations it uses, in which order, and what it makes of their answers.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <virtio/device.hpp>

using namespace virtio;
using Lines = std::vector<std::string>;

namespace {

// The device behind the transport; it has no registers that anybody can reach.
struct Wire {
    Lines log;
    Identity identity{.type = DeviceType::entropy, .version = 2, .vendor = 9};
    u64 offer = u64{1} << 32 | 1u << 29;
    u64 accepted = 0;
    u32 status = 0;
    bool takes_features = true;
    u32 maximum = 64;
    Cause cause{};

    u8 read8(u32) { return 0; }
    u16 read16(u32) { return 0; }
    u32 read32(u32 offset) { return offset; }
    void write8(u32, u8) {}
    void write16(u32, u16) {}
    void write32(u32, u32) {}
};

class Fake {
public:
    using Registers = Wire;
    static constexpr u32 config_base = 0x2000;

    static Result<Fake> probe(Wire& wire)
    {
        if (wire.identity.type == DeviceType::none)
            return fail(Errc::no_device);
        return Fake{wire};
    }
    const Identity& identity() const { return wire_->identity; }
    Wire& registers() const { return *wire_; }
    Status status() const { return static_cast<Status>(wire_->status); }
    void set_status(Status status) const
    {
        const auto value = static_cast<u32>(status);
        note("status " + std::to_string(value));
        wire_->status = wire_->takes_features ? value : value & ~8u;
    }
    void begin() const { note("begin"); }
    Features offered() const
    {
        note("offered");
        return Features::of_mask(wire_->offer);
    }
    void accept(Features features) const
    {
        note("accept");
        wire_->accepted = features.mask();
    }
    u32 queue_max(u16) const { return wire_->maximum; }
    bool queue_in_use(u16) const { return false; }
    Result<> enable(u16 queue, const RingAddresses&) const
    {
        note("enable " + std::to_string(queue));
        return {};
    }
    void notify(u16 queue) const { note("notify " + std::to_string(queue)); }
    Cause take_interrupt() const
    {
        note("take interrupt");
        return std::exchange(wire_->cause, {});
    }
    u32 generation() const { return 0; }

private:
    explicit Fake(Wire& wire) : wire_{&wire} {}
    void note(std::string line) const { wire_->log.push_back(std::move(line)); }

    Wire* wire_;
};
static_assert(Transport<Fake>);

struct Config {
    static constexpr Register<Config, u32, Access::ro> word{4};
};

constexpr Wish wish{.required = {}, .optional = Feature::event_idx};
constexpr RingAddresses rings{64, DeviceAddr{4096}, DeviceAddr{8192}, DeviceAddr{12288}};

}  // namespace

TEST_CASE("a device comes up on any transport", "[libvirtio][device][T7][T11][T12][V16]")
{
    Wire wire;
    auto device = DeviceOver<Fake>::probe(wire).value();
    CHECK(device.type() == DeviceType::entropy);
    CHECK(device.version() == 2);
    CHECK(device.vendor() == 9);
    REQUIRE(device.negotiate(wish).has_value());
    CHECK(device.queue_size(3, 1000).value() == 64);
    REQUIRE(device.enable(3, rings).has_value());
    REQUIRE(device.go().has_value());
    device.notify(3);
    CHECK(wire.log
          == Lines{"status 0", "status 1", "status 3", "begin", "offered", "offered", "accept",
                   "status 11", "enable 3", "status 15", "notify 3"});
    CHECK(wire.accepted == (u64{1} << 32 | 1u << 29));
    CHECK(device.config<Config>().read(Config::word) == 0x2004);
}

TEST_CASE("the outcome of each step is the transport's", "[libvirtio][device][T5][T10][T12][LD14]")
{
    Wire wire;
    SECTION("nothing there")
    {
        wire.identity.type = DeviceType::none;
        CHECK(DeviceOver<Fake>::probe(wire).error() == Errc::no_device);
        return;
    }
    auto device = DeviceOver<Fake>::probe(wire).value();
    SECTION("features refused")
    {
        wire.takes_features = false;
        CHECK(device.negotiate(wish).error() == Errc::not_supported);
        CHECK(wire.log.back() == "status 139");  // FAILED
    }
    SECTION("a feature missing")
    {
        wire.offer = 1u << 29;
        CHECK(device.negotiate(wish).error() == Errc::not_supported);
        CHECK(device.negotiation().missing == Features{Feature::version_1});
        CHECK(wire.accepted == 0);
        CHECK(wire.log.back() == "status 131");
    }
    SECTION("a queue too large")
    {
        wire.maximum = 32;
        CHECK(device.enable(0, rings).error() == Errc::too_big);
    }
    SECTION("a queue that is not there")
    {
        wire.maximum = 0;
        CHECK(device.enable(0, rings).error() == Errc::not_found);
    }
}

TEST_CASE("NEEDS_RESET is looked for when the configuration changed",
          "[libvirtio][device][T3][T6][LD12]")
{
    Wire wire;
    auto device = DeviceOver<Fake>::probe(wire).value();
    wire.status = 64;
    wire.cause = {.used_buffer = true, .config_change = false};
    auto why = device.acknowledge();
    CHECK((why.used_buffer && !why.config_change && !why.needs_reset));
    wire.cause = {.used_buffer = false, .config_change = true};
    why = device.acknowledge();
    CHECK((!why.used_buffer && why.config_change && why.needs_reset));
    wire.status = 0;
    wire.cause = {.used_buffer = false, .config_change = true};
    CHECK_FALSE(device.acknowledge().needs_reset);
}
