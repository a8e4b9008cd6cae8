// tests/model/mmio.cpp - the registers of virtio-mmio, device side.
#include <cstdio>
#include <cstring>

#include <model/mmio.hpp>

namespace model {

namespace {

constexpr u32 acknowledge = 1;
constexpr u32 driver = 2;
constexpr u32 driver_ok = 4;
constexpr u32 features_ok = 8;
constexpr u32 device_needs_reset = 64;
constexpr u32 failed = 128;

constexpr u32 used_buffer = 1;
constexpr u32 config_changed = 2;

constexpr u64 bit(unsigned n) { return u64{1} << n; }
constexpr u64 event_idx = bit(29);
constexpr u64 any_layout = bit(27);
constexpr u64 version_1 = bit(32);
constexpr u64 indirect_desc = bit(28);
constexpr u64 ring_packed = bit(34);

constexpr u32 config_space = 0x100;
constexpr u32 config_space_end = 0x200;

u64 with_half(u64 word, u32 half, bool high)
{
    return high ? (word & 0xffff'ffff) | u64{half} << 32 : (word & ~u64{0xffff'ffff}) | half;
}

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

Mmio::Slot* Mmio::selected()
{
    return queue_sel_ < queues_.size() ? &queues_[queue_sel_] : nullptr;
}

u32 Mmio::queue_max()
{
    if (selected() == nullptr)
        return 0;
    if (const auto told = world_->lies.tell(Lie::queue_max))
        return static_cast<u32>(*told);
    return options_.queue_max;
}

u32 Mmio::queue_in_use()
{
    if (world_->lies.tell(Lie::queue_in_use))
        return 1;
    const Slot* slot = selected();
    if (slot == nullptr)
        return 0;
    return legacy() ? slot->pfn : slot->ready;
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

// Of a packed queue any size is allowed (2.8.10.1).
void Mmio::set_size(u32 value)
{
    const bool size = value != 0 && (packed() || (value & (value - 1)) == 0);
    if (selected() == nullptr || !size || value > options_.queue_max)
        complain("QueueNum that the queue can't have", 0x038);
    else
        selected()->num = value;
}

bool Mmio::write_legacy(u32 offset, u32 value)
{
    if (offset == 0x028) {
        guest_page_size_ = value;
        return true;
    }
    if (offset != 0x03c && offset != 0x040)
        return false;
    if (selected() == nullptr)
        complain("a queue that is not there", offset);
    else if (offset == 0x03c)
        selected()->align = value;
    else
        enable_legacy(*selected(), value);
    return true;
}

bool Mmio::write_modern(u32 offset, u32 value)
{
    if (offset == 0x0ac)
        return true;
    if (offset != 0x044 && (offset < 0x080 || offset > 0x0a4 || (offset & 8) != 0))
        return false;
    Slot* queue = selected();
    if (queue == nullptr || (status_ & features_ok) == 0) {
        complain("a queue that is not there, or before FEATURES_OK", offset);
        return true;
    }
    if (offset != 0x044 && queue->ready != 0)
        complain("a queue changed while it is ready", offset);
    const bool high = offset % 8 == 4;
    switch (offset & ~7u) {
    case 0x080:
        queue->desc = with_half(queue->desc, value, high);
        return true;
    case 0x090:
        queue->driver = with_half(queue->driver, value, high);
        return true;
    case 0x0a0:
        queue->device = with_half(queue->device, value, high);
        return true;
    default:
        break;
    }
    if (world_->lies.tell(Lie::queue_refused))
        return true;
    queue->ready = value;
    if (value == 1)
        enable(*queue);
    else
        ring(*queue).stop();
    return true;
}

void Mmio::enable(Slot& queue)
{
    if (queue.num == 0)
        complain("a queue without a size", 0x044);
    else
        ring(queue).start({static_cast<u16>(queue.num), queue.desc, queue.driver, queue.device,
                           (driver_features_ & event_idx) != 0,
                           (driver_features_ & indirect_desc) != 0});
}

// virtio 1.2, 2.7.2 and 4.2.4
void Mmio::enable_legacy(Slot& queue, u32 pfn)
{
    if (world_->lies.tell(Lie::queue_refused))
        return;
    queue.pfn = pfn;
    if (pfn == 0)
        return ring(queue).stop();
    if (guest_page_size_ == 0 || queue.align == 0 || (queue.align & (queue.align - 1)) != 0)
        complain("QueuePFN before GuestPageSize or QueueAlign", 0x040);
    else {
        queue.desc = u64{pfn} * guest_page_size_;
        queue.driver = queue.desc + 16 * u64{queue.num};
        const u64 end = queue.driver + 6 + 2 * u64{queue.num};
        queue.device = (end + queue.align - 1) / queue.align * queue.align;
        enable(queue);
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

void Mmio::notify(u32 index)
{
    ++notifies;
    if ((status_ & driver_ok) == 0)
        return static_cast<void>(complain("a notification before DRIVER_OK", 0x050));
    if (index >= queues_.size() || !queue(static_cast<u16>(index)).running())
        return static_cast<void>(complain("a notification of a queue that is not enabled", 0x050));
    ++queues_[index].notifies;
    if (options_.automatic)
        run(static_cast<u16>(index));
    if (world_->lies.tell(Lie::interrupt_spurious))
        raise(used_buffer);
    if (world_->lies.tell(Lie::needs_reset))
        needs_reset();
}

void Mmio::run(u16 index)
{
    act([this, index](Queue& queue) { device_->work(index, queue); }, index);
    poll();
}

void Mmio::poll()
{
    for (u16 i = 0; i < queues_.size(); ++i)
        if (device_->pending(i) && queue(i).running())
            act([this, i](Queue& queue) { device_->work(i, queue); }, i);
}

void Mmio::act(const std::function<void(Queue&)>& what, u16 index)
{
    Queue& ring = queue(index);
    if ((status_ & device_needs_reset) != 0)
        return;
    what(ring);
    if (ring.broken())
        needs_reset();
    else if (ring.interrupt_due())
        raise(used_buffer);
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
