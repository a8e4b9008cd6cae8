// initramfs.hpp - files as the Linux kernel unpacks them at boot (cpio, format "newc"). Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <base/types.hpp>

namespace vireo {

struct InitramfsFile {
    std::string name;  // without a slash in front
    std::vector<u8> bytes;
    bool executable = false;
};

std::vector<u8> make_initramfs(std::span<const InitramfsFile> files);

}  // namespace vireo
