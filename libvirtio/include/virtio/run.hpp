// virtio/run.hpp - memory that a device reads or writes directly.
#pragma once

#include <base/types.hpp>

namespace virtio {

// Contiguous for the device.
struct Run {
    DeviceAddr address;
    u32 length;
};

}  // namespace virtio
