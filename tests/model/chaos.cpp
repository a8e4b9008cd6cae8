// tests/model/chaos.cpp - a device that does what somebody's bytes say.
#include <model/chaos.hpp>

namespace model {

namespace {

constexpr u32 queue_notify = 0x050;

}  // namespace

u8 Chaos::byte()
{
    if (script_.empty())
        return 0;
    const u8 value = script_.front();
    script_ = script_.subspan(1);
    return value;
}

u32 Chaos::word()
{
    u32 value = 0;
    for (u32 shift = 0; shift < 32; shift += 8)
        value |= u32{byte()} << shift;
    return value;
}

u32 Chaos::distort(u32 honest)
{
    const u8 choice = byte();
    if (choice >= 0xf0)
        return word();
    if (choice >= 0xe0)
        act();
    return honest;
}

u8 Chaos::read8(u32 offset) { return static_cast<u8>(distort(mmio.read8(offset))); }

u16 Chaos::read16(u32 offset) { return static_cast<u16>(distort(mmio.read16(offset))); }

u32 Chaos::read32(u32 offset) { return distort(mmio.read32(offset)); }

void Chaos::write32(u32 offset, u32 value)
{
    if (offset == queue_notify && byte() >= 0xc0)
        act();
    mmio.write32(offset, value);
    if (offset == queue_notify && byte() >= 0x80)
        act();
}

void Chaos::act()
{
    if (exhausted())
        return;
    const u8 choice = byte();
    const auto queue = static_cast<u16>(choice / 16 % mmio.queues());
    switch (choice % 8) {
    case 0:
    case 1:
        return arm();
    case 2:
        return forge();
    case 3:
        return scribble();
    case 4:
        return change_config();
    case 5:
        return mmio.act([](Queue& there) { there.answer_withheld(); }, queue);
    case 6:
        return (choice & 0x80) != 0 ? mmio.raise(choice >> 4 & 3) : mmio.run(queue);
    default:
        return choice > 0xf0 ? mmio.needs_reset() : mmio.poll();
    }
}

// Any lie, about small numbers or large ones, a few times.
void Chaos::arm()
{
    const auto lie = static_cast<Lie>(byte() % lie_count);
    const u8 how = byte();
    const u64 value = (how & 1) != 0 ? word() : byte();
    world_->lies.arm(lie, (how & 2) != 0 ? value << 16 : value, 1 + (how >> 2 & 7), how >> 5);
}

// Used elements that name anything.
void Chaos::forge()
{
    const auto index = static_cast<u16>(byte() % mmio.queues());
    if (!mmio.queue(index).running())
        return;
    mmio.act(
        [this](Queue& queue) {
            const u8 id = byte();
            queue.write_used(id == 0xff ? word() : id, (id & 1) != 0 ? word() : byte());
            const u8 idx = byte();
            queue.publish(idx == 0xff ? static_cast<u16>(word())
                                      : static_cast<u16>(queue.used_idx() + idx / 32));
        },
        index);
}

// A byte anywhere in a queue's three areas.
void Chaos::scribble()
{
    const Queue& queue = mmio.queue(static_cast<u16>(byte() % mmio.queues()));
    const u64 size = queue.size();
    const u32 where = word();
    const bool packed = mmio.packed();
    const std::array areas{std::pair{queue.setup().desc, 16 * size},
                           std::pair{queue.setup().driver, packed ? 4 : 6 + 2 * size},
                           std::pair{queue.setup().device, packed ? 4 : 6 + 8 * size}};
    const auto [address, bytes] = areas.at(where % 3);
    const u8 value = byte();
    if (queue.running())
        *world_->memory.at(address + where / 3 % bytes, 1) = static_cast<std::byte>(value);
}

void Chaos::change_config()
{
    const auto config = device_->config();
    const u8 how = byte();
    const u8 value = byte();
    if (!config.empty())
        config[how / 2u % config.size()] = value;
    if ((how & 1) != 0)
        mmio.change_config();
}

}  // namespace model
