// init/black_box.cpp - black boxes as log lines.
#include "black_box.hpp"

#include <sys/log.hpp>
#include <sys/time.hpp>

namespace init {

namespace {

using Box = abi::BlackBox;

constexpr u64 most_events = 4;  // more say little, and each is a line to wait for

void print_event(std::string_view program, const Box::Event& event)
{
    using Field = sys::LogField;
    const u64 at_us = sys::nanoseconds(abi::Ticks{event.at}) / 1000;
    const auto say = [&](std::string_view what, const auto&... fields) {
        sys::log(sys::Level::error, "black box",
                 {{"program", program}, {"at_us", at_us}, {"event", what}, fields...});
    };
    const Field badge{"badge", text::Hex{event.value}};
    const Field ordinal{"ordinal", event.detail & 0xffff};
    const u32 answer = event.detail >> 16;
    switch (event.what) {
    case Box::What::message:
        return answer == Box::unanswered
                   ? say("message", badge, ordinal, Field{"answer", "none"})
                   : say("message", badge, ordinal, Field{"answer", static_cast<Errc>(answer)});
    case Box::What::gone:
        return say("gone", badge);
    case Box::What::reset:
        return say("reset", Field{"times", event.value});
    case Box::What::leaves:
        return say("leaves");
    case Box::What::nothing:
        break;
    }
    say("damaged");
}

}  // namespace

void print_box(std::string_view program, const abi::BlackBox& box)
{
    const u64 count = box.count;
    const u64 shown = std::min<u64>({count, most_events, box.events.size()});
    for (u64 n = count - shown; n != count; ++n)
        print_event(program, box.events[n % box.events.size()]);
}

}  // namespace init
