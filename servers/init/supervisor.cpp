// init/supervisor.cpp - from the plan to running programs, and what happens when one ends.
#include "supervisor.hpp"

#include "black_box.hpp"
#include "exit_record.hpp"

#include <cstddef>

#include <sys/loader.hpp>
#include <sys/log.hpp>

namespace init {

using sys::Level;

Result<> Supervisor::start_all()
{
    if (const auto ready = lookers_.prepare(); !ready)
        return ready;
    for (u32 i = 0; i < count(); ++i) {
        recoveries_[i].image = recoveries_[i].proven = program(i).binary;
        if (program(i).role != table::Role::server)
            continue;
        auto endpoint = sys::create_endpoint();
        if (!endpoint)
            return fail(endpoint.error());
        endpoints_[i] = std::move(*endpoint);
        auto page = sys::SharedMemory::create(Bytes{page_bytes});
        if (!page)
            return fail(page.error());
        progress_[i] = std::move(*page);
        const auto progress = progress_[i].mapping.at<const abi::Progress>();
        if (!progress)
            return fail(progress.error());
        roll().enter(i, endpoints_[i].borrow(), **progress);
    }
    for (u32 i = 0; i < count(); ++i)
        if ((program(i).flags & table::ProgramFlags::after_servers) == 0)
            start(i);
    follow_up();
    return {};
}

void Supervisor::start(u32 index)
{
    if (!device_fits(index))
        return failed(index, "the device of the table is not there", Errc::no_device);
    if (const auto launched = launch(index); !launched) {
        failed(index, "start", launched.error());
        (void)quiesce_device(index);
    }
}

// What the instance of before said in its page is not the next one's: whom it worked for, what it
// did and what it counted. Who is shut out stays so.
void Supervisor::forget_former(u32 index)
{
    const sys::Mapping& page = progress_[index].mapping;
    if (const auto progress = page.at<abi::Progress>()) {
        (*progress)->badge = 0;
        (*progress)->box.count = 0;
    }
    constexpr u64 offset = offsetof(abi::ServerPage, statistics);
    if (const auto statistics = page.at<abi::Statistics>(offset))
        (*statistics)->since = 0;
}

Result<> Supervisor::launch(u32 index)
{
    forget_former(index);
    recoveries_[index].running = recoveries_[index].image;
    auto process = make_process(index);
    if (!process)
        return fail(process.error());
    processes_[index] = std::move(*process);
    const bool server = program(index).role == table::Role::server;
    registry_.set(index, server ? State::starting : State::ready);
    watch(index);
    return {};
}

Result<sys::Handle<sys::Process>> Supervisor::make_process(u32 index)
{
    const table::Program& p = program(index);
    const abi::ProcessQuota quota{
        .frames = p.frames,
        .handles = p.handles,
        .threads = p.threads,
        .max_priority = p.priority,
        .name = p.name,
        .epoch = registry_[index].epoch,
        .cpu = 0,
    };
    auto launch =
        sys::Launch::create(given_.self, given_.archive, text::of(recoveries_[index].image), quota);
    if (!launch)
        return fail(launch.error());
    if (const auto given = give(index, *launch); !given)
        return fail(given.error());
    // Watched before it runs: no end is missed.
    if (const auto seen = sys::watch(launch->process(), given_.notification, end_bit(index)); !seen)
        return fail(seen.error());
    return launch->start(p.stack_bytes, p.priority, given_.plan.arguments(p));
}

Result<> Supervisor::give(u32 index, sys::Launch& launch)
{
    const table::Program& p = program(index);
    const auto names_handle = sys::mint(given_.names, badge_of(index, registry_[index].epoch));
    if (!names_handle)
        return fail(names_handle.error());
    // Who may start children may let them ask in its name.
    constexpr u32 parent = table::ProgramFlags::self | table::ProgramFlags::archive;
    const auto names_rights = (p.flags & parent) == parent
                                  ? abi::right::call | abi::right::duplicate | abi::right::transfer
                                  : abi::right::call;
    Result<> done = launch.grant("names", names_handle->slot(), abi::Kind::endpoint, names_rights);
    if (done && p.role == table::Role::server)
        done = launch.grant("serve", endpoints_[index].slot(), abi::Kind::endpoint,
                            abi::right::receive);
    if (done && p.role == table::Role::server)
        done = launch.watch_progress(progress_[index].handle.borrow());
    if (done && p.device != table::no_device)
        done = give_device(index, launch);
    if (done && (p.flags & table::ProgramFlags::self) != 0)
        done = launch.grant("self", launch.process().slot, abi::Kind::process,
                            abi::right::manage | abi::right::read);
    if (done && (p.flags & table::ProgramFlags::archive) != 0)
        done = launch.grant("archive", given_.archive_memory.slot, abi::Kind::memory,
                            abi::right::read);
    return done;
}

Result<> Supervisor::give_device(u32 index, sys::Launch& launch)
{
    const bool reaches_memory =
        given_.plan.devices()[program(index).device].slot != table::serial_slot;
    return launch.lend("device", device_of(index),
                       reaches_memory ? abi::right::map | abi::right::dma : abi::right::map);
}

sys::Borrowed<sys::Device> Supervisor::device_of(u32 index) const
{
    return given_.slots.device(given_.plan.devices()[program(index).device].slot);
}

// The table's device is in its slot, and is what the table says.
bool Supervisor::device_fits(u32 index) const
{
    const u32 device = program(index).device;
    if (device == table::no_device)
        return true;
    const table::Device& wanted = given_.plan.devices()[device];
    return given_.slots.found(wanted.slot).virtio_id == wanted.virtio_id && wanted.virtio_id != 0;
}

void Supervisor::step(abi::Bits bits)
{
    for (u32 i = 0; i < count(); ++i)
        if (bits.any(end_bit(i)) && processes_[i].valid())
            ended(i);
    if (bits.any(Lookers::bit))
        end_hung();
    for (u32 i = 0; i < count(); ++i)
        if (due(i) <= sys::now())
            go_on(i);
}

void Supervisor::ended(u32 index)
{
    const auto info = sys::info(processes_[index].borrow());
    if (!info || info->state != abi::ProcessState::dead)
        return;
    const table::Program& p = program(index);
    const State before = registry_[index].state;
    roll().forget(index);
    registry_.ended(index, info->exit.cause, info->exit.code);
    const bool hung = std::exchange(recoveries_[index].hung, false);
    print_exit(text::of(p.name), text::of(recoveries_[index].running), info->exit, hung);
    if (info->exit.cause != abi::ExitCause::exited || info->exit.code != 0)
        print_last_words(index);
    if (const auto status = registry_.decided(index))
        (void)sys::system_off(given_.self, *status);
    processes_[index] = {};
    if (p.role == table::Role::server) {
        const abi::ExitRecord& exit = info->exit;
        if (before != State::leaving && (exit.cause != abi::ExitCause::killed || hung))
            blame(index);
        choose_image(index, before == State::ready || before == State::leaving);
        recover(index, {.name = p.name,
                        .at_ms = sys::nanoseconds(sys::now()) / 1'000'000,
                        .epoch = registry_[index].epoch,
                        .cause = static_cast<u32>(exit.cause),
                        .code = exit.code,
                        .pc = exit.pc,
                        .esr = exit.esr,
                        .far = exit.far,
                        .next = State::restarting,
                        .wait_ms = 0,
                        .drain_ms = 0,
                        .hung = hung ? 1u : 0u});
    } else {
        (void)quiesce_device(index);
    }
    follow_up();
}

bool Supervisor::drives_console(u32 index) const
{
    const u32 device = program(index).device;
    return device != table::no_device && device_fits(index)
           && given_.plan.devices()[device].virtio_id == table::console_id;
}

// Of a server: what it did last, and what its device still has of it.
void Supervisor::print_last_words(u32 index) const
{
    const std::string_view name = text::of(program(index).name);
    if (const auto page = progress_[index].mapping.at<const abi::Progress>())
        print_box(name, (*page)->box);
    if (recoveries_[index].memory.valid())
        sys::log(Level::error, "ring", {{"program", name}, {"at_device", owed(index)}});
}

void Supervisor::failed(u32 index, std::string_view what, Errc why)
{
    const table::Program& p = program(index);
    sys::log(Level::error, "not started",
             {{"program", text::of(p.name)},
              {"image", text::of(recoveries_[index].image)},
              {"why", what},
              {"error", why}});
    registry_.set(index, State::failed);
    release(index);
    if (const auto status = registry_.decided(index))
        (void)sys::system_off(given_.self, *status);
}

// Whoever calls or waits there learns that nobody will answer.
void Supervisor::release(u32 index)
{
    if (!endpoints_[index].valid())
        return;
    if (const auto done = sys::give_up(endpoints_[index].borrow()); !done)
        sys::log(Level::error, "endpoint not given up",
                 {{"program", text::of(program(index).name)}, {"error", done.error()}});
}

// Only a device that was seen in reset has let go of its memory.
Result<> Supervisor::quiesce_device(u32 index)
{
    const u32 which = program(index).device;
    if (which == table::no_device || !device_fits(index))
        return {};
    const table::Device& d = given_.plan.devices()[which];
    if (d.slot == table::serial_slot)
        return {};  // it reaches no memory
    const auto device = given_.slots.device(d.slot);
    if (const auto done = reset(device); !done) {
        sys::log(Level::error, "device not reset, its memory stays quarantined",
                 {{"device", text::of(d.name)}, {"error", done.error()}});
        return done;
    }
    const auto pages = sys::quiesced(device);
    if (!pages) {
        sys::log(Level::error, "device not released",
                 {{"device", text::of(d.name)}, {"error", pages.error()}});
        return fail(pages.error());
    }
    sys::log(Level::info, "device reset", {{"device", text::of(d.name)}, {"pages", *pages}});
    return {};
}

// Once, when the last server is ready or has failed: the programs that waited for that.
void Supervisor::follow_up()
{
    if (apps_started_ || !registry_.settled())
        return;
    apps_started_ = true;
    const u32 ready = registry_.servers(State::ready);
    const u32 lost = registry_.servers() - ready;
    if (lost == 0)
        sys::log(Level::info, "servers ready", {{"count", ready}});
    else
        sys::log(Level::warn, "servers ready", {{"count", ready}, {"failed", lost}});
    for (u32 i = 0; i < count(); ++i)
        if ((program(i).flags & table::ProgramFlags::after_servers) != 0
            && registry_[i].state == State::waiting)
            start(i);
}

}  // namespace init
