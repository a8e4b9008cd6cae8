// tests/host/init/managed.hpp - a world in which `demo` may manage, and what it says.
#pragma once

#include "world.hpp"

namespace fake {

namespace names = proto::names;
using init::State;

inline constexpr u32 disk = 1;
inline constexpr u32 stranger = 2;
inline constexpr u32 manager = 3;

// usual(), in which `demo` may manage.
struct Managed : World {
    explicit Managed(const TableBuilder& of = table()) : World{of}
    {
        sys::host_counter = 0;
        start().value();
        ask<names::Ready>(0, {}).value();
        ask<names::Ready>(disk, {}).value();
    }

    static TableBuilder table()
    {
        auto table = usual();
        table.programs[manager].flags |= proto::table::ProgramFlags::manage;
        return table;
    }

    State state() const { return init->registry()[disk].state; }
    // As a client finds it.
    bool given_up() const { return endpoint->owner.lock()->given_up; }
    void pass(u64 ms)
    {
        sys::host_counter += sys::milliseconds(ms).raw();
        init->step({});
    }

    void connect()
    {
        ask<names::Connect>(manager, {text::padded<16>("disk0")}, 1).value();
        session = received.take<sys::Endpoint>(0).value();
        endpoint = kernel.at(session.slot());
    }

    sys::Handle<sys::Endpoint> session;
    std::shared_ptr<Object> endpoint;
};

template <class M>
Result<typename M::Reply> order(World& world, u32 who, std::string_view what)
{
    return world.ask<M>(who, {text::padded<16>(what)});
}

// What the disk's server sees of its progress page.
inline abi::Progress& progress(const Managed& world)
{
    for (const auto& placed : world.process("disk0")->placed)
        if (placed.address == sys::progress_address.raw())
            return *reinterpret_cast<abi::Progress*>(placed.memory->bytes.data());
    throw std::runtime_error{"no page of progress"};
}

// What the kernel does when init kills: it raises the bit of the watch.
inline void notice_end(Managed& world, const std::shared_ptr<Object>& process)
{
    process->info.exit.cause = abi::ExitCause::killed;
    world.init->step(process->watched);
}

}  // namespace fake
