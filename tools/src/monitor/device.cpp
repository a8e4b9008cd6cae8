// monitor/device.cpp - from an access to the rule that it breaks.
#include "monitor/device.hpp"

#include "monitor/registers.hpp"

#include <bit>

#include <fmt/format.h>

namespace vireo::monitor {
namespace {

constexpr u32 magic_value = 0x74726976;
constexpr u32 interrupt_bits = 3;
constexpr u64 any_layout = u64{1} << 27;
constexpr u64 version_1 = u64{1} << 32;
constexpr u64 packed = u64{1} << 34;
constexpr u64 notification_data = u64{1} << 38;
constexpr u64 ring_reset_bit = u64{1} << 40;

bool shared_memory(u32 offset) { return offset >= reg::shm_sel && offset <= reg::shm_base_high; }

// Registers whose access has to do with the selected queue.
bool of_queue(u32 offset)
{
    return (offset >= reg::queue_num_max && offset <= reg::queue_ready)
           || (offset >= reg::queue_desc && offset < reg::shm_sel) || offset == reg::queue_reset;
}

// The register exists, in this direction and width.
Broken well_formed(const Access& access, u32 offset, u32 version)
{
    if (access.bytes != 4 || offset % 4 != 0)
        return Rule::register_width;
    const auto* text = register_at(offset);
    if (text == nullptr || (version != 0 && (text->versions >> (version - 1) & 1) == 0))
        return Rule::register_map;
    const auto wrong = access.write ? Direction::read : Direction::write;
    return text->direction == wrong ? Broken{Rule::direction} : std::nullopt;
}

u64 with_word(u64 features, u32 word, u32 value)
{
    const u32 shift = word * 32;
    return (features & ~(u64{0xffff'ffff} << shift)) | (u64{value} << shift);
}

}  // namespace

bool Device::known() const { return magic_ && (version_ == 1 || version_ == 2); }
bool Device::ring_reset() const { return (now_.accepted & ring_reset_bit) != 0; }

Broken Device::access(const Access& access, u32 offset)
{
    const auto value = static_cast<u32>(access.value);
    if (device_id_ == 0U && offset > reg::device_id)
        return Rule::no_device;
    if (offset > reg::vendor_id && (!known() || !device_id_))
        return Rule::probe;
    if (offset >= reg::config)
        return now_.config.access({access.write, offset - reg::config, access.bytes},
                                  {type_, legacy(), offered_, now_.phase});
    if (const auto broken = well_formed(access, offset, known() ? version_ : 0))
        return broken;
    if (shared_memory(offset) && type_ != type::gpu)
        return Rule::shared_memory;
    return access.write ? write(offset, value) : read(offset, value);
}

Broken Device::probe(u32 offset, u32 value)
{
    if (offset == reg::magic)
        magic_ = value == magic_value;
    if (offset == reg::version)
        version_ = value;
    if (offset > reg::version && !known())
        return Rule::probe;
    if (offset == reg::device_id)
        device_id_ = type_ = value;
    return {};
}

Broken Device::read(u32 offset, u32 value)
{
    if (of_queue(offset))
        return queue_access(false, offset, value);
    switch (offset) {
    case reg::device_features:
        return read_offer(value);
    case reg::interrupt_status:
        now_.interrupts |= value;
        return {};
    case reg::status:
        read_status(value);
        return {};
    case reg::config_generation:
        now_.config.generation(value);
        return {};
    default:
        return probe(offset, value);
    }
}

Broken Device::write(u32 offset, u32 value)
{
    if (offset == reg::status)
        return write_status(value);
    if (offset == reg::interrupt_ack)
        return acknowledge(value);
    const auto torn = now_.config.other_write();
    const auto broken = write_plain(offset, value);
    return torn ? torn : broken;
}

Broken Device::write_plain(u32 offset, u32 value)
{
    if (of_queue(offset))
        return queue_access(true, offset, value);
    switch (offset) {
    case reg::device_features_sel:
        now_.offer_word = value;
        return {};
    case reg::driver_features_sel:
        now_.accept_word = value;
        return {};
    case reg::driver_features:
        return accept(value);
    case reg::guest_page_size:
        now_.page_size = std::has_single_bit(value);
        if (!now_.page_size)
            return Rule::page_size;
        return permitted(Act::set_page_size, now_.phase, legacy());
    case reg::queue_sel:
        now_.selected = value;
        return {};
    case reg::queue_notify:
        return notify(value);
    default:
        return {};
    }
}

Broken Device::read_offer(u32 value)
{
    if (!now_.offer_word)
        return Rule::features_select;
    if (*now_.offer_word < 2)
        offered_ = with_word(offered_, *now_.offer_word, value);
    return permitted(Act::read_offer, now_.phase, legacy());
}

Broken Device::accept(u32 value)
{
    if (!now_.accept_word)
        return Rule::features_select;
    if (*now_.accept_word < 2)
        now_.accepted = with_word(now_.accepted, *now_.accept_word, value);
    else if (value != 0)
        return Rule::features_offered;
    return permitted(Act::accept, now_.phase, legacy());
}

Broken Device::features_good() const
{
    if ((now_.accepted & ~offered_) != 0)
        return Rule::features_offered;
    if (broken_dependency(type_, now_.accepted) != nullptr)
        return Rule::features_needs;
    const auto refused = offered_ & ~now_.accepted;
    if (!legacy() && (refused & version_1) != 0)
        return Rule::features_version_1;
    if (legacy() && (refused & any_layout) != 0)
        return Rule::features_any_layout;
    return {};
}

Broken Device::write_status(u32 value)
{
    if (value == 0) {
        now_ = {};
        now_.phase = Phase::resetting;
        return {};
    }
    const auto before = std::exchange(now_.status, value & status::of_driver);
    const auto phase = now_.phase;
    const u32 added = now_.status & ~before;
    now_.phase = phase_after(phase, added, legacy());
    if (phase == Phase::strange || phase == Phase::resetting)
        return phase == Phase::strange ? Rule::reset_first : Rule::reset_wait;
    if ((before & ~now_.status) != 0)
        return Rule::status_clear;
    if (phase == Phase::failed && added != 0)
        return Rule::failed;
    if (const auto broken = step_allowed(before, added, legacy()))
        return broken;
    if (phase == Phase::proposed && (added & status::driver_ok) != 0)
        return Rule::features_ok_read;
    return reached(added);
}

// At the step that ends the negotiation.
Broken Device::reached(u32 added)
{
    const u32 last = legacy() ? status::driver_ok : status::features_ok;
    return (added & last) != 0 ? features_good() : std::nullopt;
}

void Device::read_status(u32 value)
{
    if (now_.phase == Phase::resetting && value == 0)
        now_.phase = Phase::quiet;
    if (now_.phase != Phase::proposed)
        return;
    if ((value & status::features_ok) != 0)
        now_.phase = Phase::agreed;
    else
        now_.status &= ~status::features_ok;  // the device's refusal, not the driver's doing
}

Broken Device::acknowledge(u32 value)
{
    const auto read = now_.interrupts;
    now_.interrupts &= ~value;
    if ((value & ~interrupt_bits) != 0)
        return Rule::interrupt_undefined;
    return (value & ~read) != 0 ? Broken{Rule::interrupt_ack} : std::nullopt;
}

Broken Device::notify(u32 value)
{
    if (const auto broken = permitted(Act::notify, now_.phase, legacy()))
        return broken;
    const u32 queue = (now_.accepted & notification_data) != 0 ? value & 0xffff : value;
    const auto found = now_.queues.find(queue);
    return found != now_.queues.end() && found->second.enabled() ? std::nullopt
                                                                 : Broken{Rule::notify_queue};
}

Broken Device::queue_access(bool write, u32 offset, u32 value)
{
    if (!now_.selected)
        return Rule::queue_select;
    auto& queue = now_.queues[*now_.selected];
    const QueueTerms terms{.legacy = legacy(),
                           .packed = (now_.accepted & packed) != 0,
                           .ring_reset = ring_reset(),
                           .page_size = now_.page_size};
    const bool ends = (offset == reg::queue_ready || offset == reg::queue_pfn) && value == 0;
    const bool sets_up = write && !ends && offset != reg::queue_reset;
    const bool again = sets_up && now_.phase == Phase::live && queue.was_reset();
    const auto broken =
        write ? queue.write(offset, value, terms) : queue.read(offset, value, terms);
    if (broken || again)
        return broken;
    return permitted(sets_up ? Act::set_up_queue : Act::look_at_queue, now_.phase, legacy());
}

// virtio 1.2, 5.4.6.1, 5.8.6.1, 5.3.6.1
Broken Device::chain(u32 queue, const Popped& popped)
{
    const auto found = now_.queues.find(queue);
    if (found == now_.queues.end())
        return {};
    if (const u32 size = found->second.size(); popped.readable + popped.writable > size)
        return Rule::chain_length;
    const bool receives = type_ == type::entropy || (type_ == type::input && queue == 0)
                          || (type_ == type::console && queue % 2 == 0);
    const bool sends = type_ == type::console && queue % 2 == 1;
    return (receives && popped.readable != 0) || (sends && popped.writable != 0)
               ? Broken{Rule::chain_direction}
               : std::nullopt;
}

std::string Device::state() const
{
    return fmt::format("{}, version {}, Status {:#x}, offered {:#x}, accepted {:#x}",
                       name_of(now_.phase), version_, now_.status, offered_, now_.accepted);
}

}  // namespace vireo::monitor
