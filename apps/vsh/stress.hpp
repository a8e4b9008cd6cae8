// vsh/stress.hpp - a disk under load, and an oracle: cells of a few sectors are written with rising
// versions, each is read back and compared, flushes go between, as many requests in flight as the
// disk takes. In the end all cells hold the last version, and whoever reads the medium can tell.
//
// A request that the library gave up on, because three servers died with it, is sent once more: its
// cell holds the old version or the new one until then.
#pragma once

#include <block/disk.hpp>
#include <block/stamp.hpp>

namespace vsh {

class Stress {
public:
    static constexpr u32 max_cells = 256;

    struct Options {
        u32 client = 1;
        u64 first = 0;         // sector
        u32 cells = 64;        // a power of two, at most max_cells
        u32 cell_sectors = 8;  // not more than a buffer of the disk holds
        u32 rounds = 1;        // versions; each cell is written and read back once a round
        u32 flush_every = 32;  // writes
    };

    Stress(block::Disk& disk, const Options& options) : disk_{&disk}, options_{options} {}

    // Starts what can be started and takes one completion. False: all is done, flushed and read
    // once more. Errors: device_fault (a sector that does not hold what it must: wrong()), those
    // of the disk.
    Result<bool> step()
    {
        if (const auto started = start(); !started)
            return fail(started.error());
        if (disk_->outstanding() == 0)
            return false;
        auto done = disk_->wait();
        if (!done)
            return fail(done.error());
        ++completions_;
        if (const auto good = take(std::move(*done)); !good)
            return fail(good.error());
        return true;
    }

    u64 completions() const { return completions_; }
    u64 expected() const { return u64{options_.cells} * (options_.rounds * 2 + 1); }
    u32 sent_again() const { return sent_again_; }
    // The sector that was not what it must be, if one was.
    std::optional<u64> wrong() const { return wrong_; }

    // What a sector of the range says when all is done.
    block::Stamp last(u64 sector) const { return {sector, options_.rounds, options_.client}; }

private:
    enum class Step : u8 { idle, writing, reading };

    // Tags: the cell, or that it is a flush.
    static constexpr u64 flush_tag = max_cells;

    u64 writes() const { return u64{options_.cells} * options_.rounds; }
    u64 first_of(u64 cell) const { return options_.first + cell * options_.cell_sectors; }

    // The cell of the n-th write: all of them each round, in an order of its own.
    u64 cell_of(u64 n) const
    {
        const u64 round = n / options_.cells;
        return (n * 5 + round * 3) & (options_.cells - 1);
    }

    // Writes while there are any, one flush, then everything is read.
    Result<> start()
    {
        for (; next_ < writes() && steps_[cell_of(next_)] == Step::idle; ++next_) {
            auto buffer = disk_->buffer();
            if (!buffer)
                return {};
            const u64 cell = cell_of(next_);
            ++versions_[cell];
            if (const auto sent = write(cell, std::move(*buffer)); !sent) {
                --versions_[cell];
                return later(sent);
            }
            if ((next_ + 1) % options_.flush_every == 0)
                (void)disk_->flush(flush_tag);  // a full ring is no reason to wait for one
        }
        if (next_ < writes())
            return {};
        if (!flushed_ && disk_->outstanding() == 0) {
            flushed_ = true;
            return disk_->flush(flush_tag);
        }
        for (; flushed_ && last_read_ < options_.cells; ++last_read_) {
            auto buffer = disk_->buffer();
            if (!buffer)
                return {};
            if (const auto sent = read(last_read_, std::move(*buffer)); !sent)
                return later(sent);
        }
        return {};
    }

    static Result<> later(const Result<>& sent)
    {
        return sent.error() == Errc::would_block ? Result<>{} : sent;
    }

    Result<> write(u64 cell, block::Buffer buffer)
    {
        for (u32 i = 0; i < options_.cell_sectors; ++i)
            block::put_stamp({first_of(cell) + i, versions_[cell], options_.client},
                             sector_in(buffer.bytes(), i));
        const auto sent = disk_->write(cell, block::Sector{first_of(cell)}, options_.cell_sectors,
                                       std::move(buffer));
        if (sent)
            steps_[cell] = Step::writing;
        return sent;
    }

    Result<> read(u64 cell, block::Buffer buffer)
    {
        const auto sent = disk_->read(cell, block::Sector{first_of(cell)}, options_.cell_sectors,
                                      std::move(buffer));
        if (sent)
            steps_[cell] = Step::reading;
        return sent;
    }

    Result<> take(block::Completion done)
    {
        const bool again = done.outcome == Errc::peer_restarted;
        if (done.outcome != Errc::ok && !again)
            return fail(done.outcome);
        sent_again_ += again ? 1 : 0;
        if (done.tag == flush_tag)
            return again ? disk_->flush(flush_tag) : Result<>{};
        const u64 cell = done.tag;
        if (steps_[cell] == Step::writing)
            return again ? write(cell, std::move(done.buffer)) : read(cell, std::move(done.buffer));
        if (again)
            return read(cell, std::move(done.buffer));
        steps_[cell] = Step::idle;
        return compare(cell, done.buffer.bytes());
    }

    Result<> compare(u64 cell, std::span<std::byte> data)
    {
        for (u32 i = 0; i < options_.cell_sectors; ++i) {
            const block::Stamp wanted{first_of(cell) + i, versions_[cell], options_.client};
            if (block::stamp_of(sector_in(data, i)) != wanted) {
                wrong_ = wanted.sector;
                return fail(Errc::device_fault);
            }
        }
        return {};
    }

    static std::span<std::byte, block::sector_bytes> sector_in(std::span<std::byte> data, u32 n)
    {
        return data.subspan(usize{n} * block::sector_bytes).first<block::sector_bytes>();
    }

    block::Disk* disk_;
    Options options_;
    u64 next_ = 0;       // write
    u64 last_read_ = 0;  // cell, once all is written
    u64 completions_ = 0;
    std::optional<u64> wrong_;
    u32 sent_again_ = 0;
    bool flushed_ = false;
    std::array<u32, max_cells> versions_{};
    std::array<Step, max_cells> steps_{};
};

}  // namespace vsh
