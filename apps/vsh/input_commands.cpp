// vsh/input_commands.cpp - input ...
#include "shell.hpp"

#include <input/device.hpp>
#include <proto/names.hpp>

namespace vsh {

namespace {

constexpr u64 patience_ms = 10'000;  // for an event
constexpr u32 virtio_input = 18;

std::string_view name_of(input::Class device_class)
{
    switch (device_class) {
    case input::Class::keyboard:
        return "keyboard";
    case input::Class::mouse:
        return "mouse";
    case input::Class::tablet:
        return "tablet";
    case input::Class::other:
        break;
    }
    return "other";
}

std::string_view name_of_type(u16 type)
{
    switch (type) {
    case input::Type::syn:
        return "SYN";
    case input::Type::key:
        return "KEY";
    case input::Type::rel:
        return "REL";
    case input::Type::abs:
        return "ABS";
    case input::Type::led:
        return "LED";
    default:
        return "?";
    }
}

// A name of the device: any bytes, until the first zero.
void put_name(text::Writer& line, std::span<const char> name)
{
    for (const char c : name) {
        if (c == 0)
            return;
        line.put(c >= 0x20 && c < 0x7f ? c : '?');
    }
}

void show(const sys::Startup& given, std::string_view service)
{
    input::Device device;
    Line line;
    line.left(service, 16);
    if (const auto opened = device.open(given, service); !opened) {
        print(line.put(sys::error_name(opened.error())));
        return;
    }
    line.left(name_of(device.info().device_class), 10);
    put_name(line, device.info().name);
    print(line);
}

Result<> watch(input::Device& device, u64 count)
{
    for (; count != 0; --count) {
        const auto event = device.next(sys::after_ms(patience_ms));
        if (!event)
            return fail(event.error());
        Line line;
        line.put(name_of_type(event->type)).put(' ').number(event->code).put(' ');
        line.number_signed(event->value);
        print(line);
    }
    return {};
}

void show_bits(std::string_view title, std::span<const u8> bits)
{
    Line line;
    line.put(title);
    for (u32 code = 0; code < 8 * bits.size(); ++code)
        if ((bits[code / 8] >> code % 8 & 1) != 0)
            line.put(' ').number(code);
    print(line);
}

Result<> show_state(input::Device& device)
{
    const auto state = device.state();
    if (!state)
        return fail(state.error());
    show_bits("keys", state->keys);
    const std::array leds{static_cast<u8>(state->leds), static_cast<u8>(state->leds >> 8)};
    show_bits("leds", leds);
    for (u32 code = 0; code < state->axes.size(); ++code) {
        const auto axis = device.axis(code);
        if (!axis)
            continue;
        Line line;
        line.put("axis ").number(code).put(' ');
        line.number_signed(state->axes[code]);
        line.put(" of ");
        line.number_signed(axis->min);
        line.put("..");
        line.number_signed(axis->max);
        print(line);
    }
    return {};
}

Result<> carry_out(input::Device& device, const Command& command)
{
    switch (command.verb) {
    case Verb::input_watch:
        return watch(device, command.count);
    case Verb::input_led: {
        const u32 bit = u32{1} << command.led;
        return device.set_leds(bit, command.on ? bit : 0);
    }
    case Verb::input_state:
        return show_state(device);
    default:
        return fail(Errc::not_supported);
    }
}

}  // namespace

Status Shell::input_list()
{
    const auto init = given_->grant<sys::Endpoint>("names");
    if (!init)
        return complain("input list", init.error());
    for (u32 index = 0;; ++index) {
        const auto answer = sys::call<proto::names::Device>(*init, {index, 0});
        if (!answer)
            return answer.error() == Errc::out_of_range ? Status::done
                                                        : complain("input list", answer.error());
        if (answer->reply.virtio_id == virtio_input && !text::of(answer->reply.owner).empty())
            show(*given_, text::of(answer->reply.name));
    }
}

Status Shell::input(const Command& command)
{
    text::Buffer<64> title;
    title.put("input ").put(command.device.substr(0, 32));
    input::Device device;
    auto done = device.open(*given_, command.device);
    if (done)
        done = carry_out(device, command);
    return done ? Status::done : complain(title.view(), done.error());
}

}  // namespace vsh
