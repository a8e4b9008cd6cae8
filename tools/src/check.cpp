// check.cpp - what must hold in a system beyond the shape of its file.
#include "check.hpp"

#include "text.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

namespace vireo {
namespace {

using proto::table::Role;

bool name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::vector<std::string> services(const System& system)
{
    std::vector<std::string> names;
    for (const auto& program : system.programs)
        if (program.role == Role::server)
            names.push_back(program.name.text);
    return names;
}

const Program* server_named(const System& system, const std::string& name)
{
    const auto found = std::ranges::find_if(system.programs, [&](const Program& program) {
        return program.role == Role::server && program.name.text == name;
    });
    return found == system.programs.end() ? nullptr : &*found;
}

void check_counts(const System& system, Diagnostics& errors)
{
    if (system.devices.size() > proto::table::max_devices)
        errors.error(system.devices.back().name.at,
                     fmt::format("more than {} devices", proto::table::max_devices));
    if (system.programs.size() > proto::table::max_programs)
        errors.error(system.programs.back().name.at,
                     fmt::format("more than {} programs", proto::table::max_programs));
    if (system.programs.empty())
        errors.error({}, "a system needs at least one server or app");
}

void check_unique_names(const System& system, Diagnostics& errors)
{
    for (usize i = 0; i < system.programs.size(); ++i)
        for (usize j = i + 1; j < system.programs.size(); ++j)
            if (system.programs[i].name.text == system.programs[j].name.text)
                errors.error(
                    system.programs[j].name.at,
                    fmt::format("'{}' is a server and an app: names of programs must differ",
                                system.programs[j].name.text));
}

void check_slots(const System& system, Diagnostics& errors)
{
    std::vector<const Device*> owner(slot_count, nullptr);
    const Device* serial = nullptr;
    for (const auto& device : system.devices) {
        if (device.type == DeviceType::serial) {
            if (serial != nullptr)
                errors.error(device.name.at,
                             fmt::format("'{}' is the serial line already: a machine has one",
                                         serial->name.text));
            serial = &device;
        }
        if (!device.wanted_slot)
            continue;
        auto& taken = owner[*device.wanted_slot];
        if (taken != nullptr)
            errors.error(device.slot_at, fmt::format("slot {} is taken by '{}' already",
                                                     *device.wanted_slot, taken->name.text));
        taken = &device;
    }
}

void check_device_of(const System& system, const Program& program, Diagnostics& errors)
{
    if (!program.device)
        return;
    std::vector<std::string> names;
    names.reserve(system.devices.size());
    for (const auto& device : system.devices)
        names.push_back(device.name.text);
    const auto& [wanted, at] = *program.device;
    if (!std::ranges::contains(names, wanted))
        errors.error(at,
                     fmt::format("there is no device '{}'{}", wanted, suggestion(wanted, names)));
    else if (program.role == Role::server && program.name.text != wanted)
        errors.error(
            program.name.at,
            fmt::format("a server is named as its device: this one must be [server.{}]", wanted));
    for (const auto& other : system.programs)
        if (&other < &program && other.device && other.device->text == wanted)
            errors.error(
                at, fmt::format("device '{}' belongs to '{}' already", wanted, other.name.text));
}

void check_uses(const System& system, const Program& program, Diagnostics& errors)
{
    if (program.uses.size() > proto::table::max_uses)
        errors.error(program.uses[proto::table::max_uses].at,
                     fmt::format("'{}' uses more than {} services", program.name.text,
                                 proto::table::max_uses));
    for (const auto& [wanted, at] : program.uses) {
        const auto* server = server_named(system, wanted);
        if (server == nullptr) {
            const auto known = services(system);
            errors.error(
                at, fmt::format("there is no service '{}'{}", wanted, suggestion(wanted, known)));
        } else if (server->priority < program.priority) {
            // A doorbell donates nothing: a server below its client would wait for it.
            errors.error(program.priority_at,
                         fmt::format("'{}' has priority {}, above its server '{}' with {}",
                                     program.name.text, program.priority, wanted,
                                     server->priority));
        }
    }
}

// Collects the services that lead from `from` along `uses`.
void follow(const System& system, const Program& from, std::set<std::string>& reached)
{
    for (const auto& used : from.uses) {
        const auto* next = server_named(system, used.text);
        if (reached.insert(used.text).second && next != nullptr)
            follow(system, *next, reached);
    }
}

void check_cycles(const System& system, Diagnostics& errors)
{
    for (const auto& program : system.programs) {
        std::set<std::string> reached;
        follow(system, program, reached);
        if (program.role != Role::server || !reached.contains(program.name.text))
            continue;
        errors.error(
            program.uses.front().at,
            fmt::format("'{}' uses itself, directly or through others", program.name.text));
        return;  // every other member of the cycle would say the same
    }
}

void check_program(const Program& program, Diagnostics& errors)
{
    if (program.stack_bytes % page_bytes != 0)
        errors.error(program.stack_at, "'stack' must be a multiple of 4096");
    if (program.stack_bytes / page_bytes >= program.frames)
        errors.error(program.stack_at, fmt::format("the stack does not fit the {} frames of '{}'",
                                                   program.frames, program.name.text));
    if (argument_bytes(program.arguments) > argument_limit)
        errors.error(program.arguments_at,
                     fmt::format("the arguments take more than {} bytes", argument_limit));
    for (const auto& argument : program.arguments)
        if (argument.contains('\0'))
            errors.error(program.arguments_at, "an argument contains a zero byte");
}

void check_verdicts(const System& system, Diagnostics& errors)
{
    const Program* judge = nullptr;
    const Program* shell = nullptr;
    for (const auto& program : system.programs) {
        const bool is_shell = program.start == Start::shell;
        auto& first = is_shell ? shell : judge;
        if (!is_shell && !program.verdict)
            continue;
        if (first != nullptr)
            errors.error(is_shell ? program.name.at : program.verdict_at,
                         fmt::format("'{}' {} already: a run has one", first->name.text,
                                     is_shell ? "is the shell" : "gives the verdict"));
        first = &program;
    }
}

void check_memory(const System& system, Diagnostics& errors)
{
    const u64 promised = promised_frames(system);
    const u64 present = present_frames(system.machine);
    if (promised > present)
        errors.error(system.programs.front().name.at,
                     fmt::format("the programs may own {} frames together, the machine has {}",
                                 promised, present));
}

}  // namespace

std::string wrong_cpu(const std::string& cpu)
{
    const std::vector<std::string> known{cpu_models.begin(), cpu_models.end()};
    const auto model = cpu.substr(0, cpu.find(','));
    if (std::ranges::contains(known, model))
        return "";
    return fmt::format("there is no 64-bit CPU '{}'{}", model, suggestion(model, known));
}

void check_name(const Spelled& name, std::string_view what, Diagnostics& errors)
{
    const auto& text = name.text;
    if (text.empty() || text.size() >= sizeof(abi::Name))
        errors.error(name.at, fmt::format("the name of a {} has 1 to {} characters: '{}'", what,
                                          sizeof(abi::Name) - 1, text));
    else if (!std::ranges::all_of(text, name_character) || text[0] < 'a' || text[0] > 'z')
        errors.error(name.at,
                     fmt::format("the name of a {} is made of a-z 0-9 _ - and starts with a "
                                 "letter: '{}'",
                                 what, text));
    else if (text == "kernel" || text == "init")
        errors.error(
            name.at,
            fmt::format("'{}' is not a name for a {}: the log means another by it", text, what));
}

void check_system(const System& system, Diagnostics& errors)
{
    check_counts(system, errors);
    check_unique_names(system, errors);
    check_slots(system, errors);
    for (const auto& program : system.programs) {
        check_program(program, errors);
        check_device_of(system, program, errors);
        check_uses(system, program, errors);
    }
    check_cycles(system, errors);
    check_verdicts(system, errors);
    check_memory(system, errors);
}

void check_binaries(const System& system,
                    const std::vector<std::string>& built,
                    Diagnostics& errors)
{
    const auto check_one = [&](const Spelled& binary) {
        if (binary.text.size() >= sizeof(abi::Name))
            errors.error(binary.at,
                         fmt::format("the name of an image has at most {} characters: '{}'",
                                     sizeof(abi::Name) - 1, binary.text));
        else if (!std::ranges::contains(built, binary.text))
            errors.error(binary.at, fmt::format("there is no program '{}'{}", binary.text,
                                                suggestion(binary.text, built)));
    };
    for (const auto& program : system.programs)
        check_one(program.binary);
    for (const auto& image : system.images)
        check_one(image);
    check_one(system.init);
}

u64 promised_frames(const System& system)
{
    u64 frames = 0;
    for (const auto& program : system.programs)
        frames += program.frames;
    return frames;
}

u64 present_frames(const Machine& machine) { return machine.memory_bytes / page_bytes; }

u64 argument_bytes(const std::vector<std::string>& arguments)
{
    return std::accumulate(arguments.begin(), arguments.end(), u64{0},
                           [](u64 sum, const std::string& one) { return sum + one.size() + 1; });
}

}  // namespace vireo
