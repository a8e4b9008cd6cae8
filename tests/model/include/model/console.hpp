// model/console.hpp - a console device (virtio 1.2, 5.3): port 0, and others with MULTIPORT.
//
// Queues: receive and transmit of port 0, the same of control messages, then of ports 1, 2, ...
#pragma once

#include <array>
#include <deque>
#include <string>

#include <model/device.hpp>

namespace model {

struct ConsolePort {
    std::string name{};
    bool console = true;
};

struct ConsoleOptions {
    u16 cols = 80;
    u16 rows = 25;
    u32 max_ports = 4;  // with MULTIPORT
    bool size = true;
    bool multiport = false;
    bool emergency = true;
    std::vector<ConsolePort> ports{{"console0"}};
};

class Console : public Device {
public:
    enum Event : u16 {
        device_ready = 0,
        device_add = 1,
        device_remove = 2,
        port_ready = 3,
        console_port = 4,
        resize = 5,
        port_open = 6,
        port_name = 7,
    };
    struct Message {
        u32 port;
        u16 event;
        u16 value;
        bool operator==(const Message&) const = default;
    };

    explicit Console(World& world, ConsoleOptions options = {});

    u32 id() const override { return 3; }
    u64 features() const override;
    u16 queues() const override;
    std::span<u8> config() override { return config_; }
    u32 config_width(u32 offset) const override;
    bool config_writable(u32 offset) const override;
    void config_written(u32 offset) override;
    void work(u16 index, Queue& queue) override;
    bool pending(u16 index) const override;
    void reset() override;

    // Somebody types; Mmio::poll() delivers it.
    void type(const std::string& text, u32 port = 0) { input_.at(port) += text; }
    // The window changes: an interrupt, and a message with MULTIPORT.
    void set_size(u16 cols, u16 rows);
    void say(Message message, const std::vector<u8>& more = {});

    std::vector<std::string> output;  // of each port
    std::string emergency;            // written to emerg_wr
    std::deque<Message> heard;        // control messages of the driver
    std::vector<bool> ready;          // ports that the driver declared ready

private:
    bool on(u64 feature) const { return (features_ & feature) != 0; }
    void complain(const char* what) { world_->complaints.add(std::string{"console: "} + what); }
    u32 port_of(u16 index) const { return index < 2 ? 0 : index / 2u - 1; }
    bool controls(u16 index) const;
    void give(u32 port, Queue& queue);
    void take(u32 port, Queue& queue);
    void give_messages(Queue& queue);
    void hear(Queue& queue);
    void obey(const Message& message);

    World* world_;
    ConsoleOptions options_;
    std::vector<u8> config_;
    std::vector<std::string> input_;
    std::deque<std::vector<u8>> messages_;
};

}  // namespace model
