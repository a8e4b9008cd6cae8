// inputd/device.hpp - libvirtio's driver as the engine sees it; counts what the device costs.
#pragma once

#include "capabilities.hpp"

#include <virtio/input.hpp>

namespace inputd {

template <virtio::Bus B>
class VirtioInput {
public:
    static constexpr virtio::input::Options options{.events = input::max_frame, .status = 8};
    static constexpr Bytes memory_bytes() { return Driver::memory_bytes(options); }

    // `transport` and `memory` outlive it. Errors: those of the driver.
    Result<> start(virtio::Device<B>& transport, const virtio::Dma auto& memory)
    {
        transport_ = &transport;
        const auto started = driver_.start(transport, memory, options);
        if (started)
            read_capabilities(transport, can_);
        return started;
    }
    const Capabilities& can() const { return can_; }

    [[gnu::always_inline]] Result<> acknowledge()
    {
        ++interrupts_;
        needs_reset_ = transport_->acknowledge().needs_reset;
        return needs_reset_ ? fail(Errc::device_fault) : Result<>{};
    }
    template <class Each>
    [[gnu::always_inline]] Result<> drain(Each each)
    {
        return driver_.drain(each);
    }
    bool ran_dry() { return driver_.ran_dry(); }
    Result<> set_led(u16 led, bool on) { return driver_.set_led(led, on); }
    [[gnu::always_inline]] void kick() { notifies_ += driver_.kick() ? 1 : 0; }
    [[gnu::always_inline]] bool arm() { return driver_.arm(); }
    bool broken() const { return driver_.broken(); }
    Result<> recover() { return driver_.recover(); }

    u64 notifies() const { return notifies_; }
    u64 interrupts() const { return interrupts_; }

private:
    using Driver = virtio::input::Driver<B, options.events, options.status>;

    virtio::Device<B>* transport_ = nullptr;
    Driver driver_;
    Capabilities can_;
    bool needs_reset_ = false;
    u64 notifies_ = 0;
    u64 interrupts_ = 0;
};

}  // namespace inputd
