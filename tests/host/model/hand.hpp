// tests/host/model/hand.hpp - a driver by hand, from the specification and as simple as can be:
// what the models' tests drive them with. It breaks rules when a test says so.
#pragma once

#include <atomic>
#include <cstring>
#include <deque>
#include <string>

#include <catch2/catch.hpp>
#include <model/mmio.hpp>

struct Used {
    u32 id;
    u32 len;
    bool operator==(const Used&) const = default;
};

// The driver's side of a queue: places chains, and looks at what came back.
class HandQueue {
public:
    struct Options {
        u16 size = 8;
        bool packed = false;
        bool event_idx = false;
        bool indirect = false;
    };

    HandQueue(model::World& world, Options options);

    model::Queue::Setup setup() const;

    // Places a chain and shows it; its id.
    u16 offer(const std::vector<model::Piece>& pieces, bool indirect = false);
    // The next used element.
    std::optional<Used> take();
    // What the device wants to be told: whether the chains offered since the last call are to be
    // notified.
    bool notify_wanted();
    void want_no_interrupts() { suppress(1); }
    void want_interrupts() { suppress(0); }
    // EVENT_IDX: only when so many more elements are used.
    void want_interrupt_after(u16 elements);

    // Words of the three areas, for what no driver writes.
    u16& desc_word(u64 index, u64 word) { return at(desc_)[index * 8 + word]; }
    u16& driver_word(u64 word) { return at(driver_)[word]; }
    u16& device_word(u64 word) { return at(device_)[word]; }

    model::Memory::Region memory(u64 bytes) { return world_->memory.allocate(bytes); }

private:
    static u16* at(model::Memory::Region region) { return reinterpret_cast<u16*>(region.memory); }
    void write(u16* at, const model::Piece& piece, u16 third, u16 fourth);
    u16 offer_split(const std::vector<model::Piece>& pieces, bool indirect);
    u16 offer_packed(const std::vector<model::Piece>& pieces, bool indirect);
    model::Memory::Region table(const std::vector<model::Piece>& pieces);
    void suppress(u16 flags);
    bool lap(u64 position) const { return position / options_.size % 2 == 0; }

    model::World* world_;
    Options options_;
    model::Memory::Region desc_;
    model::Memory::Region driver_;
    model::Memory::Region device_;
    std::deque<u16> free_;
    std::map<u16, std::vector<u16>> chains_;  // split: descriptors of a chain
    std::map<u16, u16> slots_;                // packed: how many it takes
    u64 offered_ = 0;                         // split: chains; packed: descriptors
    u64 told_ = 0;                            // of these
    u64 taken_ = 0;                           // split: elements; packed: descriptors
};

// The registers of a device, brought up.
struct Hand {
    Hand(model::World& there, model::Device& device, model::MmioOptions options = {})
        : world{there}, mmio{device, there, options}, version{options.version}
    {
    }

    // Up to DRIVER_OK, with all queues of the device that `sizes` names.
    void start(u64 features, std::vector<HandQueue::Options> sizes = {{}});
    u64 offered();
    void enable(u16 index, const model::Queue::Setup& setup);

    // Offers a chain and notifies if the device wants that.
    u16 send(u16 queue, const std::vector<model::Piece>& pieces, bool indirect = false);
    // Memory of the driver: for the device to read, with these bytes, or to write.
    model::Piece reads(const std::vector<u8>& bytes);
    model::Piece writes(u32 length);
    std::vector<u8> bytes(const model::Piece& piece) const;
    template <class T>
    T value(const model::Piece& piece, u64 offset = 0) const
    {
        T what{};
        std::memcpy(&what, world.memory.at(piece.address + offset, sizeof what), sizeof what);
        return what;
    }
    std::optional<Used> take(u16 queue = 0) { return queues[queue].take(); }

    model::World& world;
    model::Mmio mmio;
    u32 version;
    std::vector<HandQueue> queues;
};

// Little-endian fields one after the other.
class Fields {
public:
    template <class T>
    Fields& put(T value)
    {
        const auto* from = reinterpret_cast<const u8*>(&value);
        bytes_.insert(bytes_.end(), from, from + sizeof value);
        return *this;
    }
    operator std::vector<u8>() const { return bytes_; }

private:
    std::vector<u8> bytes_;
};

inline constexpr u64 version_1 = u64{1} << 32;
inline constexpr u64 ring_packed = u64{1} << 34;
inline constexpr u64 event_idx = u64{1} << 29;
inline constexpr u64 indirect_desc = u64{1} << 28;
inline constexpr u64 any_layout = u64{1} << 27;

// No complaints, and says which if there are any.
inline bool kept_the_rules(const model::World& world)
{
    for (const auto& complaint : world.complaints.list())
        UNSCOPED_INFO(complaint);
    return world.complaints.empty();
}

// Exactly one complaint, which has these words; forgets it.
inline bool complained(model::World& world, const std::string& words)
{
    const auto list = world.complaints.list();
    for (const auto& complaint : list)
        UNSCOPED_INFO(complaint);
    world.complaints.clear();
    return list.size() == 1 && list[0].find(words) != std::string::npos;
}
