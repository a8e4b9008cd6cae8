// object/device.cpp - devices are lent, share pages or do not, and keep what is pinned for them.

#include "object/device.hpp"

#include "object/slabs.hpp"

#include <algorithm>

namespace kernel {

namespace {

constinit std::array<Device*, max_devices> all{};
constinit u32 count = 0;

u64 first_page(const Device& device) { return device.what().window.raw() >> page_shift; }
u64 last_page(const Device& device)
{
    return (device.what().window.raw() + device.what().size.raw() - 1) >> page_shift;
}

}  // namespace

std::span<Device* const> devices() { return std::span{all}.first(count); }

// It stays, also without a handle: who shares its page asks whether it is live.
void publish_device(Device& device)
{
    device.ref();
    all[count++] = &device;
}

Result<> Device::lend(Process& to)
{
    if (owner_ != nullptr && owner_ != &to)
        return fail(Errc::busy);
    owner_ = &to;
    return {};
}

void Device::owner_died()
{
    owner_ = nullptr;
    interrupt_->unbind();
}

Result<> Device::check_exclusive(const Process& caller) const
{
    if (what_.serial)
        return fail(Errc::not_exclusive);  // the kernel's, too
    for (const Device* const other : devices()) {
        const bool shares =
            first_page(*other) <= last_page(*this) && last_page(*other) >= first_page(*this);
        if (shares && other->live() && other->owner() != &caller)
            return fail(Errc::not_exclusive);
    }
    return {};
}

Result<Pin*> Device::pin(Process& owner, Memory& memory, u64 offset, u64 bytes)
{
    const u64 pages = ((offset + bytes - 1) >> page_shift) - (offset >> page_shift) + 1;
    if (pin_count_ == max_pins || (quarantined_ > 0 && quarantined_ + pages > quarantine_limit))
        return fail(Errc::over_quota);
    return slabs::pins.make(*this, owner, memory, offset, bytes);
}

Pin* Device::find_pin(const Memory& memory, u64 page)
{
    for (Pin& pin : pins_)
        if (pin.owner() != nullptr && &pin.memory() == &memory && pin.first_page() <= page
            && page <= pin.last_page())
            return &pin;
    return nullptr;
}

bool Device::release_some()
{
    constexpr int at_once = 2;  // each may be the last to need some memory
    for (int i = 0; i < at_once; ++i) {
        Pin* const first = pins_.front();
        if (first == nullptr || first->owner() != nullptr)
            return true;
        release(*first);
    }
    return false;
}

Pin::Pin(Device& device, Process& owner, Memory& memory, u64 offset, u64 bytes)
    : Object{kind_value},
      device_{device},
      owner_{&owner},
      memory_{memory},
      offset_{offset},
      bytes_{bytes}
{
    device.pins_.push_back(*this);
    device.pinned_ += pages();
    ++device.pin_count_;
}

Pin::~Pin()
{
    List<Pin, DomainPins>::remove(*this);
    device_->pinned_ -= pages();
    --device_->pin_count_;
    if (owner_ == nullptr)
        device_->quarantined_ -= pages();
}

void Pin::quarantine()
{
    owner_ = nullptr;
    device_->quarantined_ += pages();
    List<Pin, DomainPins>::remove(*this);
    device_->pins_.push_front(*this);
}

u64 Pin::runs(u64 first, std::span<abi::DmaRun> to) const
{
    if (first >= count_runs())
        return 0;
    const u64 end = last_page() + 1;
    u64 page = memory_->start_of(memory_->run_of(first_page()) + first, first_page(), end);
    u64 written = 0;
    while (page < end && written < to.size()) {
        const u64 at = std::max(page << page_shift, offset_);
        const DeviceAddr address{memory_->page(page).raw() + (at & (page_bytes - 1))};
        page = memory_->run_end(page, end);
        to[written++] = {address, Bytes{std::min(page << page_shift, offset_ + bytes_) - at}};
    }
    return written;
}

}  // namespace kernel
