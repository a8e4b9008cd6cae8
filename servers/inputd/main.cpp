// inputd/main.cpp - a stub: owns its virtio-input device and reads its registers only.
#include <common/stub.hpp>

Result<> run(const sys::Startup& given)
{
    return common::run_stub(given, virtio::DeviceType::input);
}
