// seven.cpp - the system file of seven devices in seven processes, with an intruder in the place of
// one of them.
#include "seven.hpp"

#include <fmt/format.h>

namespace isolation {
namespace {

constexpr int page_of_its_own = 24;

std::string type_of(const std::string& device)
{
    if (device.starts_with("disk"))
        return "type = \"virtio-blk\"\nimage = { size = \"1M\" }";
    if (device.starts_with("rng"))
        return "type = \"virtio-rng\"";
    if (device.starts_with("nic"))
        return "type = \"virtio-net\"";
    return device == "kbd0" ? "type = \"virtio-keyboard\"" : "type = \"virtio-tablet\"";
}

std::string server_of(const std::string& device)
{
    return device.starts_with("disk")  ? "blkd"
           : device.starts_with("rng") ? "rngd"
                                       : "test_witness";
}

}  // namespace

std::string seven_with(const std::string& intruder, Place place, const std::string& more)
{
    // An intruder is no driver.
    std::string text = "[system]\nname = \"isolation\"\nmonitor = false\n";
    std::string names;
    int slot = 0;
    for (const std::string device : devices) {
        const bool hostile = device == intruder;
        const bool apart = hostile && place == Place::alone;
        text += fmt::format(
            "\n[device.{0}]\n{1}\nslot = {2}\n\n[server.{0}]\nbinary = \"{3}\"\ndevice = \"{0}\"\n",
            device, type_of(device), apart ? page_of_its_own : slot++,
            hostile ? "test_intruder" : server_of(device));
        names += fmt::format("\"{}\", ", device);
    }
    text +=
        fmt::format("\n[app.judge]\nbinary = \"test_judge\"\nuses = [{}]\nverdict = true\n", names);
    return text
           + fmt::format("arguments = [\"{}\", \"{}\"{}]\n", intruder,
                         place == Place::alone ? "alone" : "crowded",
                         more.empty() ? "" : ", \"" + more + "\"");
}

}  // namespace isolation
