// scripted_driver.cpp - a server that accesses the registers of its device as its argument says,
// says Ready, and answers nothing.
//
// The argument has words wOFFSET=VALUE[/BYTES] and rOFFSET[/BYTES], in hexadecimal.
#include <string_view>

#include <proto/names.hpp>
#include <sys/device.hpp>
#include <sys/serve.hpp>
#include <sys/session.hpp>

namespace {

// Hexadecimal, up to what is no digit.
u32 number(std::string_view text)
{
    constexpr std::string_view digits = "0123456789abcdef";
    u32 value = 0;
    for (const char c : text) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos)
            break;
        value = value * 16 + static_cast<u32>(digit);
    }
    return value;
}

// What follows `mark`, if it is there.
u32 number_after(std::string_view text, char mark, u32 otherwise)
{
    const auto at = text.find(mark);
    return at == std::string_view::npos ? otherwise : number(text.substr(at + 1));
}

Result<> obey(sys::Borrowed<sys::Device> device, std::string_view word)
{
    const u32 offset = number(word.substr(1));
    const auto width = static_cast<sys::Width>(number_after(word, '/', 4));
    if (word.front() == 'w')
        return sys::write_register(device, offset, number_after(word, '=', 0), width);
    return sys::read_register(device, offset, width).transform([](u32) {});
}

Result<> obey_all(sys::Borrowed<sys::Device> device, std::string_view script)
{
    while (!script.empty()) {
        const auto end = std::min(script.find(' '), script.size());
        if (const auto done = obey(device, script.substr(0, end)); !done)
            return done;
        script.remove_prefix(std::min(end + 1, script.size()));
    }
    return {};
}

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto device = given.grant<sys::Device>("device");
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!device || !endpoint)
        return fail(Errc::not_found);
    if (const auto done = obey_all(*device, given.argument(0)); !done)
        return done;
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, 0};
    for (;;)
        if (const auto event = inbox.next(); !event)
            return fail(event.error());
}
