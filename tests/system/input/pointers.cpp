// pointers.cpp - mouse and tablet.
#include "suite.hpp"

namespace {

using namespace suite;
using check::equals;
using check::that;

void pointers_say_what_they_are()
{
    Opened mouse{"mouse0"};
    Opened tablet{"tablet0"};
    that(text::of(mouse.info().name) == "QEMU Virtio Mouse", "another mouse");
    that(text::of(tablet.info().name) == "QEMU Virtio Tablet", "another tablet");
    that(mouse.info().device_class == input::Class::mouse, "no mouse");
    that(tablet.info().device_class == input::Class::tablet, "no tablet");
    for (const u32 axis : {0u, 1u}) {
        const auto range = check::need(tablet.axis(axis));
        that(range.min == 0 && range.max == 32767, "another range");
        check::fails(mouse.axis(axis), Errc::not_found);
    }
}

void motion_comes()
{
    Opened mouse{"mouse0"};
    for (i32 n = 1; n <= 100; ++n) {
        ask("move", static_cast<u64>(n), static_cast<u64>(n));  // n to the right, n up
        that(is(mouse.take(), input::Type::rel, 0, n) && is(mouse.take(), input::Type::rel, 1, -n)
                 && is_end(mouse.take()),
             "another motion");
    }
}

// A ring of 128 takes 42 of these packets; of what comes then nothing is lost.
void motion_is_added_up()
{
    Opened mouse{"mouse0", {.entries = 128}};
    Opened quick{"mouse0"};
    i64 sent = 0;
    for (u64 n = 1; n <= 200; ++n) {
        ask("move", n, n);
        sent += static_cast<i64>(n);
        for (u32 i = 0; i < 3; ++i)
            (void)quick.take();
    }
    i64 x = 0;
    i64 y = 0;
    while (x < sent) {
        const Event event = mouse.take();
        x += event.type == input::Type::rel && event.code == 0 ? event.value : 0;
        y += event.type == input::Type::rel && event.code == 1 ? event.value : 0;
        that(event.type != input::Type::syn || event.code == 0, "motion was dropped");
        if (event.type == input::Type::syn)
            that(y == -x, "half a frame");
    }
    equals(static_cast<u64>(x), static_cast<u64>(sent));
    that(check::need(mouse.stats()).coalesced > 0, "nothing was added up");
}

void positions_come()
{
    Opened tablet{"tablet0"};
    for (const u64 x : std::to_array<u64>({1, 32767, 0, 12345, 20000})) {
        const auto y = static_cast<i32>(32767 - x / 2);
        ask("point", x, static_cast<u64>(y));
        that(is(tablet.take(), input::Type::abs, 0, static_cast<i32>(x))
                 && is(tablet.take(), input::Type::abs, 1, y) && is_end(tablet.take()),
             "another position");
        const auto state = check::need(tablet.state());
        that(state.axes[0] == static_cast<i32>(x) && state.axes[1] == y, "another state");
    }
}

// QEMU gives clicks to one of the two.
void clicks_come()
{
    Opened mouse{"mouse0"};
    Opened tablet{"tablet0"};
    for (const u64 down : {u64{1}, u64{0}}) {
        ask("click", down, 0);
        Opened* heard = nullptr;
        for (const abi::Ticks end = check::patience(); heard == nullptr && sys::now() < end;)
            for (Opened* one : {&mouse, &tablet})
                if (heard == nullptr)
                    if (const auto event = one->next(sys::after_ms(1))) {
                        is(*event, input::Type::key, 0x110, static_cast<i32>(down));
                        heard = one;
                    }
        if (that(heard != nullptr, "no click"))
            is_end(heard->take());
    }
}

constexpr check::Case cases[] = {
    {"mouse and tablet say what they are", pointers_say_what_they_are},
    {"motion comes as it was sent", motion_comes, check::Runs::once},
    {"motion that finds no room is added up", motion_is_added_up, check::Runs::once},
    {"positions come as they were sent", positions_come, check::Runs::once},
    {"a click comes from one of the pointers", clicks_come, check::Runs::once},
};

}  // namespace

constinit const check::Cases suite::pointer_cases{cases};
