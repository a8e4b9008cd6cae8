// tests/host/model/hand.cpp - a driver by hand.
#include "hand.hpp"

namespace {

constexpr u16 next_flag = 1;
constexpr u16 write_flag = 2;
constexpr u16 indirect_flag = 4;
constexpr u16 available_flag = 1 << 7;
constexpr u16 used_flag = 1 << 15;

// In what way a number of 16 bits has passed a threshold since an older one (2.7.7.2).
bool passed(u16 event, u16 now, u16 before)
{
    return static_cast<u16>(now - event - 1) < static_cast<u16>(now - before);
}

}  // namespace

HandQueue::HandQueue(model::World& world, Options options)
    : world_{&world},
      options_{options},
      desc_{world.memory.allocate(u64{16} * options.size)},
      driver_{world.memory.allocate(6u + 2u * options.size)},
      device_{world.memory.allocate(6u + 8u * options.size)}
{
    for (auto& region : {desc_, driver_, device_})
        std::memset(region.memory, 0, region.bytes);
    for (u16 i = 0; i < options.size; ++i)
        free_.push_back(i);
    if (options_.event_idx && options_.packed)
        want_interrupt_after(1);
}

model::Queue::Setup HandQueue::setup() const
{
    return {options_.size,   desc_.address,      driver_.address,
            device_.address, options_.event_idx, options_.indirect};
}

void HandQueue::write(u16* to, const model::Piece& piece, u16 third, u16 fourth)
{
    std::memcpy(to, &piece.address, 8);
    std::memcpy(to + 4, &piece.length, 4);
    to[6] = third;
    to[7] = fourth;
}

model::Memory::Region HandQueue::table(const std::vector<model::Piece>& pieces)
{
    const auto region = world_->memory.allocate(16 * pieces.size());
    for (usize i = 0; i < pieces.size(); ++i) {
        u16* to = at(region) + 8 * i;
        const u16 writes = pieces[i].writable ? write_flag : 0;
        const bool more = i + 1 < pieces.size();
        if (options_.packed)
            write(to, pieces[i], 0, writes);
        else
            write(to, pieces[i], static_cast<u16>(writes | (more ? next_flag : 0)),
                  static_cast<u16>(i + 1));
    }
    return region;
}

u16 HandQueue::offer(const std::vector<model::Piece>& pieces, bool indirect)
{
    return options_.packed ? offer_packed(pieces, indirect) : offer_split(pieces, indirect);
}

u16 HandQueue::offer_split(const std::vector<model::Piece>& pieces, bool indirect)
{
    const usize count = indirect ? 1 : pieces.size();
    std::vector<u16> chain(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(count));
    free_.erase(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(count));
    if (indirect) {
        const auto region = table(pieces);
        write(&desc_word(chain[0], 0), {region.address, static_cast<u32>(region.bytes), false},
              indirect_flag, 0);
    }
    for (usize i = 0; !indirect && i < count; ++i) {
        const bool more = i + 1 < count;
        const u16 flags = (pieces[i].writable ? write_flag : 0) | (more ? next_flag : 0);
        write(&desc_word(chain[i], 0), pieces[i], flags, more ? chain[i + 1] : u16{0});
    }
    const u16 head = chain[0];
    chains_[head] = std::move(chain);
    driver_word(2 + offered_ % options_.size) = head;
    ++offered_;
    std::atomic_ref{driver_word(1)}.store(static_cast<u16>(offered_));
    return head;
}

u16 HandQueue::offer_packed(const std::vector<model::Piece>& pieces, bool indirect)
{
    const u16 id = free_.front();
    free_.pop_front();
    auto list = pieces;
    if (indirect) {
        const auto region = table(pieces);
        list = {{region.address, static_cast<u32>(region.bytes), false}};
    }
    for (usize i = list.size(); i-- > 0;) {
        const u64 position = offered_ + i;
        const u16 marks = (list[i].writable ? write_flag : 0) | (indirect ? indirect_flag : 0)
                          | (i + 1 < list.size() ? next_flag : 0)
                          | (lap(position) ? available_flag : used_flag);
        write(&desc_word(position % options_.size, 0), list[i], id, marks);
    }
    slots_[id] = static_cast<u16>(list.size());
    offered_ += list.size();
    return id;
}

