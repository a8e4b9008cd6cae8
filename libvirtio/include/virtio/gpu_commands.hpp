// virtio/gpu_commands.hpp - the control queue of a graphics device: commands under way, each with
// its request and its response in the driver's memory.
//
// Every command carries a fence of its own, so the device answers when the work is done (5.7.6.7),
// and an answer belongs to one request only.
#pragma once

#include <cstring>

#include <virtio/device_queue.hpp>
#include <virtio/gpu_protocol.hpp>
#include <virtio/read_once.hpp>
#include <virtio/run.hpp>

namespace virtio::gpu {

enum class Outcome : u8 {
    ok,
    unspecified,
    out_of_memory,
    invalid_scanout,
    invalid_resource,
    invalid_context,
    invalid_parameter,
    device_fault,  // no valid answer
};

struct Done {
    u64 tag;  // the caller's, untouched
    Command command;
    Outcome outcome;
};

template <u16 MaxSlots>
class Commands {
public:
    static constexpr u16 descriptors_each = 3;  // request, list of memory, response
    static constexpr u16 max_queue = std::bit_ceil<u16>(descriptors_each * MaxSlots);

    // DMA memory that start() takes. `entries`: of the longest list of memory.
    static constexpr Bytes memory_bytes(u16 slots, u32 entries)
    {
        return DeviceQueue<max_queue>::memory_bytes(queue_size(slots))
               + Bytes{align_up(slot_bytes * slots + sizeof(MemoryEntry) * entries, page_bytes)};
    }

    // `slots` is at most MaxSlots. Errors: those of DeviceQueue::start, bad_argument (no slots),
    // not_supported (a queue too small for a command).
    template <Bus B>
    Result<> start(Device<B>& device, u16 index, DmaCursor& memory, u16 slots, u32 entries);
    void stop() { queue_.stop(); }

    // Prepares a command. Errors: would_block (no slot, or the list is in use), too_big (a longer
    // list than the memory is for), device_fault (not started, or broken).
    template <class Body>
    Result<> send(u64 tag, Command command, const Body& body)
    {
        return send(tag, command, std::as_bytes(std::span{&body, 1}), {});
    }
    Result<> send(u64 tag, Command command) { return send(tag, command, {}, {}); }
    Result<> attach(u64 tag, Resource resource, std::span<const Run> memory);

    // The outcome of a command; an error is a lie of the device, told once. What the device
    // answered to get_display_info and get_edid is copied to `payload`, which has room for it.
    std::optional<Result<Done>> take(std::span<std::byte> payload);

    // Calls lost(tag) for all commands under way. The device is in reset.
    template <class Lost>
    void lost(Lost lost);

    template <Bus B>
    bool kick(const Device<B>& device)
    {
        return queue_.kick(device);
    }
    [[nodiscard]] bool arm() { return queue_.arm(); }
    u16 in_flight() const { return static_cast<u16>(count_ - free_count_); }
    bool broken() const { return queue_.broken(); }
    Fault fault() const { return queue_.fault(); }

private:
    static constexpr u64 request_bytes = 64;
    static constexpr u64 response_bytes = align_up(sizeof(Header) + sizeof(Edid), 64);
    static constexpr u64 slot_bytes = request_bytes + response_bytes;
    static_assert(sizeof(Header) + sizeof(Transfer) <= request_bytes);

    struct Slot {
        u64 tag = 0;
        u64 fence = 0;
        Command command{};
        bool outstanding = false;
    };

    static constexpr u16 queue_size(u16 slots)
    {
        return std::bit_ceil(static_cast<u16>(descriptors_each * slots));
    }
    std::byte* memory(u16 slot) const { return memory_.memory + slot_bytes * slot; }
    DeviceAddr address(u16 slot) const { return memory_.address + Bytes{slot_bytes * slot}; }

    Result<>
    send(u64 tag, Command command, std::span<const std::byte> body, std::span<const Buffer> list);
    Outcome judge(u16 index, u32 written) const;

