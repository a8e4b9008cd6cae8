// tests/host/init/world.hpp - a machine, a system table and an init on it, without a loop.
#pragma once

#include "archive_builder.hpp"
#include "fake_kernel.hpp"
#include "supervisor.hpp"
#include "table_builder.hpp"

#include <algorithm>
#include <optional>

namespace fake {

struct World {
    Kernel kernel;
    std::vector<std::byte> bytes;
    std::optional<sys::Archive> archive;
    init::Plan plan;
    init::Slots slots;
    abi::BootInfo boot{};
    std::optional<init::Supervisor> init;

    // A disk in slot 0, an entropy device in slot 24, a network card in slot 25; the rest is empty.
    explicit World(const TableBuilder& table)
    {
        ArchiveBuilder builder;
        for (const char* image : {"blkd", "rngd", "netd", "demo", "early", "vsh"})
            builder.image(image, image);
        bytes = builder.table(table.build()).build();
        archive = sys::Archive::open(bytes).value();
        init::Plan::read(archive->table(), plan).value();
        boot = {abi::boot_info_magic,
                kernel.give(abi::Kind::process),
                kernel.give(abi::Kind::memory),
                bytes.size(),
                32,
                0,
                {},
                kernel.give(abi::Kind::device)};
        for (u32 i = 0; i < 32; ++i)
            boot.devices[i] = kernel.give_device(i == 0 ? 2 : i == 24 ? 4 : i == 25 ? 1 : 0);
        names = kernel.give(abi::Kind::endpoint);
        notification = kernel.give(abi::Kind::notification);
    }

    Result<> start()
    {
        slots.enumerate(boot);
        init.emplace(init::Supervisor::Given{
            {boot.self}, {boot.archive}, *archive, plan, slots, {names}, {notification}});
        return init->start_all();
    }

    // The child of this name, dead or alive.
    std::shared_ptr<Object> process(std::string_view name) const
    {
        for (const auto& object : kernel.processes())
            if (text::of(object->quota.name) == name)
                return object;
        return nullptr;
    }

    void die(std::string_view name, abi::ExitCause cause, u64 code = 0)
    {
        const auto object = process(name);
        object->dead = true;
        object->info.exit.cause = cause;
        object->info.exit.code = code;
        init->step(object->watched);
    }

    // A message to init from the program of this index.
    template <Method M>
    Result<typename M::Reply> ask(u32 program, const typename M::Request& request, u64 take = 0)
    {
        sys::Incoming in{abi::Header::make(M::ordinal, wire_bytes<typename M::Request>, 0, take),
                         {},
                         init::badge_of(program, program < plan.programs().size()
                                                     ? init->registry()[program].epoch
                                                     : 0),
                         {}};
        sys::put_payload(in.words, request);
        auto out = sys::dispatch(init::names::Protocol{}, *init, in);
        sys::Incoming back{out.letter.header, out.letter.words, 0, {}};
        received = std::move(out.handles);
        if (back.header.status() != Errc::ok)
            return fail(back.header.status());
        return sys::get_payload<typename M::Reply>(back);
    }

    bool logged(std::string_view part) const
    {
        return std::ranges::any_of(kernel.log,
                                   [&](const std::string& line) { return line.contains(part); });
    }

    abi::Slot names{};
    abi::Slot notification{};
    sys::HandleSet received;  // with the last answer
};

// Servers rng0 (0) and disk0 (1), an app that starts at once (2), one that waits for them (3).
inline TableBuilder usual()
{
    TableBuilder builder;
    builder.device("disk0", 2, 0).device("rng0", 4, 24);
    builder.server("rng0", "rngd", 1).server("disk0", "blkd", 0);
    builder.app("early", 0, {"rng0"});
    builder
        .app("demo", table::ProgramFlags::verdict | table::ProgramFlags::after_servers, {"disk0"})
        .argument("x");
    return builder;
}

}  // namespace fake
