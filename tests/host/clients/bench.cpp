// tests/host/clients/bench.cpp - the calls that clients and servers make, written from
// abi/syscall.hpp.
#include "bench.hpp"

#include <algorithm>
#include <cstring>

#include <base/text.hpp>
#include <proto/names.hpp>

namespace bench {

using abi::Kind;
using abi::Slot;
using abi::Syscall;
namespace right = abi::right;

Bench::Bench(model::Memory& memory) : before_{sys::host_kernel}, memory_{&memory}
{
    sys::host_kernel = [this](sys::Registers& r) { answer(r); };
    sys::host_message_page = {};
    sys::host_counter = 1;
    names_ = std::make_shared<Object>(Object{.kind = Kind::endpoint});
    names_->serve = [this](const sys::Incoming& in) { return connect(in); };
    const Slot slot = insert({names_, right::call, {}});
    startup_->magic = abi::startup_magic;
    startup_->grant_count = 1;
    startup_->grants[0] = {text::padded<16>("names"), slot, static_cast<u32>(Kind::endpoint), 0};
}

Bench::~Bench() { sys::host_kernel = before_; }

void Bench::offer(const std::string& name,
                  std::function<sys::Answer(const sys::Incoming&)> serve,
                  std::function<void(u64)> gone)
{
    auto endpoint = std::make_shared<Object>(Object{.kind = Kind::endpoint});
    endpoint->serve = std::move(serve);
    endpoint->gone = std::move(gone);
    services_[name] = std::move(endpoint);
}

Slot Bench::insert(Handle handle)
{
    const Slot slot{abi::SlotGeneration::make(next_++) | 1};
    table_[slot.raw()] = std::move(handle);
    return slot;
}

Slot Bench::give(Kind kind, abi::Rights rights)
{
    return insert({std::make_shared<Object>(Object{.kind = kind}), rights, {~u64{0}}});
}

std::shared_ptr<Object> Bench::at(Slot slot) const { return table_.at(slot.raw()).object; }

abi::Bits Bench::take_bits(Slot notification)
{
    return std::exchange(at(notification)->pending, {});
}

usize Bench::pins() const
{
    return static_cast<usize>(std::ranges::count_if(
        table_, [](const auto& entry) { return entry.second.object->kind == Kind::pin; }));
}

Bench::Handle* Bench::find(Slot slot)
{
    const auto found = table_.find(slot.raw());
    return found == table_.end() ? nullptr : &found->second;
}

void Bench::answer(sys::Registers& r)
{
    const auto number = static_cast<Syscall>(abi::CallNumber::get(r.x8));
    const Slot about{abi::CallSlot::get(r.x8)};
    const bool releases =
        number == Syscall::close || number == Syscall::memory_unmap || number == Syscall::log;
    if (!releases)
        serving_ ? before_server_call() : before_client_call();
    if (!releases && refuse != ~u64{0} && refuse-- == 0) {
        r.x[0] = static_cast<u64>(Errc::no_memory);
        return;
    }
    const Errc outcome = perform(number, about, r);
    if (number != Syscall::call || outcome != Errc::ok)
        r.x[0] = static_cast<u64>(outcome);
}

Errc Bench::perform(Syscall number, Slot about, sys::Registers& r)
{
    Handle* const handle = find(about);
    const auto may = [&](abi::Rights needed) {
        return handle != nullptr && handle->rights.has(needed);
    };
    switch (number) {
    case Syscall::log:
        log.emplace_back(reinterpret_cast<const char*>(r.x[0]), r.x[1]);
        return Errc::ok;
    case Syscall::memory_create:
    case Syscall::memory_map:
    case Syscall::memory_unmap:
    case Syscall::memory_info:
        return memory_call(number, handle, r);
    case Syscall::notification_create:
        r.x[1] = give(Kind::notification).raw();
        return Errc::ok;
    default:
        break;
    }
    if (handle == nullptr)
        return Errc::bad_handle;
    switch (number) {
    case Syscall::close: {
        const Handle dying = std::move(*handle);  // its end may call back
        table_.erase(about.raw());
        return Errc::ok;
    }
    case Syscall::duplicate:
        if (!may(right::duplicate))
            return Errc::denied;
        r.x[1] = insert({handle->object, handle->rights & abi::Rights{static_cast<u16>(r.x[0])},
                         handle->mask & abi::Bits{r.x[1]}})
                     .raw();
        return Errc::ok;
    case Syscall::handle_info:
        r.x[1] = static_cast<u64>(handle->object->kind);
        r.x[2] = handle->rights.raw;
        r.x[3] = handle->mask.raw;
        return Errc::ok;
    case Syscall::signal:
        return signal(*handle, abi::Bits{r.x[0]});
    case Syscall::wait:
        return may(right::wait) ? wait(*handle, r) : Errc::denied;
    case Syscall::signal_wait: {
        Handle* const rung = find(abi::Slot{r.x[0]});
        if (!may(right::wait) || rung == nullptr)
            return may(right::wait) ? Errc::bad_handle : Errc::denied;
        const Errc rang = signal(*rung, abi::Bits{r.x[1]});
        return rang == Errc::ok ? wait(*handle, r) : rang;
    }
    case Syscall::call:
        return may(right::call) ? call(*handle, r) : Errc::denied;
    case Syscall::endpoint_watch:
        handle->object->watcher = at(abi::Slot{r.x[0]});
        handle->object->watch_bits = abi::Bits{r.x[1]} & find(abi::Slot{r.x[0]})->mask;
        return Errc::ok;
    case Syscall::endpoint_info:
        r.x[1] = epoch;
        r.x[2] = served && !given_up ? 1 : 0;
        r.x[3] = given_up ? 1 : 0;
        return Errc::ok;
    case Syscall::dma_pin:
        return pin(r);
    case Syscall::dma_runs:
        return runs(*handle, r);
    default:
        return Errc::not_supported;
    }
}

Errc Bench::signal(Handle& handle, abi::Bits bits)
{
    if (!handle.rights.has(right::signal))
        return Errc::denied;
    ++signals;
    handle.object->pending = handle.object->pending | (bits & handle.mask);
    return Errc::ok;
}

Errc Bench::memory_call(Syscall number, Handle* about, sys::Registers& r)
{
    if (number == Syscall::memory_create) {
        if (r.x[1] == abi::MemoryFlags::contiguous && no_contiguous)
            return Errc::no_memory;
        const Slot made = give(Kind::memory);
        at(made)->region = memory_->allocate(align_up(r.x[0], page_bytes));
        std::memset(at(made)->region.memory, 0, at(made)->region.bytes);
        at(made)->contiguous = r.x[1] == abi::MemoryFlags::contiguous;
        r.x[1] = made.raw();
        return Errc::ok;
    }
    if (number == Syscall::memory_unmap) {
        const auto found = mappings_.find(r.x[0]);
        if (found == mappings_.end())
            return Errc::bad_argument;
        mappings_.erase(found);
        return Errc::ok;
    }
    if (about == nullptr)
        return Errc::bad_handle;
    if (about->object->kind != Kind::memory)
        return Errc::wrong_kind;
    auto& region = about->object->region;
    if (number == Syscall::memory_info) {
        r.x[1] = region.bytes;
        r.x[2] = about->object->contiguous ? 1 : 0;
        return Errc::ok;
    }
    if (!about->rights.has({static_cast<u16>(r.x[3])}))
        return Errc::denied;
    if (!fits(r.x[1], r.x[2], region.bytes))
        return Errc::out_of_range;
    r.x[1] = reinterpret_cast<u64>(region.memory + r.x[1]);
    mappings_.emplace(r.x[1], about->object);
    return Errc::ok;
}

Errc Bench::pin(sys::Registers& r)
{
    const Handle* const memory = find(Slot{r.x[0]});
    if (memory == nullptr)
        return Errc::bad_handle;
    if (!memory->rights.has({static_cast<u16>(r.x[3])}))
        return Errc::denied;
    const Slot made = give(Kind::pin);
    at(made)->target = memory->object;
    r.x[2] = scattered ? memory->object->region.bytes / page_bytes : 1;
    r.x[1] = made.raw();
    return Errc::ok;
}

Errc Bench::runs(const Handle& pin, sys::Registers& r)
{
    const auto& region = pin.object->target->region;
    const u64 length = scattered ? page_bytes : region.bytes;
    u64 count = 0;
    for (u64 run = r.x[0]; run * length < region.bytes && count < abi::runs_per_call;
         ++run, ++count) {
        const abi::DmaRun each{DeviceAddr{region.address + run * length}, Bytes{length}};
        std::memcpy(&sys::host_message_page.payload[count * sizeof(each)], &each, sizeof(each));
    }
    r.x[1] = count;
    return Errc::ok;
}

void Bench::tell_watchers()
{
    for (auto& [slot, handle] : table_)
        if (const auto watcher = handle.object->watcher.lock())
            watcher->pending = watcher->pending | handle.object->watch_bits;
}

void Bench::lose_server()
{
    served = false;
    tell_watchers();
}

void Bench::gain_server()
{
    served = true;
    ++epoch;
    tell_watchers();
}

void Bench::give_up()
{
    given_up = true;
    lose_server();
}

// What a badge's call must get past: it waits in line for a server, and hears once of a new one.
Errc Bench::admit(Object& caller, abi::Ticks deadline)
{
    if (!given_up && caller.seen < epoch) {
        caller.seen = epoch;
        return Errc::peer_restarted;
    }
    if (deadline == abi::now)
        return Errc::timed_out;
    const auto page = sys::host_message_page;  // the server has one of its own
    while (!given_up && !receives())
        if (!pump()) {
            stuck_ = stuck_ || deadline == abi::never;
            return Errc::timed_out;
        }
    sys::host_message_page = page;
    caller.seen = std::max(caller.seen, epoch);
    return given_up ? Errc::gave_up : Errc::ok;
}

// Handles change their slots on the way, as they do between two processes.
Errc Bench::call(const Handle& endpoint, sys::Registers& r)
{
    const abi::Header header{r.x[0]};
    auto& page = sys::host_message_page;
    const auto caller = endpoint.object;  // the table moves
    if (caller->badge != 0)
        if (const Errc why = admit(*caller, abi::Ticks{r.x9}); why != Errc::ok)
            return why;
    for (u64 i = 0; i < header.handles(); ++i) {
        Handle* const sent = find(page.handles[i]);
        if (sent == nullptr)
            return Errc::bad_handle;
        if (!sent->rights.has(right::transfer))
            return Errc::denied;
    }
    for (u64 i = 0; i < header.handles(); ++i) {
        Handle moved = std::move(*find(page.handles[i]));
        table_.erase(page.handles[i].raw());
        page.handles[i] = insert(std::move(moved));
    }
    sys::Incoming in{};
    in.header = header;
    in.words = {r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], r.x[6], r.x[7]};
    in.badge = caller->badge != 0 ? caller->badge : 1;
    sys::Answer out;
    try {
        out = as_server([&] { return (caller->target ? caller->target : caller)->serve(in); });
    } catch (const Death&) {
        died();
        caller->seen = epoch + 1;
        return Errc::peer_restarted;
    }
    if (out.handles.size() > header.take())
        return Errc::bad_argument;
    out.handles.to_page();
    for (u64 i = 0; i < out.handles.size(); ++i) {
        Handle moved = std::move(*find(page.handles[i]));
        table_.erase(page.handles[i].raw());
        page.handles[i] = insert(std::move(moved));
    }
    out.handles.forget();
    const sys::Words& w = out.letter.words;
    r.x = {out.letter.header.raw, w[0], w[1], w[2], w[3], w[4], w[5], w[6]};
    return Errc::ok;
}