std::optional<Used> HandQueue::take()
{
    if (!options_.packed) {
        if (std::atomic_ref{device_word(1)}.load() == static_cast<u16>(taken_))
            return std::nullopt;
        Used used{};
        std::memcpy(&used, &device_word(2 + 4 * (taken_ % options_.size)), 8);
        ++taken_;
        const auto& chain = chains_[static_cast<u16>(used.id)];
        free_.insert(free_.end(), chain.begin(), chain.end());
        chains_.erase(static_cast<u16>(used.id));
        return used;
    }
    const u16 flags = desc_word(taken_ % options_.size, 7);
    const bool first = lap(taken_);
    if (((flags & available_flag) != 0) != first || ((flags & used_flag) != 0) != first)
        return std::nullopt;
    Used used{desc_word(taken_ % options_.size, 6), 0};
    if ((flags & write_flag) != 0)
        std::memcpy(&used.len, &desc_word(taken_ % options_.size, 4), 4);
    const u16 id = static_cast<u16>(used.id);
    taken_ += slots_.contains(id) ? slots_[id] : 1;
    slots_.erase(id);
    free_.push_back(id);
    return used;
}

bool HandQueue::notify_wanted()
{
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const u64 before = std::exchange(told_, offered_);
    const u64 size = options_.size;
    if (!options_.packed) {
        if (options_.event_idx)
            return passed(device_word(2 + 4 * size), static_cast<u16>(offered_),
                          static_cast<u16>(before));
        return (device_word(0) & 1) == 0;
    }
    if (device_word(1) != 2)
        return device_word(1) == 0;
    const u16 named = device_word(0);
    for (u64 position = before; position < offered_; ++position)
        if (position % size == (named & 0x7fffu) && lap(position) == ((named & 0x8000) != 0))
            return true;
    return false;
}

void HandQueue::suppress(u16 flags) { driver_word(options_.packed ? 1 : 0) = flags; }

void HandQueue::want_interrupt_after(u16 elements)
{
    const u64 event = taken_ + elements - 1;
    if (!options_.packed) {
        driver_word(2u + options_.size) = static_cast<u16>(event);
        return;
    }
    driver_word(0) = static_cast<u16>(event % options_.size | (lap(event) ? 0x8000u : 0u));
    driver_word(1) = 2;
}

u64 Hand::offered()
{
    mmio.write32(0x014, 0);
    u64 bits = mmio.read32(0x010);
    mmio.write32(0x014, 1);
    bits |= u64{mmio.read32(0x010)} << 32;
    return bits;
}

void Hand::enable(u16 index, const model::Queue::Setup& setup)
{
    mmio.write32(0x030, index);
    mmio.write32(0x038, setup.size);
    const u64 areas[] = {setup.desc, setup.driver, setup.device};
    for (u32 i = 0; i < 3; ++i) {
        mmio.write32(0x080 + 0x10 * i, static_cast<u32>(areas[i]));
        mmio.write32(0x084 + 0x10 * i, static_cast<u32>(areas[i] >> 32));
    }
    mmio.write32(0x044, 1);
}

void Hand::start(u64 features, std::vector<HandQueue::Options> sizes)
{
    mmio.write32(0x070, 0);
    for (const u32 status : {1u, 3u})
        mmio.write32(0x070, status);
    features |= version_1;
    for (const u32 half : {0u, 1u}) {
        mmio.write32(0x024, half);
        mmio.write32(0x020, static_cast<u32>(features >> 32 * half));
    }
    mmio.write32(0x070, 11);
    queues.clear();
    queues.reserve(sizes.size());
    for (u16 i = 0; i < sizes.size(); ++i) {
        sizes[i].packed = (features & ring_packed) != 0;
        sizes[i].event_idx = (features & event_idx) != 0;
        sizes[i].indirect = (features & indirect_desc) != 0;
        queues.emplace_back(world, sizes[i]);
        enable(i, queues[i].setup());
    }
    mmio.write32(0x070, 15);
}

u16 Hand::send(u16 queue, const std::vector<model::Piece>& pieces, bool indirect)
{
    const u16 id = queues[queue].offer(pieces, indirect);
    if (queues[queue].notify_wanted())
        mmio.write32(0x050, queue);
    return id;
}

model::Piece Hand::reads(const std::vector<u8>& bytes)
{
    const auto region = world.memory.allocate(bytes.size());
    std::memcpy(region.memory, bytes.data(), bytes.size());
    return {region.address, static_cast<u32>(bytes.size()), false};
}

model::Piece Hand::writes(u32 length)
{
    return {world.memory.allocate(length).address, length, true};
}

std::vector<u8> Hand::bytes(const model::Piece& piece) const
{
    const auto* from = reinterpret_cast<const u8*>(world.memory.at(piece.address, piece.length));
    return {from, from + piece.length};
}
