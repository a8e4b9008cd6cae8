// tests/host/libsys/fake_kernel.cpp - the calls, written from abi/syscall.hpp.
#include "fake_kernel.hpp"

#include <algorithm>
#include <cstring>

namespace fake {

using abi::Kind;
using abi::Slot;
using abi::Syscall;
namespace right = abi::right;

Kernel::Kernel()
{
    sys::host_kernel = [this](sys::Registers& r) { answer(r); };
    sys::host_message_page = {};
}

Kernel::~Kernel()
{
    sys::host_kernel = [](sys::Registers&) { std::abort(); };
}

Slot Kernel::insert(Shared object, abi::Rights rights)
{
    const u64 generation = next_generation_++;
    const Slot slot{abi::SlotGeneration::make(generation) | abi::SlotIndex::make(generation % 64)};
    table_[slot.raw()] = {std::move(object), rights};
    return slot;
}

Slot Kernel::give(Kind kind, abi::Rights rights)
{
    auto object = std::make_shared<Object>(kind, next_id_++);
    made_.push_back(object);
    return insert(std::move(object), rights);
}

Slot Kernel::give_memory(std::vector<std::byte> bytes)
{
    const Slot slot = give(Kind::memory);
    bytes.resize(align_up(bytes.size(), page_bytes));
    at(slot)->bytes = std::move(bytes);
    return slot;
}

Slot Kernel::give_device(u32 virtio_id, u32 version)
{
    const Slot slot = give(Kind::device);
    at(slot)->registers = {
        {0x000, 0x74726976}, {0x004, version}, {0x008, virtio_id}, {0x00c, 0x554d4551}, {0x070, 0}};
    return slot;
}

std::shared_ptr<Object> Kernel::at(Slot slot) const
{
    const auto found = table_.find(slot.raw());
    return found == table_.end() ? nullptr : found->second.object;
}

std::vector<std::shared_ptr<Object>> Kernel::processes() const
{
    std::vector<Shared> result;
    for (const auto& weak : made_)
        if (auto object = weak.lock(); object && object->kind == Kind::process)
            result.push_back(std::move(object));
    return result;
}

void Kernel::answer(sys::Registers& r)
{
    const auto call = static_cast<Syscall>(abi::CallNumber::get(r.x8));
    const Slot about{abi::CallSlot::get(r.x8)};
    // Closing is never refused: nothing could be done about it.
    const bool releases = call == Syscall::close || call == Syscall::memory_unmap
                          || call == Syscall::process_kill || call == Syscall::log;
    if (!releases && calls_++ == refuse_at_) {
        refused_ = true;
        r.x[0] = static_cast<u64>(refusal_);
        return;
    }
    switch (call) {
    case Syscall::call:
    case Syscall::recv:
    case Syscall::signal_recv:
    case Syscall::reply_recv:
    case Syscall::reply:
    case Syscall::signal:
    case Syscall::wait:
    case Syscall::signal_wait:
    case Syscall::irq_wait:
    case Syscall::map_device:
    case Syscall::exit:
        return other ? other(call, r) : std::abort();
    default:
        r.x[0] = static_cast<u64>(perform(call, about, r));
    }
}

Errc Kernel::perform(Syscall call, Slot about, sys::Registers& r)
{
    switch (call) {
    case Syscall::close:
    case Syscall::duplicate:
    case Syscall::handle_info:
        return handles_call(call, about, r);
    case Syscall::memory_create:
    case Syscall::memory_map:
    case Syscall::memory_unmap:
    case Syscall::memory_info:
        return memory_call(call, about, r);
    case Syscall::endpoint_create:
    case Syscall::endpoint_mint:
    case Syscall::endpoint_give_up:
    case Syscall::endpoint_watch:
    case Syscall::endpoint_info:
    case Syscall::notification_create:
    case Syscall::notification_bind:
        return endpoint_call(call, about, r);
    case Syscall::process_create:
    case Syscall::process_grant:
    case Syscall::process_kill:
    case Syscall::process_watch:
    case Syscall::process_info:
    case Syscall::thread_create:
        return process_call(call, about, r);
    case Syscall::device_info:
    case Syscall::device_lend:
    case Syscall::device_io:
    case Syscall::device_quiesced:
    case Syscall::dma_alloc:
    case Syscall::dma_pin:
    case Syscall::dma_runs:
        return device_call(call, about, r);
    default:
        return system_call(call, about, r);
    }
}

Kernel::Handle* Kernel::find(Slot slot, Kind kind, abi::Rights needed)
{
    const auto found = table_.find(slot.raw());
    const bool good = found != table_.end() && found->second.object->kind == kind
                      && found->second.rights.has(needed);
    return good ? &found->second : nullptr;
}

Errc Kernel::handles_call(Syscall call, Slot about, sys::Registers& r)
{
    const auto found = table_.find(about.raw());
    if (found == table_.end())
        return Errc::bad_handle;
    if (call == Syscall::close) {
        const Shared& object = found->second.object;
        if (object->kind == Kind::process && !object->dead && object.use_count() == 1)
            ++abandoned_;
        table_.erase(found);
    } else if (call == Syscall::duplicate) {
        const abi::Rights wanted{static_cast<u16>(r.x[0])};
        r.x[1] = insert(found->second.object, found->second.rights & wanted).raw();
    } else {
        r.x[1] = static_cast<u64>(found->second.object->kind);
        r.x[2] = found->second.rights.raw;
        r.x[3] = found->second.object->badge;
    }
    return Errc::ok;
}

Errc Kernel::memory_call(Syscall call, Slot about, sys::Registers& r)
{
    if (call == Syscall::memory_create) {
        if (r.x[0] == 0 || r.x[1] > 1)
            return Errc::bad_argument;
        r.x[1] = give_memory(std::vector<std::byte>(r.x[0])).raw();
        return Errc::ok;
    }
    if (call == Syscall::memory_unmap) {
        const auto found = mappings_.find(r.x[0]);
        if (found == mappings_.end() || found->second != r.x[1])
            return Errc::bad_argument;
        mappings_.erase(found);
        return Errc::ok;
    }
    const Handle* memory = find(about, Kind::memory, right::none);
    if (memory == nullptr)
        return Errc::bad_handle;
    if (call == Syscall::memory_map)
        return map(*memory, r);
    r.x[1] = memory->object->bytes.size();
    r.x[2] = 0;
    return Errc::ok;
}

Errc Kernel::map(const Handle& memory, sys::Registers& r)
{
    const u64 offset = r.x[1];
    const u64 bytes = r.x[2];
    const abi::Rights rights{static_cast<u16>(r.x[3])};
    if (!aligned(offset | bytes | r.x[4], page_bytes) || bytes == 0
        || !fits(offset, bytes, memory.object->bytes.size()))
        return Errc::bad_argument;
    if (!memory.rights.has(rights) || rights.has(right::write | right::execute))
        return Errc::denied;
    if (r.x[0] == 0) {
        r.x[1] = reinterpret_cast<u64>(memory.object->bytes.data() + offset);
        mappings_.emplace(r.x[1], bytes);
        mapped_.push_back(memory.object);
        return Errc::ok;
    }
    const Handle* process = find(Slot{r.x[0]}, Kind::process, right::manage);
    if (process == nullptr)
        return Errc::bad_handle;
    for (const auto& other_one : process->object->placed)
        if (r.x[4] < other_one.address + other_one.bytes && other_one.address < r.x[4] + bytes)
            return Errc::exists;
    process->object->placed.push_back({memory.object, r.x[4], bytes, rights});
    r.x[1] = r.x[4];
    return Errc::ok;
}

Errc Kernel::endpoint_call(Syscall call, Slot about, sys::Registers& r)
{
    if (call == Syscall::endpoint_create || call == Syscall::notification_create) {
        r.x[1] = give(call == Syscall::endpoint_create ? Kind::endpoint : Kind::notification).raw();
        return Errc::ok;
    }
    if (call == Syscall::notification_bind)
        return find(about, Kind::notification, right::wait) != nullptr ? Errc::ok
                                                                       : Errc::bad_handle;
    const Handle* endpoint = find(about, Kind::endpoint, right::manage);
    if (endpoint == nullptr)
        return Errc::bad_handle;
    if (call == Syscall::endpoint_watch)
        return Errc::ok;
    if (call == Syscall::endpoint_info) {
        r.x = {0, 1, 1, 0, 0, endpoint->object->attended ? 1U : 0U, 0, 0};
        return Errc::ok;
    }
    if (call == Syscall::endpoint_give_up) {
        endpoint->object->given_up = r.x[0] == 1;
        return Errc::ok;
    }
    if (r.x[0] == 0 || !endpoint->object->badges.insert(r.x[0]).second)
        return Errc::bad_argument;  // a badge is minted once
    const u64 badge = r.x[0];
    const Slot minted = give(Kind::endpoint, right::call | right::duplicate | right::transfer);
    at(minted)->badge = badge;
    at(minted)->owner = endpoint->object;
    if (Slot{r.x[1]} != abi::no_slot) {
        const Handle* payer = find(Slot{r.x[1]}, Kind::process, right::manage);
        if (payer == nullptr)
            return Errc::bad_handle;
        ++payer->object->badges_paid;
    }
    r.x[1] = minted.raw();
    return Errc::ok;
}

u64 Kernel::insert_into(Object& process, Shared object)
{
    const u64 slot = abi::SlotGeneration::make(next_generation_++);
    process.table[slot] = std::move(object);
    return slot;
}

Errc Kernel::process_call(Syscall call, Slot about, sys::Registers& r)
{
    Handle* process = find(about, Kind::process, right::none);
    if (process == nullptr)
        return Errc::bad_handle;
    Object& object = *process->object;
    auto& page = sys::host_message_page;
    switch (call) {
    case Syscall::process_create: {
        const Slot made = give(Kind::process);
        std::memcpy(&at(made)->quota, page.payload.data(), sizeof(abi::ProcessQuota));
        r.x[1] = made.raw();
        return Errc::ok;
    }
    case Syscall::process_grant: {
        const auto what = table_.find(r.x[0]);
        if (what == table_.end())
            return Errc::bad_handle;
        if (!what->second.rights.has({static_cast<u16>(r.x[1])}))
            return Errc::denied;
        object.granted.push_back({static_cast<u16>(r.x[1])});
        // A process in its own table would keep itself alive here; the real one counts differently.
        r.x[1] = insert_into(object, what->second.object == process->object ? nullptr
                                                                            : what->second.object);
        return Errc::ok;
    }
    case Syscall::process_kill:
        object.dead = true;
        object.placed.clear();
        object.table.clear();
        return Errc::ok;
    case Syscall::process_watch:
        object.watched = {r.x[1]};
        return Errc::ok;
    case Syscall::process_info:
        object.info.state = object.dead ? abi::ProcessState::dead : abi::ProcessState::running;
        std::memcpy(page.payload.data(), &object.info, sizeof(object.info));
        return Errc::ok;
    default:
        object.threads.push_back({r.x[0], r.x[1], r.x[2], r.x[3]});
        r.x[1] = give(Kind::thread).raw();
        return Errc::ok;
    }
}

Errc Kernel::device_call(Syscall call, Slot about, sys::Registers& r)
{
    if (call == Syscall::dma_runs) {
        const Handle* pin = find(about, Kind::pin, right::none);
        if (pin == nullptr)
            return Errc::bad_handle;
        // One run a page, 1 MiB apart, from 0x4000'0000 on.
        const u64 pages = pin->object->bytes.size() / page_bytes;
        const u64 count = std::min(pages - std::min(pages, r.x[0]), abi::runs_per_call);
        for (u64 i = 0; i < count; ++i) {
            const abi::DmaRun run{DeviceAddr{0x4000'0000 + ((r.x[0] + i) << 20)},
                                  Bytes{page_bytes}};
            std::memcpy(&sys::host_message_page.payload[i * sizeof(run)], &run, sizeof(run));
        }
        r.x[1] = count;
        return Errc::ok;
    }
    const Handle* device = find(about, Kind::device, right::none);
    if (device == nullptr)
        return Errc::bad_handle;
    Object& object = *device->object;
    switch (call) {
    case Syscall::device_info:
        r.x = {0, 1, 1, 1, object.id, 0x200, 3, 4};
        return Errc::ok;
    case Syscall::device_lend: {
        const Handle* process = find(Slot{r.x[0]}, Kind::process, right::manage);
        if (process == nullptr)
            return Errc::bad_handle;
        if (const auto owner = object.owner.lock(); owner != nullptr && !owner->dead)
            return Errc::busy;
        object.owner = process->object;
        object.lent = {static_cast<u16>(r.x[1])};
        r.x[1] = insert_into(*process->object, device->object);
        return Errc::ok;
    }
    case Syscall::device_io:
        return io(object, r);
    case Syscall::device_quiesced:
        ++object.quiesced;
        r.x[1] = 4;
        return Errc::ok;
    case Syscall::dma_alloc: {
        const Slot memory = give_memory(std::vector<std::byte>(r.x[0]));
        r.x = {0, memory.raw(), 0x8000'0000, give(Kind::pin).raw(), 0, 0, 0, 0};
        return Errc::ok;
    }
    default: {
        const Slot pin = give(Kind::pin);
        at(pin)->bytes.resize(r.x[2]);
        r.x[1] = pin.raw();
        r.x[2] = at(pin)->bytes.size() / page_bytes;
        return Errc::ok;
    }
    }
}

Errc Kernel::io(Object& device, sys::Registers& r)
{
    const u64 offset = r.x[1];
    if (r.x[0] != 0 || !fits(offset, r.x[2], 0x200) || !aligned(offset, r.x[2]))
        return Errc::out_of_range;
    if (r.x[4] == 0)
        r.x[1] = device.registers.contains(offset) ? device.registers[offset] : 0;
    else if (!device.stuck)
        device.registers[offset] = static_cast<u32>(r.x[3]);
    return Errc::ok;
}

Errc Kernel::system_call(Syscall call, Slot about, sys::Registers& r)
{
    if (call == Syscall::log) {
        if (r.x[1] > abi::log_line_bytes)
            return Errc::too_big;
        auto& lines = static_cast<abi::LogStream>(r.x[2]) == abi::LogStream::out ? out : log;
        lines.emplace_back(reinterpret_cast<const char*>(r.x[0]), r.x[1]);
        return Errc::ok;
    }
    if (call == Syscall::system_off && find(about, Kind::process, right::system) != nullptr) {
        verdicts.push_back(r.x[0]);
        return Errc::ok;
    }
    return Errc::not_supported;
}

}  // namespace fake
