// init/plan.hpp - the system table, copied out of the archive and checked. `tools/vireo` has
// checked what it means; here is checked what init indexes by, so that no table can make it read or
// start what is not there.
#pragma once

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include <base/text.hpp>
#include <proto/table.hpp>
#include <sys/loader.hpp>

namespace init {

namespace table = proto::table;

class Plan {
public:
    Plan() = default;

    // Errors: malformed. `bytes` must outlive the plan: the arguments stay there.
    static Result<> read(std::span<const std::byte> bytes, Plan& into)
    {
        if (bytes.size() < sizeof(table::Header))
            return fail(Errc::malformed);
        std::memcpy(&into.header_, bytes.data(), sizeof(into.header_));
        if (!into.header_sound(bytes.size()))
            return fail(Errc::malformed);
        into.bytes_ = bytes.first(into.header_.bytes);
        if (!into.copy_entries() || !into.devices_sound() || !into.programs_sound())
            return fail(Errc::malformed);
        return {};
    }

    std::string_view name() const { return text::of(header_.system); }
    const table::Hang& hang() const { return header_.hang; }
    std::span<const table::Device> devices() const
    {
        return std::span{devices_}.first(header_.device_count);
    }
    std::span<const table::Program> programs() const
    {
        return std::span{programs_}.first(header_.program_count);
    }

    sys::Arguments arguments(const table::Program& program) const
    {
        const auto bytes = bytes_.subspan(program.argument_offset, program.argument_bytes);
        return {{reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                program.argument_count};
    }

    // The server that gives a service.
    std::optional<u32> server(std::string_view service) const
    {
        const auto found = program(service);
        return found && programs_[*found].role == table::Role::server ? found : std::nullopt;
    }

    // The program of this name.
    std::optional<u32> program(std::string_view name) const
    {
        for (u32 i = 0; i < header_.program_count; ++i)
            if (text::of(programs_[i].name) == name)
                return i;
        return std::nullopt;
    }

    // The program that owns a device.
    std::optional<u32> owner(u32 device) const
    {
        for (u32 i = 0; i < header_.program_count; ++i)
            if (programs_[i].device == device)
                return i;
        return std::nullopt;
    }

private:
    bool header_sound(u64 available) const
    {
        const table::Header& h = header_;
        return h.magic == table::magic && h.version == table::version && h.bytes <= available
               && h.device_count <= table::max_devices && h.program_count <= table::max_programs
               && fits(h.device_offset, u64{h.device_count} * sizeof(table::Device), h.bytes)
               && fits(h.program_offset, u64{h.program_count} * sizeof(table::Program), h.bytes)
               && ended(h.system) && h.hang.looks != 0 && h.hang.interval_ms != 0;
    }

    bool copy_entries()
    {
        std::memcpy(devices_.data(), bytes_.data() + header_.device_offset, devices().size_bytes());
        std::memcpy(programs_.data(), bytes_.data() + header_.program_offset,
                    programs().size_bytes());
        return true;
    }

    bool devices_sound() const
    {
        u64 taken = 0;
        for (const table::Device& d : devices()) {
            if (!ended(d.name) || d.slot > table::serial_slot || (taken & u64{1} << d.slot) != 0)
                return false;
            taken |= u64{1} << d.slot;
        }
        return true;
    }

    bool programs_sound() const
    {
        u64 owned = 0;
        for (const table::Program& p : programs()) {
            if (!names_sound(p) || !limits_sound(p) || !arguments_sound(p) || !first_of_name(p))
                return false;
            if (p.device == table::no_device)
                continue;
            if (p.device >= header_.device_count || (owned & u64{1} << p.device) != 0)
                return false;
            owned |= u64{1} << p.device;
        }
        return true;
    }

    static bool names_sound(const table::Program& p)
    {
        if (!ended(p.name) || !ended(p.binary) || p.name[0] == '\0'
            || p.use_count > table::max_uses)
            return false;
        for (const table::Access access : p.access)
            if (access > table::Access::raw)
                return false;
        for (const abi::Name& service : std::span{p.uses}.first(p.use_count))
            if (!ended(service))
                return false;
        return true;
    }

    static bool limits_sound(const table::Program& p)
    {
        return (p.role == table::Role::server || p.role == table::Role::app)
               && p.priority < abi::priorities && p.threads >= 1
               && p.stack_bytes <= sys::max_stack_bytes
               && p.restart.give_up_after <= table::max_ends;
    }

    bool arguments_sound(const table::Program& p) const
    {
        if (!fits(p.argument_offset, p.argument_bytes, bytes_.size()))
            return false;
        u32 strings = 0;
        for (const char c : arguments(p).bytes)
            strings += c == '\0' ? 1 : 0;
        const bool last_ended = p.argument_bytes == 0 || arguments(p).bytes.back() == '\0';
        return strings == p.argument_count && last_ended
               && p.argument_bytes <= sizeof(abi::Startup::arguments);
    }

    bool first_of_name(const table::Program& p) const
    {
        for (const table::Program& other : programs())
            if (&other < &p && text::of(other.name) == text::of(p.name))
                return false;
        return true;
    }

    static bool ended(const abi::Name& name) { return name.back() == '\0'; }

    table::Header header_{};
    std::array<table::Device, table::max_devices> devices_{};
    std::array<table::Program, table::max_programs> programs_{};
    std::span<const std::byte> bytes_;
};

}  // namespace init
