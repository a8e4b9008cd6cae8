// netd/main.cpp - a stub: owns its virtio-net device and reads its registers only.
#include <common/stub.hpp>

Result<> run(const sys::Startup& given) { return common::run_stub(given, virtio::DeviceType::net); }
