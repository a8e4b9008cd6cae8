// command_line.cpp - the QEMU command line of a system.
#include "command_line.hpp"

#include "failure.hpp"
#include "image.hpp"
#include "monitor/trace_line.hpp"
#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vireo {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

void add(Words& words, std::initializer_list<std::string> more) { words.insert(words.end(), more); }

Json node_of(const ScratchImage&, const Device& device, const QemuFiles& files)
{
    const auto file = scratch_file(files.directory, device).string();
    return {{"driver", "raw"}, {"file", {{"driver", "file"}, {"filename", file}}}};
}

Json node_of(const NullImage& image, const Device&, const QemuFiles&)
{
    return {{"driver", "null-co"},
            {"size", image.bytes},
            {"latency-ns", image.latency_ns},
            {"read-zeroes", true}};
}

Json node_of(const FileImage& image, const Device&, const QemuFiles&)
{
    const bool qcow2 = format_of(image) == ImageFormat::qcow2;
    Json node{
        {"driver", qcow2 ? "qcow2" : "raw"},
        {"read-only", image.read_only},
        {"file", {{"driver", "file"}, {"read-only", image.read_only}, {"filename", image.path}}}};
    // Whatever its header says by the time that QEMU reads it.
    if (qcow2)
        node["backing"] = nullptr;
    return node;
}

// A layer above the image that answers some requests with an error.
Json with_errors(Json image, const Device& device)
{
    if (device.errors.empty())
        return image;
    Json rules = Json::array();
    for (const auto& error : device.errors) {
        Json rule{
            {"event", "none"}, {"iotype", error.on}, {"errno", error.error}, {"once", error.once}};
        if (error.on != "flush")
            rule["sector"] = error.sector;
        rules.push_back(rule);
    }
    return {{"driver", "blkdebug"}, {"inject-error", rules}, {"image", std::move(image)}};
}

// A layer above both that notes each write, and each flush, once it is done.
Json with_journal(Json image, const Device& device, const QemuFiles& files)
{
    if (!device.journal)
        return image;
    return {{"driver", "blklogwrites"},
            {"file", std::move(image)},
            {"log",
             {{"driver", "file"}, {"filename", journal_file(files.directory, device).string()}}}};
}

// -blockdev takes JSON, where a file name needs no escaping of QEMU's own.
std::string block_node(const Device& device, const QemuFiles& files)
{
    const auto image =
        std::visit([&](const auto& one) { return node_of(one, device, files); }, device.image);
    Json node{{"node-name", device.name.text}, {"discard", "unmap"}};  // else QEMU ignores it
    node.update(with_journal(with_errors(image, device), device, files));
    try {
        return node.dump();
    } catch (const Json::type_error&) {
        throw Failure{Exit::usage,
                      fmt::format("the file name of disk '{}' is not UTF-8", device.name.text),
                      "QEMU takes file names as JSON", "give it another name, or a link"};
    }
}

std::string device_option(const Device& device)
{
    const auto& name = device.name.text;
    const auto& kind = kind_of(device.type);
    auto text = fmt::format("{},id={},bus=virtio-mmio-bus.{}",
                            device.vhost_user ? kind.vhost : kind.qemu, name, device.slot);
    if (device.type == DeviceType::network)
        text += fmt::format(",netdev={}-peer", name);
    else if (device.vhost_user)
        text += fmt::format(",chardev={}-socket", name);
    else if (device.type == DeviceType::block)
        text += fmt::format(",drive={},serial={}", name, qemu_escape(device.serial));
    else if (device.type == DeviceType::random)
        text += fmt::format(",rng={}-source", name);
    for (const auto& [property, value] : device.qemu)
        text += fmt::format(",{}={}", property, qemu_escape(value));
    return text;
}

void add_backend(Words& words, const Device& device, const QemuFiles& files)
{
    const auto& name = device.name.text;
    const auto socket = backend_socket(files.sockets, device).string();
    add(words, {"-chardev", fmt::format("socket,id={}-socket,path={}", name, qemu_escape(socket))});
    if (device.type == DeviceType::network)
        add(words, {"-netdev", fmt::format("vhost-user,id={}-peer,chardev={}-socket", name, name)});
}

// Its other end: a program of the host, or a file that only takes.
std::string line_of(const Device& device, const QemuFiles& files)
{
    const auto& name = device.name.text;
    if (device.stream)
        return fmt::format("socket,id={}-line,path={}", name,
                           qemu_escape(backend_socket(files.sockets, device).string()));
    return fmt::format("file,id={}-line,path={}", name,
                       qemu_escape(console_file(files.directory, device).string()));
}

