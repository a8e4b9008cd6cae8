// vhost/backend.hpp - a model device behind a vhost-user socket: QEMU's front end says where the
// rings are, guest and model then talk without QEMU.
//
//     connect   features, memory, configuration
//     start     number, addresses, base, kick and call of each ring; then enable
//     kick      the model works on the ring, then on those that it has something for, and
//               interrupts (call) where that is due
//     stop      get_vring_base, when the guest resets the device
#pragma once

#include "guest_memory.hpp"
#include "lie.hpp"

#include <functional>
#include <memory>

#include <model/device.hpp>
#include <model/packed_queue.hpp>
#include <model/split_queue.hpp>

namespace vhost {

class Backend {
public:
    struct Device {
        model::Device* model;
        // After each time that the model worked.
        std::function<void(model::Queue&)> after_work = [](model::Queue&) {};
        std::function<void(u64 sectors)> set_capacity = [](u64) {};
        bool packed = false;  // packed rings are offered, too
    };

    Backend(model::World& world, Device device, const Tricks& tricks, Channel channel);

    // Until QEMU is gone.
    void run();

private:
    struct Vring {
        std::unique_ptr<model::Queue> ring;  // split until something else was negotiated
        u16 size = 0;
        VringAddress address{};
        Fd kick;
        Fd call;
        bool enabled = false;
        std::optional<model::Chain> late;  // kept over a reset
    };

    void handle(Message& message);
    bool set(Message& message);
    bool set_vring(const Message& message);
    bool set_fd(Message& message, Fd Vring::* which);
    void get_config(const Message& message);
    bool set_config(const Message& message);
    void stop(const Message& message);
    Vring* find(u64 index);
    void start_if_ready(Vring& vring);
    void kicked(u16 index);
    void work(u16 index);
    void interrupt(Vring& vring);
    void change_capacity(u64 sectors);
    void complain(const std::string& what) { world_->complaints.add("vhost: " + what); }

    model::World* world_;
    Device device_;
    Tricks tricks_;
    Channel channel_;
    std::optional<Channel> to_front_end_;
    GuestMemory memory_;
    u64 features_ = 0;
    std::vector<Vring> vrings_;
};

}  // namespace vhost
