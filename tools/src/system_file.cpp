// system_file.cpp - systems/NAME.toml: from the text to a System.
#include "system_file.hpp"

#include "check.hpp"
#include "failure.hpp"
#include "table_reader.hpp"
#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr Range disk_sizes{512, u64{1} << 50};
constexpr u64 second_ns = 1'000'000'000;

void read_machine(TableReader& system, Machine& machine)
{
    const auto* found = system.table("machine");
    if (found == nullptr)
        return;
    TableReader in{*found, "[system] machine", system.errors()};
    machine.cpu = in.text("cpu").value_or(Spelled{machine.cpu, {}}).text;
    if (const auto wrong = wrong_cpu(machine.cpu); !wrong.empty())
        in.error("cpu", wrong);
    machine.cpus = static_cast<u32>(in.number("cpus", machine.cpus, cpu_range));
    machine.memory_bytes = in.size("memory", machine.memory_bytes, memory_range);
    machine.gic = static_cast<u32>(in.number("gic", machine.gic, gic_range));
    machine.legacy = in.flag("legacy", machine.legacy);
    if (const auto text = in.text("rings")) {
        const auto rings = parse_rings(text->text);
        machine.rings = rings.value_or(machine.rings);
        if (!rings)
            in.error("rings", fmt::format("'rings' is {}", rings_help));
    }
    if (machine.memory_bytes % memory_unit != 0)
        in.error("memory", "'memory' must be a multiple of 1M");
    in.finish();
}

