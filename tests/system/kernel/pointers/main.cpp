// pointers/main.cpp - SYS_LOG is the one call with a pointer: each kind of bad one is refused, and
// harms nobody.
#include <check/child.hpp>
#include <check/raw.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

Result<> log(u64 address, u64 bytes, u64 stream = 0)
{
    return sys::perform(abi::Syscall::log, abi::no_slot, address, bytes, stream);
}

u64 address_of(const char* text) { return std::bit_cast<u64>(text); }

constexpr std::array<u64, 14> bad_addresses{
    0,
    8,
    0xffff,
    0x10'0000,              // below the image
    0x7f'ffff'f000,         // the last page of user space
    0x80'0000'0000,         // the first address behind it
    0x0000'8000'0000'0000,  // not canonical
    0x0100'0000'0040'0000,  // a tag above an address of the image
    0xff00'0000'0040'0000,
    0xffff'ff80'4008'0000,  // the kernel's text
    0xffff'ff80'0900'0000,  // its UART
    0xffff'ffff'ffff'f000,
    0xffff'ffff'ffff'ffff,
    0x4008'0000,  // physical addresses are nothing here
};

void bad_pointers()
{
    for (const u64 address : bad_addresses)
        for (const u64 bytes : {u64{1}, u64{17}, abi::log_line_bytes})
            fails(log(address, bytes), Errc::fault);
}

void sizes()
{
    const auto text = address_of("this is refused");
    for (const u64 bytes : {abi::log_line_bytes + 1, u64{4096}, u64{1} << 32, ~u64{0}})
        fails(log(text, bytes), Errc::too_big);
    for (const u64 bytes : {abi::log_line_bytes + 1, ~u64{0}})
        fails(log(0, bytes), Errc::too_big);
    works(log(text, 0));
    works(log(0, 0));
}

void streams()
{
    const auto text = address_of("this is refused");
    for (const u64 stream : {u64{2}, u64{3}, u64{256}, ~u64{0}})
        fails(log(text, 4, stream), Errc::bad_argument);
}

// A line that ends with the last byte of a page is read, one byte more is not.
void ends_of_pages()
{
    const auto memory = need(sys::SharedMemory::create(Bytes{page_bytes}));
    const u64 start = memory.mapping.address().raw();
    const u64 end = start + page_bytes;
    for (const u64 bytes : {u64{1}, u64{2}, u64{100}, abi::log_line_bytes}) {
        std::memset(memory.mapping.bytes().data(), 'x', page_bytes);
        works(log(end - bytes, bytes));
        fails(log(end - bytes + 1, bytes), Errc::fault);
        fails(log(start - 1, bytes), Errc::fault);
    }
    fails(log(end, 1), Errc::fault);
}

// A line may cross from one page to the next, whatever frames they have.
void across_pages()
{
    const auto memory = need(sys::SharedMemory::create(Bytes{3 * page_bytes}));
    std::memset(memory.mapping.bytes().data(), 'y', 3 * page_bytes);
    works(log(memory.mapping.address().raw() + page_bytes - 100, abi::log_line_bytes));
    works(log(memory.mapping.address().raw() + 2 * page_bytes - 1, 2));
}

// Memory that was there and is there no more.
void unmapped_again()
{
    u64 address = 0;
    {
        const auto memory = need(sys::SharedMemory::create(Bytes{page_bytes}));
        address = memory.mapping.address().raw();
        works(log(address, 1));
    }
    fails(log(address, 1), Errc::fault);
}

// What cannot be printed becomes a question mark: nobody forges a line of somebody else.
void forged_lines()
{
    const std::string_view forged =
        "level=info msg=\"x\"\r\nt=0.000001 src=kernel verdict status=0\n\x1b[2J\x80\xff";
    works(log(std::bit_cast<u64>(forged.data()), forged.size()));
    works(log(std::bit_cast<u64>(forged.data()), forged.size(), 1));
}

// Read-only and executable memory is memory too.
void constants_are_read()
{
    works(log(std::bit_cast<u64>(&constants_are_read), 4));
    works(log(address_of("a constant"), 10));
}

void counters_make_sense()
{
    const auto first = need(sys::system_info());
    const auto second = need(sys::system_info());
    that(first.frames_free < first.frames_total, "more frames free than there are");
    that(second.exceptions > first.exceptions, "a call is no exception");
    equals(second.frames_free, first.frames_free);
    equals(second.handles, first.handles);
    that(first.processes >= 2 && first.threads >= 2, "init and this program are two");
    that(first.cpus >= 1 && first.cpus <= first.cpus_present, "no CPU");
    that(first.kernel_bytes > 65'536 && first.kernel_bytes < (u64{64} << 20),
         "the kernel's size is strange");
}

void power_is_inits()
{
    equals(check::raw_error(check::raw_call(abi::Syscall::system_off, check::self().slot)),
           Errc::denied);
    equals(check::raw_error(check::raw_call(abi::Syscall::system_off, abi::no_slot)),
           Errc::bad_handle);
}

constexpr std::array cases{
    check::Case{"no bad pointer is read", bad_pointers},
    check::Case{"a line of more than 240 bytes is refused before it is looked at", sizes},
    check::Case{"a stream that nobody knows is refused", streams},
    check::Case{"a line may end at the end of a page and not beyond", ends_of_pages},
    check::Case{"a line may cross pages", across_pages},
    check::Case{"memory that was unmapped is not read any more", unmapped_again},
    check::Case{"a line cannot pretend to be another's", forged_lines},
    check::Case{"text and constants are read", constants_are_read},
    check::Case{"the counters of the system make sense", counters_make_sense},
    check::Case{"only init ends the run", power_is_inits},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
