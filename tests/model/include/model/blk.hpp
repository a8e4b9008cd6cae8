// model/blk.hpp - a block device (virtio 1.2, 5.2) backed by bytes or a file.
#pragma once

#include <functional>
#include <set>
#include <string>

#include <model/device.hpp>
#include <model/medium.hpp>

namespace model {

struct BlkOptions {
    u64 sectors = 2048;
    u32 block_bytes = 512;
    u8 physical_exponent = 0;
    u32 seg_max = 126;
    bool read_only = false;
    bool offers_flush = true;
    bool offers_seg_max = true;
    bool offers_block_size = true;
    bool writeback = true;
    u16 queues = 1;             // more: offers MQ
    u32 max_discard = 0;        // sectors of a request; not 0: offers DISCARD
    u32 discard_alignment = 0;  // sectors; 0: a block
    u32 max_write_zeroes = 0;   // the same; not 0: offers WRITE_ZEROES
    u32 max_ranges = 8;         // segments of either
    bool write_zeroes_may_unmap = true;
    bool legacy_lengths = false;  // counts the bytes of the whole chain, as old devices do
    std::string serial = "model-disk";
    std::string file{};  // the medium, instead of `sectors` of zeroes
};

class Blk : public Device {
public:
    explicit Blk(World& world, BlkOptions options = {});

    u32 id() const override { return 2; }
    u64 features() const override;
    std::span<u8> config() override { return config_; }
    u16 queues() const override { return options_.queues; }
    u32 config_width(u32 offset) const override;
    bool config_writable(u32 offset) const override;
    void config_written(u32 offset) override;
    void accepted(u64 features) override;
    void work(u16 index, Queue& queue) override;
    void reset() override;

    // The config field `capacity`; the medium stays as it is.
    void set_capacity(u64 sectors);
    // Medium and capacity, and tells the driver.
    void resize(u64 sectors);
    void set_config32(u32 offset, u32 value);
    // From the next negotiation on.
    void set_read_only(bool on) { options_.read_only = on; }

    // With `hold`, requests wait here until they are finished, in any order.
    bool hold = false;
    usize held() const { return held_.size(); }
    void finish(Queue& queue, usize which);

    Medium medium;
    std::set<u64> bad_sectors;  // reading or writing one is an I/O error
    u64 requests = 0;
    u64 flushes = 0;
    u64 unflushed_writes = 0;  // none while the cache writes through
    u64 discarded = 0;         // sectors; they read as 0xdd
    u64 zeroed = 0;            // sectors
    u64 requests_of(u16 queue) const { return requests_of_.at(queue); }

private:
    struct Request;
    struct Range;

    bool on(u64 feature) const { return (features_ & feature) != 0; }
    void complain(const char* what) { world_->complaints.add(std::string{"blk: "} + what); }
    bool writes_through() const;
    bool reachable(u64 sector, u64 sectors) const;
    u8 identify(const Request& request);
    u8 flush_cache(const Request& request);
    u8 change_ranges(const Request& request);
    u8 check_range(const Range& range, bool discards) const;

    void execute(Queue& queue, const Chain& chain);
    u8 carry_out(const Request& request);
    u8 transfer(const Request& request, bool write);

    World* world_;
    BlkOptions options_;
    std::vector<u8> config_;
    std::vector<Chain> held_;
    std::vector<u64> requests_of_;
};

}  // namespace model