void add_device(Words& words, const Device& device, const QemuFiles& files)
{
    const auto& name = device.name.text;
    if (device.type == DeviceType::serial)
        return;  // the machine has it
    if (device.vhost_user)
        add_backend(words, device, files);
    else if (device.type == DeviceType::block)
        add(words, {"-blockdev", block_node(device, files)});
    else if (device.type == DeviceType::random)
        add(words, {"-object", fmt::format("rng-builtin,id={}-source", name)});
    else if (device.type == DeviceType::console)
        add(words, {"-chardev", line_of(device, files)});
    else if (device.stream)
        add(words, {"-netdev",
                    fmt::format("stream,id={}-peer,server=off,addr.type=unix,addr.path={}", name,
                                qemu_escape(backend_socket(files.sockets, device).string()))});
    else if (device.type == DeviceType::network)
        add(words, {"-netdev", fmt::format("user,id={}-peer,restrict=on", name)});
    add(words, {"-device", device_option(device)});
    if (device.type == DeviceType::console)  // its first port
        add(words, {"-device", fmt::format("virtconsole,id={}-port,bus={}.0,chardev={}-line", name,
                                           name, name)});
}

// QEMU before 8.1 translates a barrier to nothing on a machine that can never have a second CPU,
// although its devices run in other threads: a driver's store of what it waits for may then pass
// its last look at the ring, and the wake-up is lost.
std::string processors(u32 cpus) { return cpus > 1 ? std::to_string(cpus) : "1,maxcpus=2"; }

// Back ends map the guest's memory.
void share_memory(Words& words, const Machine& machine)
{
    add(words, {"-object", fmt::format("memory-backend-memfd,id=ram,size={}M,share=on",
                                       machine.memory_bytes >> 20)});
    add(words, {"-machine", "memory-backend=ram"});
}

void add_machine(Words& words, const Machine& machine)
{
    add(words,
        {"-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot"});
    add(words, {"-M", fmt::format("virt,gic-version={},dtb-randomness=off{}", machine.gic,
                                  machine.tags ? ",mte=on" : "")});
    add(words, {"-cpu", machine.cpu, "-smp", processors(machine.cpus)});
    add(words, {"-m", fmt::format("{}M", machine.memory_bytes >> 20)});
    // The default is version 1 registers in every slot.
    add(words, {"-global", fmt::format("virtio-mmio.force-legacy={}", machine.legacy)});
    for (const auto& word : ring_words(machine.rings))
        words.push_back(word);
}

}  // namespace

fs::path scratch_file(const fs::path& directory, const Device& device)
{
    return directory / (device.name.text + ".img");
}

fs::path journal_file(const fs::path& directory, const Device& device)
{
    return directory / (device.name.text + ".journal");
}

fs::path console_file(const fs::path& directory, const Device& device)
{
    return directory / (device.name.text + ".txt");
}

fs::path backend_socket(const fs::path& sockets, const Device& device)
{
    return sockets / device.name.text;
}

std::vector<std::string>
qemu_command_line(const System& system, const QemuFiles& files, const QemuOptions& options)
{
    Words words{options.program};
    add_machine(words, system.machine);
    if (std::ranges::any_of(system.devices, &Device::vhost_user))
        share_memory(words, system.machine);
    add(words, {"-kernel", files.kernel.string(), "-initrd", files.archive.string()});
    add(words, {"-serial", options.serial});
    add(words, {"-qmp",
                fmt::format("unix:{},server=on,wait=off", qemu_escape(files.qmp_socket.string()))});
    if (!files.log.empty())
        add(words, {"-d", "guest_errors,unimp", "-D", files.log.string()});
    for (const auto event : monitor::trace_events)
        if (files.trace)
            add(words, {"-trace", std::string{event}});
    for (const auto& device : system.devices)
        add_device(words, device, files);
    words.insert(words.end(), options.extra.begin(), options.extra.end());
    words.insert(words.end(), options.user.begin(), options.user.end());
    return words;
}

std::string printed_command_line(const std::vector<std::string>& argv)
{
    std::string out;
    for (const auto& word : argv) {
        const bool starts_line = word.starts_with('-') && !out.empty();
        out += (out.empty() ? "" : starts_line ? " \\\n  " : " ") + shell_quote(word);
    }
    return out + "\n";
}

}  // namespace vireo
