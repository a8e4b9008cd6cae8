// tests/model/input.cpp - an input device.
#include <algorithm>

#include <model/input.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

// 5.8.4: where things are in the configuration space, and what can be selected
constexpr u32 at_size = 2;
constexpr u32 at_answer = 8;
constexpr u32 answer_bytes = 128;
enum Select : u8 {
    id_name = 0x01,
    id_serial = 0x02,
    id_devids = 0x03,
    prop_bits = 0x10,
    ev_bits = 0x11,
    abs_info = 0x12,
};

// Linux' numbers, which the specification refers to
constexpr u16 syn = 0;
constexpr u16 key = 1;
constexpr u16 rel = 2;
constexpr u16 abs = 3;
constexpr u16 led = 0x11;
constexpr u16 rep = 0x14;

std::vector<u16> from_to(u16 first, u16 last)
{
    std::vector<u16> codes;
    for (u16 code = first; code <= last; ++code)
        codes.push_back(code);
    return codes;
}

// As long as its last byte that is not zero.
std::vector<u8> bitmap(const std::vector<u16>& codes)
{
    std::vector<u8> bits;
    for (const u16 code : codes) {
        bits.resize(std::max<usize>(bits.size(), code / 8 + 1u));
        bits[code / 8] |= static_cast<u8>(1u << code % 8);
    }
    return bits;
}

template <class T>
std::vector<u8> bytes_of(const T& value)
{
    const auto* from = reinterpret_cast<const u8*>(&value);
    return {from, from + sizeof value};
}

}  // namespace

InputOptions InputOptions::keyboard()
{
    InputOptions options;
    options.codes = {{key, from_to(1, 248)}, {led, {0, 1, 2}}, {rep, {0, 1}}};
    return options;
}

InputOptions InputOptions::mouse()
{
    InputOptions options{.name = "model mouse", .serial = "m0", .ids = {6, 0x0627, 2, 1}};
    options.codes = {{key, from_to(0x110, 0x114)}, {rel, {0, 1, 8}}};
    return options;
}

InputOptions InputOptions::tablet()
{
    InputOptions options{.name = "model tablet", .serial = "t0", .ids = {6, 0x0627, 3, 1}};
    options.codes = {{key, from_to(0x110, 0x114)}, {rel, {8}}, {abs, {0, 1}}};
    options.axes = {{u8{0}, {.max = 32767}}, {u8{1}, {.max = 32767}}};
    return options;
}

Input::Input(World& world, InputOptions options)
    : world_{&world}, options_{std::move(options)}, config_(at_answer + answer_bytes)
{
}

// The answer is text or a bitmap, unless it is something with fields.
u32 Input::config_width(u32 offset) const
{
    const u32 width = config_[0] == id_devids ? 2 : config_[0] == abs_info ? 4 : 1;
    if (offset < 3)
        return 1;
    return offset >= at_answer && offset % width == 0 ? width : 0;
}

std::vector<u8> Input::answer() const
{
    const u8 which = config_[1];
    const bool alone = which == 0;  // has no subsel
    switch (config_[0]) {
    case id_name:
        return alone ? std::vector<u8>{options_.name.begin(), options_.name.end()}
                     : std::vector<u8>{};
    case id_serial:
        return alone ? std::vector<u8>{options_.serial.begin(), options_.serial.end()}
                     : std::vector<u8>{};
    case id_devids:
        return alone ? bytes_of(options_.ids) : std::vector<u8>{};
    case prop_bits:
        return alone ? options_.properties : std::vector<u8>{};
    case ev_bits:
        return options_.codes.contains(which) ? bitmap(options_.codes.at(which))
                                              : std::vector<u8>{};
    case abs_info: {
        if (!options_.axes.contains(which))
            return {};
        AbsInfo axis = options_.axes.at(which);
        if (world_->lies.tell(Lie::axis_backwards))
            axis.min = axis.max + 1;
        return bytes_of(axis);
    }
    default:
        return {};
    }
}

void Input::config_written(u32)
{
    auto bytes = answer();
    bytes.resize(std::min<usize>(bytes.size(), answer_bytes));
    std::ranges::fill(config_.begin() + at_size, config_.end(), u8{0});
    std::ranges::copy(bytes, config_.begin() + at_answer);
    config_[at_size] = static_cast<u8>(bytes.size());
    if (const auto told = world_->lies.tell(Lie::config_size))
        config_[at_size] = static_cast<u8>(*told);
    tell_config_changed();  // as QEMU does
}

void Input::reset()
{
    std::ranges::fill(config_, u8{0});
    events_.clear();
    buffers_.clear();
    leds.clear();
}

void Input::work(u16 index, Queue& queue)
{
    if (index == 0)
        give_events(queue);
    else
        take_status(queue);
}

void Input::send(const std::vector<InputEvent>& packet)
{
    auto all = packet;
    if (!world_->lies.tell(Lie::event_without_syn))
        all.push_back({syn, 0, 0});
    events_.push_back(std::move(all));
}

// Packets are delivered whole or not at all.
void Input::give_events(Queue& queue)
{
    while (auto chain = queue.pop()) {
        if (chain->readable() != 0 || chain->writable() < sizeof(InputEvent))
            complain("an event buffer that can be read only, or is too short");
        buffers_.push_back(std::move(*chain));
    }
    for (; !events_.empty(); events_.pop_front()) {
        if (buffers_.size() < events_.front().size()) {
            if (!options_.drops)
                return;
            dropped += events_.front().size();
            continue;
        }
        for (InputEvent event : events_.front()) {
            if (const auto told = world_->lies.tell(Lie::event_unknown))
                event = {static_cast<u16>(*told >> 16), static_cast<u16>(*told), event.value};
            const u64 written = scatter(world_->memory, buffers_.front(), 0, bytes_of(event));
            const auto told = world_->lies.tell(Lie::event_short);
            queue.push(buffers_.front(), static_cast<u32>(told.value_or(written)));
            buffers_.pop_front();
        }
    }
}

void Input::take_status(Queue& queue)
{
    while (const auto chain = queue.pop()) {
        const auto bytes = gather(world_->memory, *chain);
        if (chain->writable() != 0 || bytes.size() != sizeof(InputEvent))
            complain("a status buffer that is not one event to be read");
        const auto event = field<InputEvent>(bytes, 0);
        status.push_back(event);
        if (event.type == led && options_.codes.contains(led)
            && std::ranges::contains(options_.codes.at(led), event.code))
            leds[event.code] = event.value != 0;
        queue.push(*chain, 0);
    }
}

}  // namespace model
