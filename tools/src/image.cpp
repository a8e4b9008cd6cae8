// image.cpp - an image file of the user, looked at before QEMU opens it.
#include "image.hpp"

#include "failure.hpp"
#include "file.hpp"
#include "image_format.hpp"
#include "process.hpp"
#include "text.hpp"

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

constexpr u64 sector_bytes = 512;

std::vector<u8> head_of(const Fd& file)
{
    std::vector<u8> head(image_head_bytes);
    const auto got = ::pread(file.raw(), head.data(), head.size(), 0);
    head.resize(got > 0 ? static_cast<usize>(got) : 0);
    return head;
}

// What the image names would be opened with the user's rights, whoever wrote the name.
void check_references(const std::string& file, std::span<const u8> head)
{
    const auto references = qcow2_references(head);
    if (!references)
        throw Failure{Exit::usage, "cannot use the qcow2 image " + file,
                      "its first bytes are no header of qcow2, version 2 or 3",
                      fmt::format("if it is a raw one: {}", shell_quote(file + ",raw"))};
    if (!references->backing_file && !references->data_file)
        return;
    throw Failure{Exit::usage,
                  fmt::format("the qcow2 image {} needs another file: {}", file,
                              references->backing_file ? "it has a backing file"
                                                       : "its data is in an external file"),
                  "an image may name any file of this machine, so such ones are not opened",
                  fmt::format("qemu-img convert -O qcow2 {} whole.qcow2, if you trust it",
                              shell_quote(file))};
}

u64 qcow2_size(const std::string& file)
{
    if (!program_exists("qemu-img"))
        throw Failure{Exit::environment, "qemu-img is missing",
                      "it tells the size of a qcow2 image", "tools/vireo setup"};
    const auto info =
        run_captured({"qemu-img", "info", "--output=json", "-U", "-f", "qcow2", file}, 30s);
    const auto json = nlohmann::json::parse(info.out, nullptr, false);
    if (info.status != 0 || !json.is_object() || !json.contains("virtual-size"))
        throw Failure{Exit::usage, "cannot use the qcow2 image " + file, info.err};
    return json["virtual-size"].get<u64>();
}

std::string fix_of_size(const FileImage& wanted, u64 bytes, std::string_view seen)
{
    const auto name = shell_quote(wanted.path);
    const u64 sectors = (bytes + sector_bytes - 1) / sector_bytes;
    const bool raw = format_of(wanted) == ImageFormat::raw;
    if (raw && seen == "qcow2")
        return shell_quote(wanted.path + ",qcow2") + " attaches it as qcow2, which it looks like";
    if (raw && !seen.empty())
        return fmt::format("{} looks like {}: unpack or convert it to a raw image", name, seen);
    if (!raw)
        return fmt::format("qemu-img resize {} {}", name,
                           bytes == 0 ? "64M" : std::to_string(sectors * sector_bytes));
    return bytes == 0 ? fmt::format("truncate -s 64M {} makes a disk of it", name)
                      : fmt::format("truncate -s %512 {} adds zeroes up to the next sector", name);
}

void check_size(const FileImage& wanted, u64 bytes, std::string_view seen)
{
    if (bytes == 0)
        throw Failure{Exit::usage, "the image " + wanted.path + " is empty",
                      "a disk has at least one sector", fix_of_size(wanted, bytes, seen)};
    if (bytes % sector_bytes != 0)
        throw Failure{
            Exit::usage,
            fmt::format("the image {} has {} bytes, not a multiple of 512", wanted.path, bytes),
            "a disk is made of 512-byte sectors", fix_of_size(wanted, bytes, seen)};
}

// Nobody said raw, and it may be a mistake.
std::string note_on(const FileImage& wanted, std::span<const u8> head)
{
    const auto seen = format_seen(head);
    if (wanted.format || seen.empty())
        return "";
    return fmt::format(
        "{} is attached as raw, and begins as {} does; {},{} says that this is right", wanted.path,
        seen, wanted.path, seen == "qcow2" ? "raw or ,qcow2" : "raw");
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
    const auto comma = file.rfind(',');
    if (error == ENOENT && comma != std::string::npos && fs::exists(file.substr(0, comma)))
        fix = "options of an image are ,ro ,rw ,raw and ,qcow2";
    else if (only_the_file_is_missing)
        fix = fmt::format("truncate -s 64M {} makes an empty disk", name);
    else if (error == EACCES)
        fix = fmt::format("ls -l {} says who may read it", name);
    return {Exit::environment, "cannot read the image " + file, std::strerror(error), fix};
}

}  // namespace

ImageFormat format_of(const FileImage& image)
{
    const bool by_name = image.path.ends_with(".qcow2");
    return image.format.value_or(by_name ? ImageFormat::qcow2 : ImageFormat::raw);
}

InspectedImage inspect_image(const FileImage& wanted)
{
    const auto& file = wanted.path;
    const auto path = fs::absolute(file).string();
    const Fd opened{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat state{};
    if (!opened.open() || ::fstat(opened.raw(), &state) != 0)
        throw unreadable(file, errno);
    if (!S_ISREG(state.st_mode))
        throw Failure{Exit::usage, "the image " + file + " is not a regular file",
                      "a disk stands in a file, not in a directory or a device",
                      "truncate -s 64M disk.img makes an empty disk"};
    const auto format = format_of(wanted);
    const auto head = head_of(opened);
    InspectedImage found{{.path = path,
                          .format = format,
                          .read_only = decide_read_only(path, state, wanted.read_only)}};
    if (format == ImageFormat::raw) {
        check_size(wanted, static_cast<u64>(state.st_size), format_seen(head));
        found.note = note_on(wanted, head);
        return found;
    }
    check_references(file, head);
    check_size(wanted, qcow2_size(path), format_seen(head));
    return found;
}

}  // namespace vireo
