// disk.cpp - disk images of the user.
#include "disk.hpp"

#include "failure.hpp"
#include "file.hpp"
#include "process.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view qcow2_magic{"QFI\xfb", 4};
constexpr u64 sector_bytes = 512;

bool is_qcow2(const Fd& file)
{
    std::array<char, qcow2_magic.size()> head{};
    return ::pread(file.raw(), head.data(), head.size(), 0) == static_cast<ssize_t>(head.size())
           && std::string_view{head.data(), head.size()} == qcow2_magic;
}

u64 qcow2_size(const std::string& file)
{
    if (!program_exists("qemu-img"))
        throw Failure{Exit::environment, "qemu-img is missing",
                      "it tells the size of a qcow2 image", "tools/vireo setup"};
    const auto info = run_captured({"qemu-img", "info", "--output=json", "-U", file}, 30s);
    const auto json = nlohmann::json::parse(info.out, nullptr, false);
    if (info.status != 0 || !json.is_object() || !json.contains("virtual-size"))
        throw Failure{Exit::usage, "cannot use the qcow2 image " + file, info.err};
    return json["virtual-size"].get<u64>();
}

void check_size(const std::string& file, u64 bytes)
{
    if (bytes == 0)
        throw Failure{Exit::usage, "the image " + file + " is empty",
                      "a disk has at least one sector",
                      fmt::format("truncate -s 64M {} makes a disk of it", shell_quote(file))};
    if (bytes % sector_bytes == 0)
        return;
    throw Failure{
        Exit::usage, fmt::format("the image {} has {} bytes, not a multiple of 512", file, bytes),
        "a disk is made of 512-byte sectors",
        fmt::format("truncate -s %512 {} adds zeroes up to the next sector", shell_quote(file))};
}

bool decide_read_only(const std::string& file, const struct stat& state, bool wanted)
{
    constexpr mode_t anyone_writes = S_IWUSR | S_IWGRP | S_IWOTH;
    if (wanted || (state.st_mode & anyone_writes) == 0)
        return true;
    if (::access(file.c_str(), W_OK) != 0)
        throw Failure{Exit::environment, "cannot write the image " + file, std::strerror(errno),
                      "attach it read-only: " + shell_quote(file + ",ro")};
    return false;
}

Failure unreadable(const std::string& file, int error)
{
    const auto name = shell_quote(file);
    const bool only_the_file_is_missing =
        error == ENOENT && fs::is_directory(fs::absolute(file).parent_path());
    std::string fix;
    if (only_the_file_is_missing)
        fix = fmt::format("truncate -s 64M {} makes an empty disk", name);
    else if (error == EACCES)
        fix = fmt::format("ls -l {} says who may read it", name);
    return {Exit::environment, "cannot read the image " + file, std::strerror(error), fix};
}

Device& disk_named(System& system, const std::string& name)
{
    std::vector<std::string> disks;
    for (const auto& device : system.devices)
        if (device.type == DeviceType::block)
            disks.push_back(device.name.text);
    if (!std::ranges::contains(disks, name))
        throw Failure{Exit::usage,
                      fmt::format("system '{}' has no disk '{}'{}", system.name, name,
                                  suggestion(name, disks)),
                      disks.empty() ? "it has no disk at all"
                                    : "its disks are: " + join(disks, ", ")};
    return *std::ranges::find_if(system.devices,
                                 [&](const Device& device) { return device.name.text == name; });
}

}  // namespace

DiskArgument parse_disk(const std::string& text)
{
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
        throw Failure{Exit::usage, "cannot read --disk " + text,
                      "it has the form NAME=FILE or NAME=FILE,ro"};
    DiskArgument disk{.name = text.substr(0, equals), .file = text.substr(equals + 1)};
    for (const std::string_view option : {",ro", ",rw"}) {
        if (!disk.file.ends_with(option))
            continue;
        disk.read_only = option == ",ro";
        disk.file.resize(disk.file.size() - option.size());
        break;
    }
    if (disk.file.empty())
        throw Failure{Exit::usage, "cannot read --disk " + text, "it names no file"};
    return disk;
}

FileImage inspect_image(const std::string& file, bool read_only)
{
    const auto path = fs::absolute(file).string();
    const Fd opened{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat state{};
    if (!opened.open() || ::fstat(opened.raw(), &state) != 0)
        throw unreadable(file, errno);
    if (!S_ISREG(state.st_mode))
        throw Failure{Exit::usage, "the image " + file + " is not a regular file",
                      "a disk stands in a file, not in a directory or a device",
                      "truncate -s 64M disk.img makes an empty disk"};
    FileImage image{.path = path,
                    .format = is_qcow2(opened) ? ImageFormat::qcow2 : ImageFormat::raw,
                    .read_only = decide_read_only(path, state, read_only)};
    const bool raw = image.format == ImageFormat::raw;
    check_size(file, raw ? static_cast<u64>(state.st_size) : qcow2_size(path));
    return image;
}

void replace_disks(System& system, const std::vector<std::string>& arguments)
{
    std::vector<std::string> seen;
    for (const auto& text : arguments) {
        const auto argument = parse_disk(text);
        auto& device = disk_named(system, argument.name);
        if (device.scratch)
            throw Failure{
                Exit::usage, fmt::format("'{}' is a scratch disk", argument.name),
                "programs write to it as they like, so no file of yours may stand behind it"};
        if (std::ranges::contains(seen, argument.name))
            throw Failure{Exit::usage, fmt::format("--disk names '{}' twice", argument.name),
                          "a disk has one file"};
        seen.push_back(argument.name);
        device.image = inspect_image(argument.file, argument.read_only);
    }
    for (auto& device : system.devices)
        if (auto* image = std::get_if<FileImage>(&device.image);
            image && !std::ranges::contains(seen, device.name.text))
            *image = inspect_image(image->path, image->read_only);
}

}  // namespace vireo
