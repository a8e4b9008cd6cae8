// ending/main.cpp - ends as its first argument says: "status N", "spin", "crash", "panic".
#include <charconv>

#include <sys/log.hpp>
#include <sys/panic.hpp>
#include <sys/startup.hpp>

namespace {

// Says nothing, ever.
[[gnu::noinline]] void spin_silently()
{
    for (;;)
        asm volatile("yield");  // spins here
}

[[gnu::noinline]] int read_what_is_not_there(const volatile int* address)
{
    return *address + 1;  // crashes here
}

int number(std::string_view digits)
{
    int value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

}  // namespace

int app_main(const sys::Startup& given)
{
    constexpr std::string_view status = "status ";
    const auto how = given.argument(0);
    if (how.starts_with(status))
        return number(how.substr(status.size()));
    if (how == "spin")
        spin_silently();
    if (how == "crash")
        return read_what_is_not_there(nullptr) + 1;
    if (how == "panic")
        sys::panic("the test wants it so");  // panics here
    sys::out("how to end? status N, spin, crash, panic");
    return 119;
}
