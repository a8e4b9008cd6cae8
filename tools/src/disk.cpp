// disk.cpp - disk images of the user.
#include "disk.hpp"

#include "failure.hpp"
#include "image.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>

namespace vireo {
namespace {

// A word behind a file's name.
struct ImageOption {
    std::string_view text;
    std::optional<bool> read_only;
    std::optional<ImageFormat> format;
};
constexpr std::array image_options{
    ImageOption{",ro", true, {}},
    ImageOption{",rw", false, {}},
    ImageOption{",raw", {}, ImageFormat::raw},
    ImageOption{",qcow2", {}, ImageFormat::qcow2},
};

// Takes the last word of the file's name as an option, if it is one of a kind that is not given
// yet.
bool take_option(std::string& file, ImageOption& given)
{
    for (const auto& option : image_options) {
        const bool given_already =
            option.format ? given.format.has_value() : given.read_only.has_value();
        if (given_already || !file.ends_with(option.text))
            continue;
        file.resize(file.size() - option.text.size());
        given.format = option.format ? option.format : given.format;
        given.read_only = option.read_only ? option.read_only : given.read_only;
        return true;
    }
    return false;
}

Device& disk_named(System& system, const std::string& name)
{
    std::vector<std::string> disks;
    for (const auto& device : system.devices)
        if (device.type == DeviceType::block && !device.vhost_user)
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
                      "it has the form NAME=FILE[,ro|,rw][,raw|,qcow2]"};
    auto file = text.substr(equals + 1);
    ImageOption given{};
    while (take_option(file, given))
        continue;
    if (file.empty())
        throw Failure{Exit::usage, "cannot read --disk " + text, "it names no file"};
    return {.name = text.substr(0, equals),
            .image = {.path = file,
                      .format = given.format,
                      .read_only = given.read_only.value_or(false)}};
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
        device.image = argument.image;
    }
    for (auto& device : system.devices)
        if (auto* image = std::get_if<FileImage>(&device.image)) {
            auto found = inspect_image(*image);
            if (!found.note.empty())
                fmt::print(stderr, "vireo: note: {}\n", found.note);
            *image = std::move(found.image);
        }
}

}  // namespace vireo
