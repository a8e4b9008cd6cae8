// mmio_queues.cpp - the registers of virtio-mmio that make a queue, and what a notification begins.
#include "mmio_bits.hpp"

#include <model/mmio.hpp>

namespace model {

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

}  // namespace model
