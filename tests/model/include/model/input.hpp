// model/input.hpp - an input device (virtio 1.2, 5.8): keyboards, mice, tablets.
#pragma once

#include <deque>
#include <map>
#include <string>

#include <model/device.hpp>

namespace model {

struct InputEvent {
    u16 type;
    u16 code;
    u32 value;
    bool operator==(const InputEvent&) const = default;
};
static_assert(sizeof(InputEvent) == 8);

struct AbsInfo {
    u32 min = 0;
    u32 max = 0;
    u32 fuzz = 0;
    u32 flat = 0;
    u32 resolution = 0;
};

struct InputOptions {
    std::string name = "model keyboard";
    std::string serial = "k0";
    std::array<u16, 4> ids{6, 0x0627, 1, 1};  // bus type, vendor, product, version
    std::vector<u8> properties{};             // bitmap
    std::map<u8, std::vector<u16>> codes{};   // of each event type
    std::map<u8, AbsInfo> axes{};
    bool drops = false;  // packets that find too few buffers, as QEMU does; otherwise they wait

    static InputOptions keyboard();
    static InputOptions mouse();
    static InputOptions tablet();
};

class Input : public Device {
public:
    explicit Input(World& world, InputOptions options = InputOptions::keyboard());

    u32 id() const override { return 18; }
    u16 queues() const override { return 2; }
    std::span<u8> config() override { return config_; }
    u32 config_width(u32 offset) const override;
    bool config_writable(u32 offset) const override { return offset < 2; }
    void config_written(u32 offset) override;
    void work(u16 index, Queue& queue) override;
    bool pending(u16 index) const override { return index == 0 && !events_.empty(); }
    void reset() override;

    // What happens at once; SYN_REPORT is added. Mmio::poll() delivers it.
    void send(const std::vector<InputEvent>& packet);

    u64 dropped = 0;                // events
    std::map<u16, bool> leds;       // what the driver set
    std::deque<InputEvent> status;  // all that came from the driver

private:
    void complain(const char* what) { world_->complaints.add(std::string{"input: "} + what); }
    std::vector<u8> answer() const;
    void give_events(Queue& queue);
    void take_status(Queue& queue);

    World* world_;
    InputOptions options_;
    std::vector<u8> config_;
    std::deque<std::vector<InputEvent>> events_;
    std::deque<Chain> buffers_;
};

}  // namespace model
