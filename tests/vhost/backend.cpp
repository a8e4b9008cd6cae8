// vhost/backend.cpp - a model device behind a vhost-user socket.
#include "backend.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include <poll.h>
#include <unistd.h>

namespace vhost {
namespace {

constexpr u64 offered_transport =
    feature::any_layout | feature::event_idx | feature::protocol_features | feature::version_1;
// QEMU asks for the configuration of disks only, and complains of an offer for the others.
constexpr u32 disk_id = 2;
u64 offered_protocol(const model::Device& device)
{
    return protocol::reply_ack
           | (device.id() == disk_id ? protocol::backend_req | protocol::config : 0);
}

// Where a ring begins: of a packed one both wrap counters are 1.
constexpr u32 packed_base = 0x8000'8000;

bool readable(int fd)
{
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
}

void signal_event(int fd)
{
    const u64 one = 1;
    (void)!::write(fd, &one, sizeof(one));
}

}  // namespace

Backend::Backend(model::World& world, Device device, const Tricks& tricks, Channel channel)
    : world_{&world},
      device_{std::move(device)},
      tricks_{tricks},
      channel_{std::move(channel)},
      memory_{world}
{
    vrings_.reserve(device_.model->queues());
    for (u16 i = 0; i < device_.model->queues(); ++i)
        vrings_.emplace_back().ring = std::make_unique<model::SplitQueue>(world, i);
}

void Backend::run()
{
    for (;;) {
        std::vector<pollfd> ready{{channel_.raw(), POLLIN, 0}};
        for (const auto& one : vrings_)
            ready.push_back({one.ring->running() ? one.kick.raw() : -1, POLLIN, 0});
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
            return;
        if (ready[0].revents != 0) {
            auto message = channel_.receive();
            if (!message)
                return;
            handle(*message);
            continue;  // rings may be others now
        }
        for (usize i = 0; i < vrings_.size(); ++i)
            if (ready[i + 1].revents != 0)
                kicked(static_cast<u16>(i));
    }
}

// Questions have an answer of their own; of all else QEMU may want to know that it is done.
void Backend::handle(Message& message)
{
    switch (message.request()) {
    case Request::get_features:
        return channel_.reply(message, device_.model->features() | offered_transport
                                           | (device_.packed ? feature::ring_packed : 0));
    case Request::get_protocol_features:
        return channel_.reply(message, offered_protocol(*device_.model));
    case Request::get_queue_num:
        return channel_.reply(message, u64{device_.model->queues()});
    case Request::get_config:
        return get_config(message);
    case Request::get_vring_base:
        return stop(message);
    default:
        break;
    }
    const bool done = set(message);
    if (!done)
        complain("request " + std::to_string(message.header.request) + " makes no sense");
    if ((message.header.flags & Flags::need_reply) != 0)
        channel_.reply(message, u64{done ? 0u : 1u});
}

bool Backend::set(Message& message)
{
    switch (message.request()) {
    case Request::set_owner:
    case Request::reset_owner:
    case Request::set_protocol_features:
    case Request::set_vring_err:
        return true;
    case Request::set_features:
        features_ = message.as<u64>();
        device_.model->accepted(features_);
        return true;
    case Request::set_mem_table:
        return memory_.map(message.as<MemoryTable>(), message.fds);
    case Request::set_config:
        return set_config(message);
    case Request::set_backend_req_fd:
        if (message.fds.size() == 1)
            to_front_end_.emplace(std::move(message.fds[0]));
        return to_front_end_.has_value();
    case Request::set_vring_kick:
        return set_fd(message, &Vring::kick);
    case Request::set_vring_call:
        return set_fd(message, &Vring::call);
    default:
        return set_vring(message);
    }
}

bool Backend::set_vring(const Message& message)
{
    const auto state = message.as<VringState>();
    Vring* const vring = find(state.index);
    if (vring == nullptr)
        return false;
    switch (message.request()) {
    case Request::set_vring_num:
        vring->size = static_cast<u16>(state.num);
        return state.num != 0 && state.num <= 0x8000;
    case Request::set_vring_addr:
        vring->address = message.as<VringAddress>();
        return true;
    case Request::set_vring_base:
        // A ring begins anew; a guest that was paused is not resumed here.
        return state.num == ((features_ & feature::ring_packed) != 0 ? packed_base : 0);
    case Request::set_vring_enable:
        vring->enabled = state.num == 1;
        start_if_ready(*vring);
        return true;
    default:
        return false;
    }
}

bool Backend::set_fd(Message& message, Fd Vring::* which)
{
    const u64 word = message.as<u64>();
    Vring* const vring = find(word & VringFd::index);
    if (vring == nullptr || (word & VringFd::none) != 0 || message.fds.size() != 1)
        return false;
    vring->*which = std::move(message.fds[0]);
    start_if_ready(*vring);
    return true;
}

void Backend::get_config(const Message& message)
{
    auto asked = message.as<Config>();
    const auto have = device_.model->config();
    asked.size = std::min(asked.size, max_config);
    for (u32 i = 0; i < asked.size; ++i)
        asked.bytes[i] = asked.offset + i < have.size() ? have[asked.offset + i] : u8{0};
    channel_.send(message.header.request, Flags::reply, &asked, config_header + asked.size);
}

bool Backend::set_config(const Message& message)
{
    const auto given = message.as<Config>();
    const auto have = device_.model->config();
    if (given.size > max_config || u64{given.offset} + given.size > have.size())
        return false;
    std::copy_n(given.bytes.begin(), given.size, have.begin() + given.offset);
    return true;
}

// What the ring has not returned is given again if it goes on.
void Backend::stop(const Message& message)
{
    const u32 index = message.as<VringState>().index;
    VringState reply{index, 0};
    if (Vring* const vring = find(index); vring != nullptr) {
        reply.num = vring->ring->running() ? vring->ring->used_idx() : 0;
        vring->ring->stop();
        vring->enabled = false;
        vring->kick.close();
    }
    if (std::ranges::none_of(vrings_, [](const Vring& one) { return one.ring->running(); }))
        device_.model->reset();
    channel_.reply(message, reply);
}

Backend::Vring* Backend::find(u64 index)
{
    return index < vrings_.size() ? &vrings_[index] : nullptr;
}

void Backend::start_if_ready(Vring& vring)
{
    const bool enabled = vring.enabled || (features_ & feature::protocol_features) == 0;
    if (vring.ring->running() || !enabled || vring.size == 0 || !vring.kick.open()
        || !vring.call.open())
        return;
    const auto desc = memory_.guest_address(vring.address.descriptors);
    const auto driver = memory_.guest_address(vring.address.available);
    const auto device = memory_.guest_address(vring.address.used);
    if (!desc || !driver || !device)
        return complain("a ring is outside memory");
    const bool event_idx = (features_ & feature::event_idx) != 0;
    const auto index = static_cast<u16>(&vring - vrings_.data());
    if (device_.packed && (features_ & feature::ring_packed) == 0)
        complain("packed rings were offered and not taken");
    if ((features_ & feature::ring_packed) != 0)
        vring.ring = std::make_unique<model::PackedQueue>(*world_, index);
    else
        vring.ring = std::make_unique<model::SplitQueue>(*world_, index);
    vring.ring->start({vring.size, *desc, *driver, *device, event_idx});
    if (const auto chain = std::exchange(vring.late, std::nullopt);
        chain && vring.ring->running()) {
        vring.ring->push(*chain, static_cast<u32>(chain->writable()));
        signal_event(vring.call.raw());
    }
}

void Backend::kicked(u16 index)
{
    Vring& vring = vrings_[index];
    u64 count = 0;
    (void)!::read(vring.kick.raw(), &count, sizeof(count));
    if (tricks_.dies.now(index))
        std::_Exit(0);
    if (const auto wait = tricks_.slow.now(index))
        std::this_thread::sleep_for(std::chrono::milliseconds{*wait});
    if (const auto sectors = tricks_.capacity.now(index))
        change_capacity(*sectors);
    if (tricks_.late.now(index))
        vring.late = vring.ring->pop();
    work(index);
    for (u16 other = 0; other < vrings_.size(); ++other)
        if (other != index && vrings_[other].ring->running() && device_.model->pending(other))
            work(other);
}

void Backend::work(u16 index)
{
    Vring& vring = vrings_[index];
    device_.model->work(index, *vring.ring);
    device_.after_work(*vring.ring);
    if (vring.ring->interrupt_due() && !tricks_.no_interrupt.now(index))
        interrupt(vring);
}

// Signals that QEMU has not seen yet become one, so a storm waits for each to be seen.
void Backend::interrupt(Vring& vring)
{
    for (u64 left = tricks_.storm.now(0).value_or(1); left != 0; --left) {
        signal_event(vring.call.raw());
        for (u32 looks = 0; left != 1 && looks < 100 && readable(vring.call.raw()); ++looks)
            std::this_thread::yield();
    }
}

void Backend::change_capacity(u64 sectors)
{
    device_.set_capacity(sectors);
    if (to_front_end_)
        to_front_end_->send(backend_config_change, 0, nullptr, 0);
}

}  // namespace vhost
