// oracle.cpp - what QEMU says about the devices of a guest, over QMP.
#include "oracle.hpp"

#include "guest_log.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <virtio/feature_names.hpp>

namespace oracle {
namespace {

using Json = nlohmann::json;
using virtio::DeviceType;
using virtio::Features;

Json ask(vireo::Qmp& qmp, const std::string& command, const Json& arguments)
{
    const auto answer = qmp.execute(command, arguments.dump());
    INFO(command << " " << arguments);
    REQUIRE(answer.has_value());
    return Json::parse(*answer);
}

// "VIRTIO_BLK_F_FLUSH: Flush command supported". QEMU has names of its own for some bits: those of
// rings are VIRTIO_RING_F_*, and one has the name of an earlier specification.
std::string name_in(const Json& line)
{
    auto name = line.get<std::string>();
    name = name.substr(0, name.find(':'));
    if (name.starts_with("VIRTIO_RING_F_"))
        name.erase(7, 5);
    return name == "VIRTIO_F_IOMMU_PLATFORM" ? "VIRTIO_F_ACCESS_PLATFORM" : name;
}

Features bit_named(DeviceType type, const std::string& name)
{
    for (unsigned bit = 0; bit < 64; ++bit)
        if (virtio::feature_name(type, bit) == name)
            return Features::of_mask(u64{1} << bit);
    FAIL_CHECK("a feature without a name of ours: " << name);
    return {};
}

Features features_in(DeviceType type, const Json& set)
{
    auto all = Features::of_mask(set.value("unknown-dev-features", u64{0}));
    for (const auto* list : {"dev-features", "transports"})
        for (const auto& line : set[list])
            all = all | bit_named(type, name_in(line));
    return all;
}

// QEMU lists all that the device has; registers show less: no bits of legacy to version 2, and
// nothing above 31 to version 1.
Features shown(DeviceType type, Features host, bool legacy)
{
    if (legacy)
        return Features::of_words(host.low(), 0);
    auto old = Features{virtio::Feature::notify_on_empty, virtio::Feature::any_layout};
    if (type == DeviceType::block)
        old = old | virtio::BlkFeature::scsi;
    if (type == DeviceType::net)
        old = old | Features::of_mask(1u << 6);  // GSO
    return host.without(old);
}

u32 status_in(const Json& status)
{
    static const std::map<std::string, u32> bits{
        {"VIRTIO_CONFIG_S_ACKNOWLEDGE", 1},  {"VIRTIO_CONFIG_S_DRIVER", 2},
        {"VIRTIO_CONFIG_S_DRIVER_OK", 4},    {"VIRTIO_CONFIG_S_FEATURES_OK", 8},
        {"VIRTIO_CONFIG_S_NEEDS_RESET", 64}, {"VIRTIO_CONFIG_S_FAILED", 128}};
    u32 all = status.value("unknown-statuses", 0u);
    for (const auto& line : status["statuses"])
        all |= bits.at(name_in(line));
    return all;
}

Queue queue_in(const Json& queue)
{
    return {.size = queue["vring-num"],
            .desc = queue["vring-desc"],
            .driver = queue["vring-avail"],
            .device = queue["vring-used"],
            .popped = queue["last-avail-idx"],
            .returned = queue["used-idx"],
            .in_use = queue["inuse"]};
}

Device device_at(vireo::Qmp& qmp, const std::string& path, bool legacy)
{
    const auto status = ask(qmp, "x-query-virtio-status", {{"path", path}});
    const auto type = static_cast<DeviceType>(status["device-id"].get<u32>());
    Device device{
        .offered = shown(type, features_in(type, status["host-features"]), legacy),
        .accepted = features_in(type, status["guest-features"]),
        .status = status_in(status["status"]),
        .interrupt_status = status["isr"],
        .broken = status["broken"],
        .queues = {},
    };
    for (u32 i = 0; i < status["num-vqs"]; ++i)
        device.queues.push_back(
            queue_in(ask(qmp, "x-query-virtio-queue-status", {{"path", path}, {"queue", i}})));
    return device;
}

}  // namespace

std::optional<std::string> Guest::negotiated(const std::string& server) const
{
    const auto found = std::ranges::find_if(booted.log, [&](const std::string& line) {
        const auto record = vireo::parse_record(line);
        return record && record->program() == server && !record->user_output
               && vireo::field(record->text, "features") && vireo::field(record->text, "virtio");
    });
    return found == booted.log.end() ? std::nullopt : std::optional{*found};
}

Guest boot(const cli::Words& words)
{
    Guest guest;
    bool legacy = false;
    guest.booted = cli::boot({
        .words = words,
        .kind = {.qemu = {"-no-shutdown"}},
        .prepare = [&](vireo::Launch& launch) { legacy = launch.system.machine.legacy; },
        .stopped =
            [&](vireo::Qmp& qmp) {
                for (const auto& one : ask(qmp, "x-query-virtio", Json::object())) {
                    const std::string path = one["path"];
                    guest.devices[path.substr(path.rfind('/') + 1)] = device_at(qmp, path, legacy);
                }
            },
    });
    return guest;
}

}  // namespace oracle