    DeviceQueue<max_queue> queue_;
    DmaRegion memory_;  // slots
    DmaRegion list_;
    bool list_busy_ = false;
    u64 next_fence_ = 1;  // never used twice, not even across a reset
    u16 count_ = 0;
    u16 free_count_ = 0;
    std::array<u16, MaxSlots> free_{};
    std::array<Slot, MaxSlots> slots_{};
    std::array<u16, max_queue> slot_of_{};  // of the head of an outstanding chain
};

template <u16 MaxSlots>
template <Bus B>
Result<>
Commands<MaxSlots>::start(Device<B>& device, u16 index, DmaCursor& memory, u16 slots, u32 entries)
{
    count_ = free_count_ = 0;
    if (slots == 0 || slots > MaxSlots)
        return fail(Errc::bad_argument);
    if (const auto done = queue_.start(device, index, memory, queue_size(slots)); !done)
        return done;
    if (queue_.size() < descriptors_each)
        return fail(Errc::not_supported);
    const auto own = memory.take(Bytes{slot_bytes * slots}, page_bytes);
    const auto list = memory.take(Bytes{sizeof(MemoryEntry) * entries}, alignof(MemoryEntry));
    if (!own || !list)
        return fail(Errc::no_space);
    memory_ = *own;
    list_ = *list;
    list_busy_ = false;
    slots_.fill({});
    count_ = free_count_ = slots;
    for (u16 i = 0; i < count_; ++i)
        free_[i] = i;
    return {};
}

template <u16 MaxSlots>
Result<> Commands<MaxSlots>::send(u64 tag,
                                  Command command,
                                  std::span<const std::byte> body,
                                  std::span<const Buffer> list)
{
    if (queue_.size() == 0 || broken())
        return fail(Errc::device_fault);
    if (free_count_ == 0)
        return fail(Errc::would_block);
    const u16 index = free_[free_count_ - 1u];
    const u64 fence = next_fence_++;
    const Header header{static_cast<u32>(command), Header::flag_fence, fence, 0, 0};
    std::byte* const request = memory(index);
    std::memcpy(request, &header, sizeof header);
    std::ranges::copy(body, request + sizeof header);
    std::memset(request + request_bytes, 0,
                response_bytes);  // an answer that is not written is none

    std::array<Buffer, descriptors_each> chain{};
    usize count = 0;
    chain[count++] = {address(index), static_cast<u32>(sizeof header + body.size()), false};
    for (const Buffer& buffer : list)
        chain[count++] = buffer;
    chain[count++] = {address(index) + Bytes{request_bytes},
                      static_cast<u32>(sizeof header) + payload_bytes(command), true};
    const auto head = queue_.submit(std::span{chain}.first(count));
    if (!head)
        return fail(head.error());
    --free_count_;
    slots_[index] = {tag, fence, command, true};
    slot_of_[head->raw()] = index;
    return {};
}

template <u16 MaxSlots>
Result<> Commands<MaxSlots>::attach(u64 tag, Resource resource, std::span<const Run> memory)
{
    if (memory.size() > list_.size.raw() / sizeof(MemoryEntry))
        return fail(Errc::too_big);
    if (list_busy_)
        return fail(Errc::would_block);
    std::byte* at = list_.memory;
    for (const Run& run : memory) {
        const MemoryEntry entry{run.address.raw(), run.length, 0};
        std::memcpy(at, &entry, sizeof entry);
        at += sizeof entry;
    }
    const AttachBacking body{resource.raw(), static_cast<u32>(memory.size())};
    const Buffer list{list_.address, static_cast<u32>(at - list_.memory), false};
    const auto sent =
        send(tag, Command::resource_attach_backing, std::as_bytes(std::span{&body, 1}), {&list, 1});
    list_busy_ = sent.has_value();
    return sent;
}

// What the device answered: all of it, to this request, of the right kind.
template <u16 MaxSlots>
Outcome Commands<MaxSlots>::judge(u16 index, u32 written) const
{
    const Slot& slot = slots_[index];
    if (written < sizeof(Header))
        return Outcome::device_fault;
    const auto header = read_once<Header>(memory(index) + request_bytes);
    if ((header.flags & Header::flag_fence) == 0 || header.fence_id != slot.fence)
        return Outcome::device_fault;
    const auto response = static_cast<Response>(header.type);
    if (response == expected(slot.command))
        return written == sizeof(Header) + payload_bytes(slot.command) ? Outcome::ok
                                                                       : Outcome::device_fault;
    switch (response) {
    case Response::err_unspec:
        return Outcome::unspecified;
    case Response::err_out_of_memory:
        return Outcome::out_of_memory;
    case Response::err_invalid_scanout_id:
        return Outcome::invalid_scanout;
    case Response::err_invalid_resource_id:
        return Outcome::invalid_resource;
    case Response::err_invalid_context_id:
        return Outcome::invalid_context;
    case Response::err_invalid_parameter:
        return Outcome::invalid_parameter;
    default:
        return Outcome::device_fault;
    }
}

template <u16 MaxSlots>
std::optional<Result<Done>> Commands<MaxSlots>::take(std::span<std::byte> payload)
{
    const auto taken = queue_.take();
    if (!taken)
        return std::nullopt;
    if (!*taken)
        return fail(taken->error());
    const u16 index = slot_of_[(*taken)->head.raw()];
    Slot& slot = slots_[index];
    slot.outstanding = false;
    free_[free_count_++] = index;
    if (slot.command == Command::resource_attach_backing)
        list_busy_ = false;
    const Outcome outcome = judge(index, (*taken)->written);
    if (outcome == Outcome::ok)
        std::copy_n(memory(index) + request_bytes + sizeof(Header), payload_bytes(slot.command),
                    payload.begin());
    return Done{slot.tag, slot.command, outcome};
}

template <u16 MaxSlots>
template <class Lost>
void Commands<MaxSlots>::lost(Lost lost)
{
    for (Slot& slot : slots_)
        if (std::exchange(slot.outstanding, false))
            lost(slot.tag);
}

}  // namespace virtio::gpu
