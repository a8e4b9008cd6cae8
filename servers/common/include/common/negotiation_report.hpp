// common/negotiation_report.hpp - why a device does not start, for whoever reads the log: what it
// offered, what its driver wanted, what is missing, as numbers and by name.
#pragma once

#include <abi/syscall.hpp>
#include <sys/log.hpp>
#include <virtio/device.hpp>
#include <virtio/feature_names.hpp>

namespace common {

// As many records as the names need: `msg="features" set=missing names="A B C"`.
inline void report_names(std::string_view set, virtio::DeviceType type, virtio::Features features)
{
    text::Buffer<abi::log_line_bytes - 64> names;
    const auto send = [&] {
        sys::log(sys::Level::error, "features", {{"set", set}, {"names", names.view()}});
        names.rewind(0);
    };
    virtio::for_each_name(type, features, [&](std::string_view name) {
        if (names.size() != 0 && names.room() < name.size() + 1)
            send();
        if (names.size() != 0)
            names.put(' ');
        names.put(name);
    });
    if (names.size() != 0)
        send();
}

template <virtio::Transport T>
void report_failure(const virtio::DeviceOver<T>& device, Errc why)
{
    const virtio::Negotiation& outcome = device.negotiation();
    sys::log(sys::Level::error, "the device does not start",
             {{"why", why},
              {"virtio", device.version()},
              {"offered", text::Hex{outcome.offered.mask()}},
              {"wanted", text::Hex{outcome.wanted.mask()}},
              {"missing", text::Hex{outcome.missing.mask()}},
              {"accepted", text::Hex{outcome.accepted.mask()}}});
    report_names("offered", device.type(), outcome.offered);
    report_names("wanted", device.type(), outcome.wanted);
    report_names("missing", device.type(), outcome.missing);
}

}  // namespace common