// When a server hangs.
void read_hang(TableReader& system, proto::table::Hang& hang)
{
    const auto* found = system.table("hang");
    if (found == nullptr)
        return;
    TableReader in{*found, "[system] hang", system.errors()};
    const auto read = [&](std::string_view key, u32& value, Range range) {
        value = static_cast<u32>(in.number(key, value, range));
    };
    read("looks", hang.looks, {1, 1'000});
    read("interval_ms", hang.interval_ms, {1, 10'000});
    read("late_ms", hang.late_ms, {0, 10'000});
    read("ready_ms", hang.ready_ms, wait_range);
    in.finish();
}

void read_head(TableReader& file, System& system)
{
    const auto* found = file.table("system");
    if (found == nullptr) {
        file.errors().error({}, "a system file needs a [system] table");
        return;
    }
    TableReader in{*found, "[system]", file.errors()};
    const auto name = in.required_text("name");
    check_name(name, "system", in.errors());
    system.name = name.text;
    read_machine(in, system.machine);
    read_hang(in, system.hang);
    system.counters = in.flag("counters", false);
    system.monitor = in.flag("monitor", true);
    system.images = in.texts("images");
    system.init = in.text("init").value_or(system.init);
    in.finish();
}

void read_errors(TableReader& image, Device& device)
{
    const auto* list = image.array("inject_error");
    if (list == nullptr)
        return;
    for (const auto& element : *list) {
        if (element.as_table() == nullptr) {
            image.errors().error(place_of(element), "'inject_error' must be a list of tables");
            continue;
        }
        TableReader in{*element.as_table(), "inject_error", image.errors()};
        InjectedError error;
        error.sector = in.number("sector", 0, {0, u64{1} << 40});
        error.on = in.choice("on", "read", {"read", "write", "flush"});
        error.error = static_cast<u32>(in.number("errno", error.error, {1, 4095}));
        error.once = in.flag("once", false);
        in.finish();
        device.errors.push_back(error);
    }
}

FileImage file_image(const std::string& path, const std::string& format)
{
    if (format.empty())
        return {.path = path};
    return {.path = path, .format = format == "raw" ? ImageFormat::raw : ImageFormat::qcow2};
}

void read_image(TableReader& in, Device& device)
{
    const auto* found = in.table("image");
    if (found == nullptr) {
        if (!in.has("image"))
            in.errors().error(in.place(), fmt::format("{} needs 'image'", in.name()));
        return;
    }
    TableReader image{*found, "image of " + in.name(), in.errors()};
    const bool size = image.has("size");
    const bool null = image.has("null");
    const bool file = image.has("file");
    if (int{size} + int{null} + int{file} != 1)
        image.errors().error(image.place(),
                             "an image is one of: size = \"64M\", null = \"64M\", file = \"...\"");
    const u64 scratch_bytes = image.size("size", 512, disk_sizes);
    const u64 null_bytes = image.size("null", 512, disk_sizes);
    const u64 latency = image.number("latency_ns", 0, {0, 60 * second_ns});
    const auto path = image.text("file");
    const auto format = image.choice("format", "", {"raw", "qcow2"});
    if (null)
        device.image = NullImage{null_bytes, latency};
    else if (file)
        device.image = file_image(path.value_or(Spelled{}).text, format);
    else
        device.image = ScratchImage{scratch_bytes};
    if (latency != 0 && !null)
        image.error("latency_ns", "'latency_ns' belongs to a null image");
    if (!format.empty() && !file)
        image.error("format", "'format' belongs to an image that is a file");
    if (scratch_bytes % 512 != 0 || null_bytes % 512 != 0)
        image.error(null ? "null" : "size", "the size of a disk must be a multiple of 512");
    read_errors(image, device);
    image.finish();
}

void read_disk(TableReader& in, Device& device)
{
    read_image(in, device);
    const auto serial = in.text("serial");
    device.serial = serial ? serial->text : "vireo-" + device.name.text;
    if (device.serial.size() > 20 || device.serial.empty())
        in.error("serial", "'serial' must have 1 to 20 characters");
    device.scratch = in.flag("scratch", false);
    device.journal = in.flag("journal", false);
}

// Values as QEMU spells them.
std::optional<std::string> property_text(const toml::node& value)
{
    if (auto text = value.value_exact<std::string>())
        return text;
    if (const auto number = value.value_exact<int64_t>())
        return std::to_string(*number);
    if (const auto flag = value.value_exact<bool>())
        return *flag ? "on" : "off";
    return std::nullopt;
}

void read_properties(TableReader& in, Device& device)
{
    const auto* found = in.table("qemu");
    if (found == nullptr)
        return;
    for (const auto& [key, value] : *found) {
        const auto text = property_text(value);
        if (text)
            device.qemu.emplace_back(std::string{key.str()}, *text);
        else
            in.errors().error(place_of(value),
                              "a QEMU property is a string, a number or a boolean");
    }
}

std::optional<DeviceType> read_type(TableReader& in)
{
    std::vector<std::string> types;
    types.reserve(device_kinds.size());
    for (const auto& kind : device_kinds)
        types.emplace_back(kind.name);
    if (!in.has("type")) {
        (void)in.required_text("type");
        return std::nullopt;
    }
    const auto type = in.choice("type", "", types);
    const auto* kind = std::ranges::find(device_kinds, type, &DeviceKind::name);
    return kind == device_kinds.end() ? std::nullopt : std::optional{kind->type};
}

Device read_device(const Spelled& name, const toml::table& table, Diagnostics& errors)
{
    TableReader in{table, "[device." + name.text + "]", errors};
    Device device;
    device.name = name;
    check_name(name, "device", errors);
    const auto type = read_type(in);
    if (!type)
        return device;  // which keys it may have is not known
    device.type = *type;
    if (device.type == DeviceType::serial) {
        in.finish();
        return device;
    }
    if (in.has("slot"))
        device.wanted_slot = static_cast<u32>(in.number("slot", 0, {0, slot_count - 1}));
    device.slot_at = in.place("slot");
    read_properties(in, device);
    const auto backend = in.choice("backend", "qemu", {"qemu", "vhost-user", "stream"});
    device.vhost_user = backend == "vhost-user";
    device.stream = backend == "stream";
    if (device.stream && device.type != DeviceType::network && device.type != DeviceType::console)
        in.error("backend", fmt::format("a {} has no stream back end", kind_of(*type).name));
    if (device.vhost_user && kind_of(device.type).vhost.empty())
        in.error("backend", fmt::format("a {} has no vhost-user back end", kind_of(*type).name));
    if (device.type == DeviceType::block && !device.vhost_user)
        read_disk(in, device);
    in.finish();
    return device;
}

void read_limits(TableReader& in, Program& program, u64 default_priority)
{
    program.priority = static_cast<u32>(in.number("priority", default_priority, priority_range));
    program.priority_at = in.place("priority");
    program.frames = static_cast<u32>(in.number("frames", program.frames, frame_range));
    program.handles = static_cast<u32>(in.number("handles", program.handles, handle_range));
    program.threads = static_cast<u32>(in.number("threads", program.threads, thread_range));
    program.stack_bytes = static_cast<u32>(in.size("stack", program.stack_bytes, stack_range));
    program.stack_at = in.place("stack");
}

// When a server that ended is started again.
void read_restart(TableReader& program, proto::table::Restart& restart)
{
    const auto* found = program.table("restart");
    if (found == nullptr)
        return;
    TableReader in{*found, "restart of " + program.name(), program.errors()};
    const auto read = [&](std::string_view key, u32& value, Range range) {
        value = static_cast<u32>(in.number(key, value, range));
    };
    read("immediate", restart.immediate, end_range);
    read("give_up_after", restart.give_up_after, end_range);
    read("back_off_min_ms", restart.back_off_min_ms, wait_range);
    read("back_off_max_ms", restart.back_off_max_ms, wait_range);
    read("window_ms", restart.window_ms, wait_range);
    read("drain_ms", restart.drain_ms, wait_range);
    restart.hang = in.flag("hang", restart.hang == 1) ? 1 : 0;
    if (restart.back_off_min_ms > restart.back_off_max_ms)
        in.error("back_off_min_ms", "'back_off_min_ms' is above 'back_off_max_ms'");
    in.finish();
}

// "disk0", or with other rights than the usual ones "disk0:ro", "disk0:admin", "rng0:raw".
void read_uses(TableReader& in, Program& program, Diagnostics& errors)
{
    using proto::table::Access;
    program.uses = in.texts("uses");
    for (auto& [text, at] : program.uses) {
        const auto colon = std::min(text.find(':'), text.size());
        const std::string rights = text.substr(colon);
        if (!rights.empty() && rights != ":ro" && rights != ":admin" && rights != ":raw")
            errors.error(at, fmt::format("'{}': the rights of a use are ro, admin or raw", text));
        program.access.push_back(rights == ":ro"      ? Access::read_only
                                 : rights == ":admin" ? Access::admin
                                 : rights == ":raw"   ? Access::raw
                                                      : Access::usual);
        text.resize(colon);
    }
}

Program read_program(const Spelled& name,
                     const toml::table& table,
                     proto::table::Role role,
                     Diagnostics& errors)
{
    const bool server = role == proto::table::Role::server;
    TableReader in{table, (server ? "[server." : "[app.") + name.text + "]", errors};
    Program program;
    program.name = name;
    program.role = role;
    check_name(name, server ? "server" : "app", errors);
    program.binary = in.required_text("binary");
    program.device = in.text("device");
    read_limits(in, program, server ? 40 : 20);
    read_uses(in, program, errors);
    for (const auto& argument : in.texts("arguments"))
        program.arguments.push_back(argument.text);
    program.arguments_at = in.place("arguments");
    program.verdict = in.flag("verdict", false);
    program.verdict_at = in.place("verdict");
    program.self = in.flag("self", false);
    program.archive = in.flag("archive", false);
    program.manage = in.flag("manage", false);
    if (server) {
        // One that calls others may wait for one that hangs.
        program.restart.hang = program.uses.empty() ? 1 : 0;
        read_restart(in, program.restart);
    } else {
        const auto start = in.choice("start", "after_servers", {"boot", "after_servers", "shell"});
        program.start = start == "boot"    ? Start::boot
                        : start == "shell" ? Start::shell
                                           : Start::after_servers;
    }
    in.finish();
    return program;
}

void read_programs(TableReader& file, std::string_view key, proto::table::Role role, System& system)
{
    file.each_table(key, [&](const Spelled& name, const toml::table& table) {
        system.programs.push_back(read_program(name, table, role, file.errors()));
    });
}

Failure missing_file(const fs::path& systems, const std::string& name)
{
    const fs::path path{name};
    const auto what = "there is no file " + name;
    if (fs::exists(systems / path.filename()))
        return {Exit::usage, what, "", "tools/vireo run " + path.stem().string()};
    return {Exit::usage, what,
            path.is_absolute() ? "" : "it was looked for in " + fs::current_path().string(),
            "name a system of systems/ (demo), or a path that ends with .toml"};
}

Failure missing_system(const fs::path& systems, const std::string& name)
{
    std::vector<std::string> known;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{systems, ignored})
        if (entry.path().extension() == ".toml")
            known.push_back(entry.path().stem().string());
    std::ranges::sort(known);
    return {Exit::usage, fmt::format("there is no system '{}'{}", name, suggestion(name, known)),
            known.empty() ? systems.string() + " has none" : "systems/ has " + join(known, ", "),
            "name one of these, or a path that ends with .toml"};
}

}  // namespace

System parse_system(const std::string& text, const std::string& file)
{
    const auto table = parse_toml(text, file);
    Diagnostics errors{file, text};
    TableReader in{table, "the file", errors};
    System system;
    read_head(in, system);
    in.each_table("device", [&](const Spelled& name, const toml::table& one) {
        system.devices.push_back(read_device(name, one, errors));
    });
    read_programs(in, "server", proto::table::Role::server, system);
    read_programs(in, "app", proto::table::Role::app, system);
    in.finish();
    errors.check();
    check_system(system, errors);
    errors.check();
    return system;
}

SystemFile load_system(const fs::path& systems, const std::string& name)
{
    SystemFile file;
    const bool is_path = name.ends_with(".toml");
    file.path = is_path ? fs::path{name} : systems / (name + ".toml");
    if (!fs::exists(file.path))
        throw is_path ? missing_file(systems, name) : missing_system(systems, name);
    file.text = read_text(file.path);
    file.system = parse_system(file.text, file.path.string());
    for (auto& device : file.system.devices)
        if (auto* image = std::get_if<FileImage>(&device.image))
            image->path = fs::absolute(file.path.parent_path() / image->path).string();
    return file;
}

}  // namespace vireo
