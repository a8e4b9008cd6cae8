// suite.hpp - what the cases of this system share: their devices, and how they ask the host.
#pragma once

#include <check/check.hpp>
#include <input/device.hpp>

namespace suite {

using input::Event;

// One line for the host, which does as it says before it reads the next one (typist.hpp).
inline void ask(std::string_view what)
{
    text::Buffer<80> line;
    sys::out(line.put("host: ").put(what).view());
}
inline void ask(std::string_view what, u64 a, u64 b)
{
    text::Buffer<80> line;
    ask(line.put(what).put(' ').number(a).put(' ').number(b).view());
}

struct Opened : input::Device {
    explicit Opened(std::string_view service, const input::Options& options = {})
    {
        check::works(open(check::given(), service, options));
    }
    // The next event; it must come.
    Event take(const check::Where& where = check::Where::current())
    {
        return check::need(next(check::patience()), where);
    }
};

inline bool is(const Event& event,
               u16 type,
               u16 code,
               i32 value,
               const check::Where& where = check::Where::current())
{
    const bool same = event.type == type && event.code == code && event.value == value;
    if (!same) {
        text::Buffer<80> line;
        line.put("type ").number(event.type).put(" code ").number(event.code).put(" value ");
        check::failed(line.number_signed(event.value).view(), where);
    }
    return same;
}
inline bool is_end(const Event& event, const check::Where& where = check::Where::current())
{
    return is(event, input::Type::syn, input::Syn::report, 0, where);
}
// SYN_DROPPED and what belongs to it.
inline bool is_loss(Opened& device, const check::Where& where = check::Where::current())
{
    return is(device.take(where), input::Type::syn, input::Syn::dropped, 0, where)
           && is_end(device.take(where), where);
}

// Linux's codes of the keys that the host types: 1 to 0, q to p, a to l, z to m.
constexpr u32 typed_keys = 36;
constexpr u16 typed_key(u32 n)
{
    constexpr std::array<u16, 4> first{2, 16, 30, 44};
    constexpr std::array<u32, 4> before{0, 10, 20, 29};
    const u32 key = n % typed_keys;
    const usize row = key < 10 ? 0 : key < 20 ? 1 : key < 29 ? 2 : 3;
    return static_cast<u16>(first[row] + key - before[row]);
}
// The n-th event of the pattern: key n / 2 goes down, then up.
inline bool is_typed(const Event& event, u64 n, const check::Where& where = check::Where::current())
{
    return is(event, input::Type::key, typed_key(static_cast<u32>(n / 2 % typed_keys)),
              n % 2 == 0 ? 1 : 0, where);
}

extern const check::Cases key_cases;
extern const check::Cases pointer_cases;
extern const check::Cases restart_cases;
extern const check::Cases pair_cases;

}  // namespace suite
