// tests/model/mmio.cpp - the registers of virtio-mmio, device side.
#include "mmio_bits.hpp"

#include <cstdio>
#include <cstring>

#include <model/mmio.hpp>

namespace model {

namespace {

constexpr u32 config_space = 0x100;
constexpr u32 config_space_end = 0x200;

}  // namespace

Mmio::Mmio(Device& device, World& world, MmioOptions options)
    : device_{&device}, world_{&world}, options_{options}
{
    for (u16 i = 0; i < device.queues(); ++i)
        queues_.push_back({SplitQueue{world, i}, PackedQueue{world, i}});
    device.tell_config_changed = [this] { change_config(); };
}

u32 Mmio::complain(const char* what, u32 offset)
{
    char text[120];
    std::snprintf(text, sizeof text, "mmio: %s (offset 0x%03x, status 0x%02x)", what, offset,
                  status_);
    world_->complaints.add(text);
    return 0;
}

// As QEMU offers them; of these, RING_RESET has no register behind it on virtio-mmio.
u64 Mmio::offered()
{
    u64 bits = device_->features() | (options_.event_idx ? event_idx : 0);
    bits |= options_.indirect ? indirect_desc : 0;
    bits |= legacy() ? bit(24) | any_layout : version_1 | bit(40);
    bits |= options_.packed && !legacy() ? ring_packed : 0;
    bits |= world_->lies.tell(Lie::features_added).value_or(0);
    if (world_->lies.tell(Lie::version_1_missing))
        bits &= ~version_1;
    if (feature_reads_ >= (legacy() ? 1 : 2))
        if (const auto flips = world_->lies.tell(Lie::features_change))
            bits ^= *flips;
    return bits;
}

// Counts an access. False: nobody is there to answer it.
bool Mmio::access(u64& count)
{
    ++count;
    for (Slot& slot : queues_)
        ring(slot).meddle();
    return !world_->lies.tell(Lie::gone);
}

u32 Mmio::read_status()
{
    if (status_late_ == 0)
        return status_;
    --status_late_;
    return status_before_;
}

u32 Mmio::read_common(u32 offset)
{
    switch (offset) {
    case 0x000:
        return static_cast<u32>(world_->lies.tell(Lie::magic).value_or(0x74726976));
    case 0x004:
        return static_cast<u32>(world_->lies.tell(Lie::version).value_or(options_.version));
    case 0x008:
        return static_cast<u32>(world_->lies.tell(Lie::device_id).value_or(device_->id()));
    case 0x00c:
        return 0x4c444f4d;
    case 0x010: {
        if (!device_features_sel_)
            return complain("DeviceFeatures read before DeviceFeaturesSel was written", offset);
        const u64 bits = offered();
        ++feature_reads_;
        return *device_features_sel_ > 1 ? 0 : static_cast<u32>(bits >> 32 * *device_features_sel_);
    }
    case 0x034:
        return queue_max();
    case 0x060:
        return interrupt_status_
               | static_cast<u32>(world_->lies.tell(Lie::interrupt_bits).value_or(0));
    case 0x070:
        return read_status();
    default:
        return complain("read of a register that is write-only or not there", offset);
    }
}

u32 Mmio::read32(u32 offset)
{
    if (offset >= config_space)
        return read_config(offset, 4);
    if (!access(reads))
        return ~u32{0};
    if (offset % 4 != 0)
        return complain("register access that is not aligned", offset);
    if (offset == (legacy() ? 0x040 : 0x044))
        return queue_in_use();
    if (offset >= 0x0b0 && offset <= 0x0bc && !legacy())
        return ~u32{0};  // there is no shared memory (4.2.2.1)
    if (offset == 0x0fc && !legacy())
        return world_->lies.tell(Lie::generation_never_rests) ? ++generation_ : generation_;
    return read_common(offset);
}

u32 Mmio::read_config(u32 offset, u32 width)
{
    if (!access(reads))
        return ~u32{0};
    const auto config = device_->config();
    if (offset < config_space || offset >= config_space_end)
        return complain("register access that is not 32 bits wide", offset);
    const u32 at = offset - config_space;
    if (at + width > config.size() || device_->config_width(at) != width)
        return complain("config access of another width than the field's", offset);
    before_config_read(at);
    if (world_->lies.tell(Lie::config_never_rests))
        ++config[0];
    if (const auto told = world_->lies.tell(Lie::config_field); told && *told >> 32 == at)
        return static_cast<u32>(*told);
    u32 value = 0;
    std::memcpy(&value, device_->config().data() + at, width);
    return value;
}

void Mmio::write_config(u32 offset, u32 width, u32 value)
{
    if (!access(writes))
        return;
    const auto config = device_->config();
    const u32 at = offset - config_space;
    if (offset < config_space || at + width > config.size() || device_->config_width(at) != width)
        complain("config write that is no field", offset);
    else if (!device_->config_writable(at))
        complain("config write to a field that is read-only", offset);
    else {
        std::memcpy(config.data() + at, &value, width);
        device_->config_written(at);
    }
}

void Mmio::write32(u32 offset, u32 value)
{
    if (offset >= config_space)
        return write_config(offset, 4, value);
    if (!access(writes))
        return;
    if (offset % 4 != 0)
        complain("register access that is not aligned", offset);
    else if (!write_common(offset, value)
             && !(legacy() ? write_legacy(offset, value) : write_modern(offset, value)))
        complain("write of a register that is read-only or not there", offset);
}

bool Mmio::write_common(u32 offset, u32 value)
{
    switch (offset) {
    case 0x014:
        device_features_sel_ = value;
        return true;
    case 0x020:
        if (!driver_features_sel_)
            complain("DriverFeatures written before DriverFeaturesSel", offset);
        if ((status_ & driver) == 0 || (status_ & (features_ok | driver_ok)) != 0)
            complain("DriverFeatures written at the wrong time", offset);
        driver_features_ = with_half(driver_features_, value, driver_features_sel_ == 1u);
        if (legacy())
            driver_features_ &= ~u32{0};  // has no more (6.2)
        return true;
    case 0x024:
        driver_features_sel_ = value;
        return true;
    case 0x030:
        queue_sel_ = value;
        return true;
    case 0x038:
        set_size(value);
        return true;
    case 0x050:
        notify(value);
        return true;
    case 0x064:
        if ((value & ~(used_buffer | config_changed)) != 0)
            complain("undefined bits written to InterruptACK", offset);
        interrupt_status_ &= ~value;
        if (world_->lies.tell(Lie::interrupt_storm))
            raise(used_buffer);
        return true;
    case 0x070:
        write_status(value);
        return true;
    default:
        return false;
    }
}

// virtio 1.2, 2.1.1 and 3.1.1
void Mmio::check_status(u32 value)
{
    const u32 set = value & ~status_;
    if ((status_ & ~value & ~device_needs_reset) != 0)
        complain("a status bit cleared without a reset", 0x070);
    if ((status_ & failed) != 0)
        complain("status changed after FAILED", 0x070);
    if ((set & driver) != 0 && (value & acknowledge) == 0)
        complain("DRIVER without ACKNOWLEDGE", 0x070);
    if ((set & features_ok) != 0 && (legacy() || (value & driver) == 0))
        complain("FEATURES_OK at the wrong time", 0x070);
    if ((set & driver_ok) != 0
        && ((value & driver) == 0 || (!legacy() && (value & features_ok) == 0)))
        complain("DRIVER_OK at the wrong time", 0x070);
}

void Mmio::write_status(u32 value)
{
    if (value == 0) {
        status_before_ = status_;
        status_late_ = world_->lies.tell(Lie::reset_late).value_or(0);
        if (!world_->lies.tell(Lie::reset_never_ends))
            reset();
        return;
    }
    check_status(value);
    const u32 set = value & ~status_;
    status_ = value | (status_ & device_needs_reset);
    if ((set & features_ok) != 0)
        take_features();
    if ((set & driver_ok) != 0) {
        if (legacy() && (driver_features_ & any_layout) == 0)
            complain("ANY_LAYOUT not accepted (6.3)", 0x020);
        device_->accepted(driver_features_);
        if (world_->lies.tell(Lie::needs_reset_at_start))
            needs_reset();
    }
}

void Mmio::take_features()
{
    feature_reads_ = 0;
    const u64 refused = driver_features_ & ~offered();
    if (refused != 0)
        complain("a feature accepted that was not offered", 0x020);
    if (refused != 0 || (driver_features_ & version_1) == 0
        || world_->lies.tell(Lie::features_ok_refused))
        status_ &= ~features_ok;
}

void Mmio::reset()
{
    for (Slot& slot : queues_) {
        ring(slot).stop();
        slot.num = slot.ready = slot.align = slot.pfn = 0;
        slot.desc = slot.driver = slot.device = 0;
    }
    status_ = 0;
    device_features_sel_.reset();
    driver_features_sel_.reset();
    driver_features_ = 0;
    feature_reads_ = 0;
    queue_sel_ = 0;
    guest_page_size_ = 0;
    interrupt_status_ = 0;
    device_->reset();
}

void Mmio::needs_reset()
{
    status_ |= device_needs_reset;
    if ((status_ & driver_ok) != 0)
        raise(config_changed);
}

void Mmio::change_config()
{
    ++generation_;
    raise(config_changed);
}

void Mmio::raise(u32 causes)
{
    if (interrupt_status_ == 0)
        ++interrupts;
    interrupt_status_ |= causes;
}

}  // namespace model
