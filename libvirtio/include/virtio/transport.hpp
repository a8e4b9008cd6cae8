// virtio/transport.hpp - what Device asks of the bus that a device sits on.
//
// Everything that differs between virtio-mmio and another transport (virtio 1.2, 4) is behind this
// concept: where registers are, how a queue's addresses get across, what a notification is, how the
// cause of an interrupt is found out and taken back, where the configuration space begins. Device,
// rings and drivers name no register; `Device` in device.hpp says which transport they run on.
#pragma once

#include <virtio/features.hpp>
#include <virtio/layout.hpp>
#include <virtio/registers.hpp>

namespace virtio {

// virtio 1.2, 2.1
enum class Status : u32 {
    reset = 0,
    acknowledge = 1,
    driver = 2,
    driver_ok = 4,
    features_ok = 8,
    needs_reset = 64,
    failed = 128,
};
constexpr Status operator|(Status a, Status b)
{
    return static_cast<Status>(static_cast<u32>(a) | static_cast<u32>(b));
}
constexpr bool has(Status word, Status bit)
{
    return (static_cast<u32>(word) & static_cast<u32>(bit)) != 0;
}

struct Identity {
    DeviceType type = DeviceType::none;
    u32 version = 0;  // 1: the legacy interface
    u32 vendor = 0;
};

// Why a device interrupted.
struct Cause {
    bool used_buffer;    // some queue has completions
    bool config_change;  // the configuration is another one, or the device needs a reset
};

// Registers of the device type: u8, u16, u32 and u64 fields of `Block`, offsets from the first
// byte of the configuration space.
template <class Block, Bus B>
using ConfigSpace = Registers<Block, B>;

//   probe           looks without touching anything; errors: those of Device::probe
//   begin           what a version wants to hear between DRIVER and its features
//   queue_max       entries that the queue may have; 0: there is no such queue
//   queue_in_use    somebody enabled it, and no reset since
//   enable          the hook for queue addresses: tells the three areas, then that they are there.
//                   In a packed ring `desc` is the ring, `driver` and `device` are the two event
//                   suppression structures (2.8). Errors: out_of_range (an address the device can't
//                   be told), device_fault (it did not take the queue)
//   notify          one write, nothing else
//   take_interrupt  the interrupt hook: reads the cause and takes back exactly what it read
//   generation      changes when the configuration did; a legacy device has none
//   config_base     of the configuration space, in bytes from the start of the bus
template <class T>
concept Transport = requires(const T& transport,
                             typename T::Registers& bus,
                             u16 queue,
                             Features features,
                             Status status,
                             const RingAddresses& rings) {
    { T::probe(bus) } -> std::same_as<Result<T>>;
    { transport.identity() } -> std::same_as<const Identity&>;
    { transport.status() } -> std::same_as<Status>;
    { transport.set_status(status) } -> std::same_as<void>;
    { transport.begin() } -> std::same_as<void>;
    { transport.offered() } -> std::same_as<Features>;
    { transport.accept(features) } -> std::same_as<void>;
    { transport.queue_max(queue) } -> std::same_as<u32>;
    { transport.queue_in_use(queue) } -> std::same_as<bool>;
    { transport.enable(queue, rings) } -> std::same_as<Result<>>;
    { transport.notify(queue) } -> std::same_as<void>;
    { transport.take_interrupt() } -> std::same_as<Cause>;
    { transport.generation() } -> std::same_as<u32>;
    { transport.registers() } -> std::same_as<typename T::Registers&>;
    { T::config_base } -> std::convertible_to<u32>;
};

}  // namespace virtio
