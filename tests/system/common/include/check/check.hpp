// check/check.hpp - test cases on the booted system. Each is a sentence and a function; the verdict
// of the run is the exit code of the program that runs them.
//
//     PASS a handle that was closed names nothing
//     FAIL a handle that was closed names nothing: got ok, wanted bad_handle, handles.cpp:41
//
// Every case runs twice, and what the second run leaves behind (frames, handles, objects) is a
// failure too: the first one may fill tables that the process keeps.
#pragma once

#include <concepts>
#include <initializer_list>
#include <source_location>
#include <span>
#include <string_view>

#include <base/text.hpp>
#include <sys/log.hpp>
#include <sys/startup.hpp>
#include <sys/time.hpp>

namespace check {

enum class Runs : u8 { twice, once };

struct Case {
    std::string_view sentence;
    void (*body)();
    Runs runs = Runs::twice;  // once: a long one that looks for leaks itself
};

using Cases = std::span<const Case>;

// Runs them; 0 if nothing failed, else 1. The program's arguments, if it has any, select cases by a
// part of their sentence.
int run(const sys::Startup& given, std::initializer_list<Cases> groups);
// The same for a program whose arguments mean something else.
int run_all(const sys::Startup& given, std::initializer_list<Cases> groups);

// What the program was given.
const sys::Startup& given();
sys::Borrowed<sys::Process> self();

using Where = std::source_location;

// How often something may be tried that a busy host, which stops the machine whenever it likes, can
// spoil. A system whose arguments select such cases runs under -icount, where nothing can: once.
inline int tries(int on_a_host) { return given().argument(0).empty() ? on_a_host : 1; }

// The deadline of what must happen. A host that is busy may stop the machine for longer than one
// would think, so nothing that a test expects has a nearer one.
inline abi::Ticks patience() { return sys::after_ms(5'000); }

// The running case has failed; it goes on.
void failed(std::string_view why, const Where& where);
// The running case is left out, and why.
void skip(std::string_view why);
// The program cannot go on.
[[noreturn]] void stop(std::string_view why, const Where& where);

inline bool that(bool holds, std::string_view what, const Where& where = Where::current())
{
    if (!holds)
        failed(what, where);
    return holds;
}

namespace detail {

using Line = text::Buffer<160>;

void put(Line& line, Errc value);
void put(Line& line, u64 value);
inline void put(Line& line, abi::Rights value) { put(line, u64{value.raw}); }
inline void put(Line& line, abi::Bits value) { put(line, value.raw); }
inline void put(Line& line, std::string_view value) { line.quoted(value); }
template <class T>
    requires(std::is_enum_v<T>)
void put(Line& line, T value)
{
    put(line, static_cast<u64>(value));
}

template <class T>
Errc error_of(const Result<T>& result)
{
    return result ? Errc::ok : result.error();
}

}  // namespace detail

template <class T>
bool equals(const T& got,
            const std::type_identity_t<T>& wanted,
            const Where& where = Where::current())
{
    if (got == wanted)
        return true;
    detail::Line line;
    line.put("got ");
    detail::put(line, got);
    line.put(", wanted ");
    detail::put(line, wanted);
    failed(line.view(), where);
    return false;
}

// The call failed, and for this reason.
template <class T>
bool fails(const Result<T>& got, Errc wanted, const Where& where = Where::current())
{
    return equals(detail::error_of(got), wanted, where);
}

template <class T>
bool works(const Result<T>& got, const Where& where = Where::current())
{
    return equals(detail::error_of(got), Errc::ok, where);
}

// A value that the rest of the case cannot do without.
template <class T>
T need(Result<T> got, const Where& where = Where::current())
{
    if (!got)
        stop(sys::error_name(got.error()), where);
    if constexpr (!std::is_void_v<T>)
        return std::move(*got);
}

// Numbers that look random and are the same in every run (xorshift64).
class Random {
public:
    constexpr explicit Random(u64 seed) : state_{seed == 0 ? 1 : seed} {}

    u64 next()
    {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    u64 below(u64 limit) { return next() % limit; }

private:
    u64 state_;
};

}  // namespace check
