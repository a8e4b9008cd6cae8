// tests/host/init/table_builder.hpp - system tables for tests, as `tools/vireo` would compile them.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <base/text.hpp>
#include <proto/table.hpp>

namespace fake {

namespace table = proto::table;

class TableBuilder {
public:
    TableBuilder& device(std::string_view name, u32 virtio_id, u32 slot)
    {
        devices.push_back({text::padded<16>(name), virtio_id, slot});
        return *this;
    }

    TableBuilder&
    server(std::string_view name, std::string_view binary, u32 device = table::no_device)
    {
        programs.push_back(program(name, binary, table::Role::server));
        programs.back().device = device;
        return *this;
    }

    TableBuilder&
    app(std::string_view name, u32 flags, std::initializer_list<std::string_view> uses = {})
    {
        programs.push_back(program(name, name, table::Role::app));
        programs.back().flags = flags;
        for (const auto service : uses)
            programs.back().uses[programs.back().use_count++] = text::padded<16>(service);
        return *this;
    }

    // For the program added last.
    TableBuilder& argument(std::string_view text)
    {
        programs.back().argument_offset = static_cast<u32>(arguments.size());
        programs.back().argument_bytes = static_cast<u32>(text.size() + 1);
        programs.back().argument_count = 1;
        arguments.insert(arguments.end(), text.begin(), text.end());
        arguments.push_back('\0');
        return *this;
    }

    std::vector<std::byte> build() const
    {
        const u64 device_offset = align_up(sizeof(table::Header), 8);
        const u64 program_offset =
            align_up(device_offset + devices.size() * sizeof(table::Device), 8);
        const u64 argument_offset = program_offset + programs.size() * sizeof(table::Program);
        std::vector<std::byte> bytes(argument_offset + arguments.size());
        const table::Header header{
            table::magic,
            table::version,
            static_cast<u32>(bytes.size()),
            text::padded<16>("test"),
            static_cast<u32>(devices.size()),
            static_cast<u32>(programs.size()),
            static_cast<u32>(device_offset),
            static_cast<u32>(program_offset),
            table::usual_hang,
        };
        std::memcpy(bytes.data(), &header, sizeof(header));
        for (usize i = 0; i < devices.size(); ++i)
            std::memcpy(&bytes[device_offset + i * sizeof(devices[i])], &devices[i],
                        sizeof(devices[i]));
        for (usize i = 0; i < programs.size(); ++i) {
            table::Program p = programs[i];
            p.argument_offset += static_cast<u32>(argument_offset);
            std::memcpy(&bytes[program_offset + i * sizeof(p)], &p, sizeof(p));
        }
        if (!arguments.empty())
            std::memcpy(&bytes[argument_offset], arguments.data(), arguments.size());
        return bytes;
    }

    std::vector<table::Device> devices;
    std::vector<table::Program> programs;
    std::vector<char> arguments;

private:
    static table::Program program(std::string_view name, std::string_view binary, table::Role role)
    {
        table::Program p{};
        p.name = text::padded<16>(name);
        p.binary = text::padded<16>(binary);
        p.role = role;
        p.priority = 20;
        p.frames = 100;
        p.handles = 64;
        p.threads = 1;
        p.stack_bytes = 8192;
        p.device = table::no_device;
        p.restart = table::usual_restart;
        return p;
    }
};

}  // namespace fake