Errc Bench::wait(const Handle& notification, sys::Registers& r)
{
    ++waits;
    const auto object = notification.object;
    while (object->pending.empty()) {
        if (pump())
            continue;
        stuck_ = stuck_ || r.x9 == abi::never.raw();
        return Errc::timed_out;
    }
    r.x10 = std::exchange(object->pending, {}).raw;
    return Errc::ok;
}

sys::Answer Bench::connect(const sys::Incoming& in)
{
    const auto request = sys::get_payload<proto::names::Connect::Request>(in);
    if (!request || in.header.ordinal() != proto::names::Connect::ordinal)
        return sys::Answer::failure(Errc::not_supported);
    const auto found = services_.find(std::string{text::of(request->service)});
    if (found == services_.end())
        return sys::Answer::failure(Errc::not_found);
    auto minted = std::make_shared<Object>(Object{.kind = Kind::endpoint});
    const u64 number = next_badge_++;
    minted->badge = proto::names::ConnectBadge::make(
        program != 0 ? program : static_cast<u32>(number), number, access);
    minted->target = found->second;
    minted->seen = epoch;
    const proto::names::Connect::Reply reply{minted->badge};
    const Slot slot = insert({minted, right::call | right::duplicate | right::transfer, {}});
    sys::Answer out{{abi::Header::make(proto::names::Connect::ordinal, sizeof(reply), 1), {}},
                    sys::HandleSet::of(sys::Handle<sys::Endpoint>{slot})};
    sys::put_payload(out.letter.words, reply);
    return out;
}

}  // namespace bench
