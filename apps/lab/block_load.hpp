// lab/block_load.hpp - a disk under load: cells of eight sectors are written with rising versions,
// flushed now and then, and read back; each sector says whose it is, where, and which version.
//
// A read must give the last version that was acknowledged. One with a wrong checksum, or that says
// another sector, is wrong data that shows; another version, or the data of an older trial, is a
// lost write: any checksum would be right.
#pragma once

#include <block/disk.hpp>
#include <block/stamp.hpp>
#include <lab/findings.hpp>
#include <lab/order.hpp>

namespace lab {

class BlockLoad {
public:
    static constexpr u32 cells = 16;
    static constexpr u32 cell_sectors = 8;
    static constexpr u32 rounds = 2;
    static constexpr u64 regions = 1024;
    static constexpr u64 region_sectors = u64{cells} * cell_sectors;

    BlockLoad(const sys::Startup& given, const Order& order, const Trial& trial)
        : given_{&given}, order_{order}, client_{trial.number + 1}
    {
    }

    Result<> open();
    // Starts what can be started and takes one completion; gives up waiting for one after a while.
    // False: all is done.
    bool step();
    // One more request, checked, when no other is outstanding. Errors: device_fault, timed_out; the
    // outcome of a request.
    Result<> probe();
    void close() { disk_.close(); }

    const Findings& findings() const { return findings_; }
    // Of the server that did what was done last.
    u32 instance() const { return disk_.restarts(); }
    // What the host finds on the medium: all of the region in its last version. Only if nothing
    // went wrong.
    bool sealed() const { return sealed_; }
    u64 first() const { return u64{client_} % regions * region_sectors; }
    u32 client() const { return client_; }

private:
    enum class Step : u8 { idle, writing, reading, given_up };
    static constexpr u64 flush_tag = cells;
    static constexpr u32 writes = cells * rounds;
    static constexpr u32 flush_every = 8;

    bool start();
    bool submit(block::Op op, u64 cell);
    void take(block::Completion done);
    void ended(u64 cell, Errc outcome, std::span<std::byte> data);
    void compare(u64 cell, std::span<std::byte> data);
    u64 first_of(u64 cell) const { return first() + cell * cell_sectors; }
    void unanswered();
    Result<> carry_out(block::Op op);

    const sys::Startup* given_;
    Order order_;
    u32 client_;
    block::Disk disk_;
    Findings findings_;
    u32 next_ = 0;       // write
    u32 last_read_ = 0;  // cell, once all is written
    bool flushing_ = false;
    bool flushed_ = false;
    bool sealed_ = false;
    std::array<u32, cells> versions_{};  // of the last write that was sent
    std::array<Step, cells> steps_{};
};

}  // namespace lab
