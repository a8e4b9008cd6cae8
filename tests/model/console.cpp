// tests/model/console.cpp - a console device.
#include <algorithm>

#include <model/console.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

// 5.3.3: bits; 5.3.4: offsets
constexpr u64 has_size = 1 << 0;
constexpr u64 has_ports = 1 << 1;
constexpr u64 has_emergency = 1 << 2;
constexpr u32 at_cols = 0;
constexpr u32 at_rows = 2;
constexpr u32 at_max_ports = 4;
constexpr u32 at_emergency = 8;

template <class T>
std::vector<u8> bytes_of(const T& value)
{
    const auto* from = reinterpret_cast<const u8*>(&value);
    return {from, from + sizeof value};
}

}  // namespace

Console::Console(World& world, ConsoleOptions options)
    : output(options.ports.size()),
      ready(options.ports.size()),
      world_{&world},
      options_{std::move(options)},
      config_(12),
      input_(options_.ports.size())
{
    set_field<u16>(config_, at_cols, options_.cols);
    set_field<u16>(config_, at_rows, options_.rows);
    set_field<u32>(config_, at_max_ports, options_.multiport ? options_.max_ports : 1);
}

u64 Console::features() const
{
    return (options_.size ? has_size : 0) | (options_.multiport ? has_ports : 0)
           | (options_.emergency ? has_emergency : 0);
}

u16 Console::queues() const
{
    return options_.multiport ? static_cast<u16>(2 * options_.max_ports + 2) : 2;
}

u32 Console::config_width(u32 offset) const
{
    return offset == at_cols || offset == at_rows             ? 2
           : offset == at_max_ports || offset == at_emergency ? 4
                                                              : 0;
}

// Also before the driver accepted anything (5.3.4).
bool Console::config_writable(u32 offset) const
{
    return offset == at_emergency && options_.emergency;
}

void Console::config_written(u32)
{
    emergency += static_cast<char>(field<u32>(config_, at_emergency));
}

void Console::reset()
{
    features_ = 0;
    messages_.clear();
    std::ranges::fill(ready, false);
}

bool Console::controls(u16 index) const { return on(has_ports) && (index == 2 || index == 3); }

bool Console::pending(u16 index) const
{
    if (index % 2 != 0)
        return false;
    if (controls(index))
        return !messages_.empty();
    return port_of(index) < input_.size() && !input_[port_of(index)].empty();
}

void Console::work(u16 index, Queue& queue)
{
    if (index == 2 && controls(index))
        give_messages(queue);
    else if (controls(index))
        hear(queue);
    else if (index % 2 == 0)
        give(port_of(index), queue);
    else
        take(port_of(index), queue);
}

void Console::give(u32 port, Queue& queue)
{
    while (port < input_.size() && !input_[port].empty()) {
        const auto chain = queue.pop();
        if (!chain)
            return;
        if (chain->readable() != 0)
            complain("a buffer for input that is to be read");
        std::string& text = input_[port];
        const u64 written = scatter(world_->memory, *chain, 0,
                                    {reinterpret_cast<const u8*>(text.data()), text.size()});
        text.erase(0, written);
        queue.push(*chain, static_cast<u32>(written));
    }
}

void Console::take(u32 port, Queue& queue)
{
    while (const auto chain = queue.pop()) {
        if (chain->writable() != 0)
            complain("a buffer for output that is for writing");
        const auto bytes = gather(world_->memory, *chain);
        if (port < output.size())
            output[port].append(bytes.begin(), bytes.end());
        else
            complain("output to a port that is not there");
        queue.push(*chain, 0);
    }
}

void Console::say(Message message, const std::vector<u8>& more)
{
    if (const auto told = world_->lies.tell(Lie::port_beyond))
        message.port = static_cast<u32>(*told);
    auto bytes = bytes_of(message);
    bytes.insert(bytes.end(), more.begin(), more.end());
    messages_.push_back(std::move(bytes));
}

void Console::give_messages(Queue& queue)
{
    for (; !messages_.empty(); messages_.pop_front()) {
        const auto chain = queue.pop();
        if (!chain)
            return;
        if (chain->readable() != 0 || chain->writable() < sizeof(Message))
            complain("a buffer for messages that is to be read, or is too short");
        const u64 written = scatter(world_->memory, *chain, 0, messages_.front());
        queue.push(*chain, static_cast<u32>(written));
    }
}

void Console::hear(Queue& queue)
{
    while (const auto chain = queue.pop()) {
        const auto bytes = gather(world_->memory, *chain);
        if (chain->writable() != 0 || bytes.size() != sizeof(Message))
            complain("a control message that is none");
        else
            obey(field<Message>(bytes, 0));
        queue.push(*chain, 0);
    }
}

// 5.3.6.2
void Console::obey(const Message& message)
{
    heard.push_back(message);
    if (message.event == device_ready) {
        for (u32 port = 0; message.value == 1 && port < options_.ports.size(); ++port)
            say({port, device_add, 1});
        return;
    }
    if (message.port >= options_.ports.size()
        || (message.event != port_ready && message.event != port_open))
        return complain("a control message of a port that is not there, or of the device's");
    if (message.event != port_ready)
        return;
    ready[message.port] = message.value == 1;
    const ConsolePort& port = options_.ports[message.port];
    if (port.console)
        say({message.port, console_port, 1});
    if (port.console && on(has_size))
        set_size(options_.cols, options_.rows);
    if (!port.name.empty())
        say({message.port, port_name, 1}, {port.name.begin(), port.name.end()});
    say({message.port, port_open, 1});
}

void Console::set_size(u16 cols, u16 rows)
{
    const bool changes = cols != options_.cols || rows != options_.rows;
    options_.cols = cols;
    options_.rows = rows;
    if (on(has_ports)) {
        say({0, resize, 1}, bytes_of(std::array{cols, rows}));
        return;
    }
    set_field<u16>(config_, at_cols, cols);
    set_field<u16>(config_, at_rows, rows);
    if (changes && on(has_size))
        tell_config_changed();
}

}  // namespace model
