// model/blk.hpp - a block device (virtio 1.2, 5.2) backed by bytes.
#pragma once

#include <functional>
#include <set>
#include <string>

#include <model/device.hpp>

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
    bool legacy_lengths = false;  // counts the bytes of the whole chain, as old devices do
    std::string serial = "model-disk";
};

class Blk : public Device {
public:
    explicit Blk(World& world, BlkOptions options = {});

    u32 id() const override { return 2; }
    u64 features() const override;
    std::span<u8> config() override { return config_; }
    u32 config_width(u32 offset) const override;
    void work(u16 index, Queue& queue) override;
    void reset() override { held_.clear(); }

    // The config field `capacity`; the medium stays as it is.
    void set_capacity(u64 sectors);
    void set_config32(u32 offset, u32 value);

    // With `hold`, requests wait here until they are finished, in any order.
    bool hold = false;
    usize held() const { return held_.size(); }
    void finish(Queue& queue, usize which);

    std::vector<u8> medium;
    std::set<u64> bad_sectors;  // reading or writing one is an I/O error
    u64 requests = 0;
    u64 flushes = 0;
    u64 unflushed_writes = 0;

private:
    struct Request;

    void execute(Queue& queue, const Chain& chain);
    u8 carry_out(const Request& request);
    u8 transfer(const Request& request, bool write);

    World* world_;
    BlkOptions options_;
    std::vector<u8> config_;
    std::vector<Chain> held_;
};

}  // namespace model
