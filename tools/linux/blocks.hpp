// linux/blocks.hpp - reads of the first disk, past the page cache: one by one by pread, 32 at a
// time by io_uring with a registered file and registered buffers.
#pragma once

#include "report.hpp"

namespace blocks {

using linux_api::address;
using linux_api::Call;
using linux_api::call;

inline constexpr u32 reads = 2000;
inline constexpr u64 disk_bytes = 256UL << 20;

// As apps/bench/blocks.hpp.
inline u64 random_place(u64 n) { return n * 40503 % (disk_bytes / 4096) * 4096; }

// ---- io_uring

struct RingOffsets {
    u32 head, tail, mask, entries, flags_or_overflow, dropped_or_cqes, array_or_flags, reserved;
    u64 user;
};
struct Params {
    u32 sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, reserved[3];
    RingOffsets sq, cq;
};
struct Submission {
    u8 opcode, flags;
    u16 priority;
    u32 file;
    u64 offset, buffer;
    u32 bytes, rw_flags;
    u64 tag;
    u16 buffer_index, personality;
    u32 file_index;
    u64 reserved[2];
};
static_assert(sizeof(Submission) == 64 && sizeof(Params) == 120);
struct Ended {
    u64 tag;
    i64 result_and_flags;
};
struct Vector {
    void* base;
    u64 bytes;
};

class Ring {
public:
    static constexpr u32 depth = 32;

    bool open(i64 file, u8* buffers)
    {
        constexpr u32 single_issuer = 1U << 12;
        constexpr u32 defer_task_run = 1U << 13;
        constexpr u64 submissions_at = 0x1000'0000;
        Params params{};
        params.flags = single_issuer | defer_task_run;
        ring_ = call(Call::io_uring_setup, depth, address(&params));
        if (ring_ < 0)
            return report::missing("io_uring", ring_);
        const u64 bytes = params.cq.dropped_or_cqes + params.cq_entries * sizeof(Ended) + 4096;
        auto* rings = static_cast<u8*>(linux_api::map(bytes, ring_, 0));
        submissions_ = static_cast<Submission*>(
            linux_api::map(depth * sizeof(Submission), ring_, submissions_at));
        if (rings == nullptr || submissions_ == nullptr)
            return report::missing("the rings of io_uring", 0);
        const auto word = [rings](u32 offset) { return reinterpret_cast<u32*>(rings + offset); };
        sq_tail_ = word(params.sq.tail);
        cq_head_ = word(params.cq.head);
        cq_tail_ = word(params.cq.tail);
        ended_ = reinterpret_cast<Ended*>(rings + params.cq.dropped_or_cqes);
        cq_mask_ = params.cq_entries - 1;
        u32* array = word(params.sq.array_or_flags);
        for (u32 n = 0; n < depth; ++n)
            array[n] = n;
        return enlist(file, buffers);
    }

    // So many reads, as many outstanding as fit: what ended is replaced, then all is shown at once.
    bool run(u32 count)
    {
        u32 sent = 0;
        for (; sent < depth && sent < count; ++sent)
            prepare(sent, sent);
        u32 fresh = sent;
        for (u32 done = 0; done < count;) {
            constexpr u64 get_events = 1;
            if (call(Call::io_uring_enter, static_cast<u64>(ring_), fresh, 1, get_events) < 0)
                return false;
            fresh = 0;
            u32 head = *cq_head_;
            for (; head != __atomic_load_n(cq_tail_, __ATOMIC_ACQUIRE); ++head, ++done) {
                const Ended& one = ended_[head & cq_mask_];
                if (static_cast<int>(one.result_and_flags) != 4096)
                    return false;
                if (sent < count) {
                    prepare(static_cast<u32>(one.tag), sent++);
                    ++fresh;
                }
            }
            __atomic_store_n(cq_head_, head, __ATOMIC_RELEASE);
        }
        return true;
    }

private:
    bool enlist(i64 file, u8* buffers)
    {
        constexpr u64 register_buffers = 0;
        constexpr u64 register_files = 2;
        Vector vectors[depth];
        for (u32 n = 0; n < depth; ++n)
            vectors[n] = {buffers + n * 4096UL, 4096};
        const int files[1] = {static_cast<int>(file)};
        const auto ring = static_cast<u64>(ring_);
        buffers_ = buffers;
        i64 done = call(Call::io_uring_register, ring, register_buffers, address(vectors), depth);
        if (done >= 0)
            done = call(Call::io_uring_register, ring, register_files, address(files), 1);
        return done >= 0 || report::missing("registered buffers", done);
    }

    void prepare(u32 slot, u32 number)
    {
        constexpr u8 read_fixed = 4;
        constexpr u8 fixed_file = 1;
        const u32 tail = *sq_tail_;
        Submission& entry = submissions_[tail % depth];
        entry = {};
        entry.opcode = read_fixed;
        entry.flags = fixed_file;
        entry.offset = random_place(number);
        entry.buffer = address(buffers_ + slot * 4096UL);
        entry.bytes = 4096;
        entry.tag = slot;
        entry.buffer_index = static_cast<u16>(slot);
        __atomic_store_n(sq_tail_, tail + 1, __ATOMIC_RELEASE);
    }

    i64 ring_ = -1;
    u32 *sq_tail_ = nullptr, *cq_head_ = nullptr, *cq_tail_ = nullptr;
    Submission* submissions_ = nullptr;
    Ended* ended_ = nullptr;
    u32 cq_mask_ = 0;
    u8* buffers_ = nullptr;
};

// ---- what is measured

inline bool read_at(i64 disk, u8* into, u64 bytes, u64 offset)
{
    return call(Call::pread, static_cast<u64>(disk), address(into), bytes, offset)
           == static_cast<i64>(bytes);
}

inline bool one_by_one(i64 disk, u8* buffer)
{
    bool good = true;
    for (u32 n = 0; n < 64; ++n)
        good &= read_at(disk, buffer, 4096, random_place(n));
    report::Region region;
    for (u32 n = 0; n < reads; ++n)
        good &= read_at(disk, buffer, 4096, random_place(n));
    region.end("blk.null.rand4k_r.qd1", reads, reads * 4096UL);
    return good;
}

inline bool many(i64 disk, u8* buffer)
{
    Ring ring;
    if (!ring.open(disk, buffer) || !ring.run(128))
        return false;
    report::Region region;
    const bool good = ring.run(reads);
    region.end("blk.null.rand4k_r.qd32", reads, reads * 4096UL);
    return good;
}

inline bool large(i64 disk, u8* buffer)
{
    constexpr u64 bytes = 1UL << 20;
    constexpr u32 count = 64;
    bool good = true;
    for (u32 n = 0; n < 4; ++n)
        good &= read_at(disk, buffer, bytes, n * bytes);
    report::Region region;
    for (u32 n = 0; n < count; ++n)
        good &= read_at(disk, buffer, bytes, n * bytes);
    region.end("blk.null.seq1m_r.qd1", count, count * bytes);
    return good;
}

inline bool measure()
{
    const i64 disk = linux_api::open("/dev/vda", linux_api::OpenFlags::read_write
                                                     | linux_api::OpenFlags::direct);
    auto* buffer = static_cast<u8*>(linux_api::map(1UL << 20));
    if (disk < 0 || buffer == nullptr)
        return report::missing("/dev/vda", disk);
    return one_by_one(disk, buffer) && many(disk, buffer) && large(disk, buffer);
}

}  // namespace blocks
