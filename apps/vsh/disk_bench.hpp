// vsh/disk_bench.hpp - blk bench: reads at random places, as many outstanding as the disk takes.
// Times are the guest's, and include its waiting for a CPU: they compare, they do not measure.
#pragma once

#include <algorithm>
#include <array>

#include <block/disk.hpp>
#include <block/pattern.hpp>
#include <sys/time.hpp>

namespace vsh {

class DiskBench {
public:
    explicit DiskBench(block::Disk& disk)
        : disk_{&disk},
          sectors_{std::max(u32{4096}, disk.info().logical_block) / block::sector_bytes}
    {
    }

    // `count` reads. Errors: those of the disk; bad_argument (smaller than one read).
    Result<> run(u64 count)
    {
        if (disk_->capacity().raw() < sectors_)
            return fail(Errc::bad_argument);
        const abi::Ticks begin = sys::now();
        for (u64 sent = 0, ended = 0; ended < count; ++ended) {
            if (const auto asked = fill(sent, count); !asked)
                return asked;
            const auto done = disk_->wait();
            if (!done || done->outcome != Errc::ok)
                return fail(done ? done->outcome : done.error());
            busy_[done->tag] = false;
            note(sys::nanoseconds(since(started_[done->tag])));
        }
        whole_ns_ = std::max(sys::nanoseconds(since(begin)), u64{1});
        return {};
    }

    u32 bytes_each() const { return sectors_ * block::sector_bytes; }
    u64 whole_ns() const { return whole_ns_; }
    u64 longest_ns() const { return longest_ns_; }
    u64 sum_ns() const { return sum_ns_; }  // of all reads, which overlap

private:
    static abi::Ticks since(abi::Ticks then) { return abi::Ticks{sys::now().raw() - then.raw()}; }

    // Reads until the disk takes no more.
    Result<> fill(u64& sent, u64 count)
    {
        while (sent < count && disk_->outstanding() < disk_->depth()) {
            auto buffer = disk_->buffer();
            if (!buffer)
                return {};
            const u64 place = block::pattern::mix(sent) % (disk_->capacity().raw() / sectors_);
            const u64 tag = next_free();
            started_[tag] = sys::now();
            busy_[tag] = true;
            const auto asked =
                disk_->read(tag, block::Sector{place * sectors_}, sectors_, std::move(*buffer));
            if (!asked)
                return asked;
            ++sent;
            last_ = tag;
        }
        return {};
    }

    u64 next_free() const
    {
        u64 tag = last_;
        do
            tag = (tag + 1) % started_.size();
        while (busy_[tag]);
        return tag;
    }

    void note(u64 nanoseconds)
    {
        longest_ns_ = std::max(longest_ns_, nanoseconds);
        sum_ns_ += nanoseconds;
    }

    block::Disk* disk_;
    u32 sectors_;
    u64 whole_ns_ = 0;
    u64 longest_ns_ = 0;
    u64 sum_ns_ = 0;
    u64 last_ = 0;
    std::array<abi::Ticks, block::Channel::max_entries + 1> started_{};
    std::array<bool, block::Channel::max_entries + 1> busy_{};
};

}  // namespace vsh
