// inputd/main.cpp - brings an input device up, then sleeps until something happened.
#include "server.hpp"

#include <common/negotiation_report.hpp>
#include <common/serving.hpp>
#include <sys/log.hpp>

namespace {

using Input = inputd::VirtioInput<common::DeviceBus>;

// Too big for a stack, and in use as long as the process lives.
constinit Input input_device;
[[clang::no_destroy]] constinit std::optional<inputd::Server<Input>> server;

std::string_view name_of(proto::input::Class device_class)
{
    constexpr std::array<std::string_view, 4> names{"input device", "keyboard", "mouse", "tablet"};
    return names[static_cast<usize>(device_class)];
}

void announce(const virtio::Device<common::DeviceBus>& device, const common::DeviceBus& bus)
{
    sys::log(sys::Level::info, name_of(input_device.can().device_class),
             {{"name", input_device.can().name.view()},
              {"types", text::Hex{input_device.can().types}},
              {"virtio", device.version()},
              {"offered", text::Hex{device.negotiation().offered.mask()}},
              {"features", text::Hex{device.negotiation().accepted.mask()}},
              {"registers", bus.mapped() ? "mapped" : "by call"}});
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    auto platform = common::DevicePlatform::open(given, common::interrupt_bit);
    if (!platform)
        return fail(platform.error());
    const auto memory = common::DriverMemory::create_kept(platform->device, Input::memory_bytes());
    if (!memory)
        return fail(memory.error());
    auto device = virtio::Device<common::DeviceBus>::probe(platform->bus);
    if (!device)
        return fail(device.error());
    if (const auto started = input_device.start(*device, *memory); !started) {
        common::report_failure(*device, started.error());
        return started;
    }
    announce(*device, platform->bus);

    sys::Inbox inbox{*endpoint, inputd::Server<Input>::handles_taken};
    server.emplace(input_device,
                   inputd::Server<Input>::Means{platform->notification.borrow(), given.epoch(),
                                                &inbox, &platform->bus.accesses()});
    if (const auto ready = common::say_ready(given, *platform); !ready)
        return ready;
    return common::serve(proto::input::Protocol{}, inbox, *platform, *server);
}
