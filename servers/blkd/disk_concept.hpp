// blkd/disk_concept.hpp - the device side as the engine sees it (disk.hpp; a script in tests).
#pragma once

#include "session.hpp"

#include <optional>

namespace blkd {

// How a request ended at the device.
struct Ended {
    u64 tag;  // as given to submit
    block::Status status;
};

//   slots         requests that it can have at once
//   room          one more may be prepared
//   submit        prepares a request; would_block: something must end first
//   submit_usual  the same for what blkd::Usual let pass, by the address of its data; false:
//                 nothing was done, and submit has the reason, or another way
//   kick          shows all that is prepared to the device, which is told (true) unless there is
//                 nothing, or it looks by itself
//   acknowledge   takes the interrupt back, before take
//   drain         tells, as sum = each(sum, Ended), of each request that came back, and asks for
//                 the next interrupt, until nothing comes; an error: the device lied
//   recover       resets, and tells the tags that were lost
//   caches        a completed write may be in a volatile cache
//   flush_answer  what a flush ends with that need not go to the device, or nothing
template <class D>
concept Disk = requires(D disk, u64 tag, const block::Submission& asked, const BufferMap& buffer) {
    { disk.slots() } -> std::convertible_to<u32>;
    { disk.room() } -> std::same_as<bool>;
    { disk.submit(tag, asked, buffer) } -> std::same_as<Result<>>;
    {
        disk.submit_usual(tag, asked.op, asked.first, asked.count, DeviceAddr{})
    } -> std::same_as<bool>;
    { disk.kick() } -> std::same_as<bool>;
    { disk.acknowledge() } -> std::same_as<Result<>>;
    {
        disk.drain(u64{}, [](u64 sum, Ended) { return sum; })
    } -> std::same_as<Result<u64>>;
    {
        disk.recover([](u64) {})
    } -> std::same_as<Result<>>;
    { disk.caches() } -> std::same_as<bool>;
    { disk.flush_answer() } -> std::same_as<std::optional<block::Status>>;
};

// A request at the device is known by its session and the client's cookie; nothing else of it is
// kept. What has more to be thought of when it ends is `marked`: the fields above its place.
struct Tag {
    using Marks = Field<63, 32>;  // the place alone, if there are none
    using Place = Field<39, 32>;
    using Extra = Field<47, 40>;                        // units of its share beyond the first
    static constexpr u64 flush_follows = u64{1} << 63;  // the write of a write_fua

    static constexpr u64 make(u32 place, u32 cookie) { return u64{place} << 32 | cookie; }
    static constexpr u32 place(u64 tag) { return static_cast<u32>(Place::get(tag)); }
    static constexpr u32 extra(u64 tag) { return static_cast<u32>(Extra::get(tag)); }
    static constexpr u64 unmarked(u64 tag) { return tag & (Place::mask | 0xffff'ffff); }
};

}  // namespace blkd
