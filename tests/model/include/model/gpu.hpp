// model/gpu.hpp - a graphics device without 3D (virtio 1.2, 5.7); a test can read the pixels that
// somebody would see.
//
// Queues: control, cursor. Commands are answered in order, at once, or one by one with `hold`.
#pragma once

#include <array>
#include <map>
#include <vector>

#include <model/device.hpp>

namespace model {

struct Rect {
    u32 x = 0;
    u32 y = 0;
    u32 width = 0;
    u32 height = 0;
    bool operator==(const Rect&) const = default;
};

struct GpuOptions {
    std::vector<Rect> displays{{0, 0, 640, 480}};  // one for each scanout; of no width: disabled
    bool edid = true;
    u64 memory = 64 << 20;  // for pixels of resources
};

class Gpu : public Device {
public:
    explicit Gpu(World& world, GpuOptions options = {});

    u32 id() const override { return 16; }
    u64 features() const override { return options_.edid ? 2 : 0; }
    u16 queues() const override { return 2; }
    std::span<u8> config() override { return config_; }
    u32 config_width(u32 offset) const override { return offset % 4 == 0 ? 4 : 0; }
    bool config_writable(u32 offset) const override { return offset == 4; }
    void config_written(u32 offset) override;
    void work(u16 index, Queue& queue) override;
    void reset() override;

    // A display changes its size, as when a window is dragged: an event in the configuration.
    void set_display(u32 scanout, Rect rect);

    // What is seen at a place: 0xrrggbb. Nothing (black) before a flush.
    u32 pixel(u32 scanout, u32 x, u32 y) const;
    Rect shown(u32 scanout) const { return scanouts_.at(scanout).rect; }
    usize resources() const { return resources_.size(); }

    struct Cursor {
        u32 scanout = 0;
        u32 x = 0;
        u32 y = 0;
        u32 resource = 0;
        u32 hot_x = 0;
        u32 hot_y = 0;
        bool operator==(const Cursor&) const = default;
    };
    Cursor cursor;

    // With `hold`, control commands wait until finish() answers the first of them.
    bool hold = false;
    usize held() const { return held_.size(); }
    void finish(Queue& queue);
    u64 commands = 0;

private:
    struct Resource {
        u32 format;
        u32 width;
        u32 height;
        std::vector<u8> pixels;  // four bytes each
        std::vector<Piece> backing;
    };
    struct Scanout {
        Rect rect{};
        u32 resource = 0;
        std::vector<u32> seen{};
    };
    using Bytes = std::vector<u8>;

    void complain(const char* what) { world_->complaints.add(std::string{"gpu: "} + what); }
    void execute(Queue& queue, const Chain& chain);
    Bytes answer(const Bytes& request);
    Bytes display_info() const;
    Bytes edid(u32 scanout);
    u32 create(const Bytes& request);
    u32 unref(u32 id);
    u32 attach(const Bytes& request);
    u32 detach(u32 id);
    u32 set_scanout(const Bytes& request);
    u32 transfer(const Bytes& request);
    u32 flush(const Bytes& request);
    u32 move_cursor(const Bytes& request, bool changes);
    Resource* resource(u32 id);
    u64 copy_from(const Resource& resource, u64 offset, std::span<u8> to) const;

    World* world_;
    GpuOptions options_;
    Bytes config_;
    std::map<u32, Resource> resources_;
    std::vector<Scanout> scanouts_;
    std::vector<Chain> held_;
    u64 used_memory_ = 0;
};

}  // namespace model
