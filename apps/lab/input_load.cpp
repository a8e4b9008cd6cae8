// lab/input_load.cpp - has the host type, and follows.
#include "input_load.hpp"

#include <lab/keys.hpp>
#include <sys/log.hpp>

namespace lab {

namespace {

constexpr u64 patience_ms = 50;
constexpr u32 first_waits = 40;
constexpr u32 later_waits = 2;  // once a loss was told of

}  // namespace

Result<> InputLoad::open() { return device_.open(*given_, order_.victim); }

void InputLoad::type(u64 events)
{
    text::Buffer<60> line;
    line.put("host: type ").number(*typed_).put(' ').number(events);
    *typed_ += events;
    sys::out(line.view());
}

bool InputLoad::step()
{
    if (!waits()) {
        if (asked_ == batches)
            return false;
        ++asked_;
        type(batch);
    }
    drain();
    return findings_.errors == 0;
}

// The next event; if none comes for long, what was typed is not waited for any longer.
void InputLoad::drain()
{
    if (take()) {
        waits_ = 0;
        return;
    }
    (void)victim_->ask(sys::after_ms(patience_ms));
    if (++waits_ < (losses_ == 0 ? first_waits : later_waits))
        return;
    findings_.retries += losses_ == 0 ? 1 : 0;
    abandoned_ = *typed_;
    excused_ = true;
    waits_ = 0;
}

bool InputLoad::take()
{
    const auto event = device_.next(sys::after_ms(patience_ms));
    if (event) {
        look(*event);
        return true;
    }
    if (event.error() == Errc::timed_out)
        return false;
    findings_.error(event.error());
    return true;
}

void InputLoad::look(const input::Event& event)
{
    if (event.type == input::Type::syn && event.code == input::Syn::dropped) {
        excused_ = true;
        ++losses_;
    } else if (event.type == input::Type::syn) {
        excused_ = !std::exchange(pressed_, false) && excused_;
    } else if (event.type == input::Type::key && event.value < 2) {  // no repeat
        look_at_key(event.code, event.value != 0);
    }
}

// After a loss it may be a later one. In the frame that the library makes up then, releases of what
// was held and presses of what is come in the order of their codes.
void InputLoad::look_at_key(u16 code, bool press)
{
    const auto is = [&](u64 n) { return typed_code(n) == code && typed_press(n) == press; };
    u64 n = next_;
    while (excused_ && n < *typed_ && !is(n))
        ++n;
    if (n < *typed_ && is(n)) {
        next_ = n + 1;
        pressed_ = pressed_ || press;
        ++findings_.operations;
    } else if (press || !excused_) {
        findings_.wrong(false, next_);
    }
}

u64 InputLoad::held() const
{
    u64 count = 0;
    for (u64 n = 0; n < typed_names.size(); ++n)
        count += device_.held(typed_code(2 * n)) ? 1 : 0;
    return count;
}

// A key goes down and up, and then none is held.
Result<> InputLoad::probe()
{
    const u32 errors = findings_.errors;  // the load may have seen some
    for (u32 tries = 0; tries < 8; ++tries) {
        const u32 before = findings_.operations;
        type(2);
        while (waits() && findings_.errors == errors)
            drain();
        findings_.lost = static_cast<u32>(*typed_ - first_) - findings_.operations;
        if (next_ == *typed_ && findings_.operations >= before + 2)
            return held() == 0 ? Result<>{} : fail(Errc::busy);
    }
    return fail(Errc::timed_out);
}

}  // namespace lab
