// fuzz/draw.cpp - how the values of each sort are drawn.
#include "draw.hpp"

#include "board.hpp"

#include <abi/boot.hpp>
#include <abi/message.hpp>
#include <sys/time.hpp>

namespace fuzz {

u64 Drawer::keep(abi::Kind kind, u64 handle)
{
    return std::exchange(handles_[static_cast<usize>(kind) % kinds][below(places)], handle);
}

u64 Drawer::some_handle(abi::Kind kind)
{
    const auto k = kind == abi::Kind::none ? 1 + below(kinds - 1) : static_cast<u64>(kind);
    const u64 first = below(places);
    for (u64 i = 0; i < places; ++i)
        if (const u64 known = handles_[k][(first + i) % places]; known != 0)
            return known;
    return 0;
}

u64 Drawer::handle(abi::Kind kind)
{
    switch (below(24)) {
    case 0:
        return number();
    case 1:
        return some_handle(kind) ^ u64 { 1 } << below(46);
    case 2:
    case 3:
        return some_handle(abi::Kind::none);
    case 4:
        return 0;
    default:
        return some_handle(kind);
    }
}

u64 Drawer::address()
{
    if (once_in(4))
        return mapped().address + (once_in(2) ? 0 : below(3) * page_bytes);
    constexpr std::array<u64, 12> bases{0,
                                        0x10000,
                                        abi::image_base,
                                        abi::mapping_base,
                                        abi::mapping_base + 0x10'0000,
                                        0x20'0000'0000,
                                        0x20'4000'0000,
                                        abi::message_base,
                                        abi::user_end,
                                        u64{1} << 47,
                                        drawn_first,
                                        ~u64{0}};
    const u64 base = bases[below(bases.size())];
    return base + below(16) * (once_in(4) ? 8 : page_bytes);
}

// Mostly some pages; seldom so many that a batch is spent zeroing them.
u64 Drawer::bytes()
{
    if (once_in(16))
        return number();
    if (once_in(200))
        return (600 + below(40)) * page_bytes;
    const u64 pages = once_in(2) ? 1 : 1 + below(4);
    return pages * page_bytes + (once_in(12) ? below(page_bytes) : 0);
}

u64 Drawer::number()
{
    switch (below(6)) {
    case 0:
        return random_.next();
    case 1:
        return address();
    case 2:
        return below(8) * page_bytes;
    case 3:
        return u64{1} << below(64);
    case 4:
        return ~u64{0} - below(3);
    default:
        return below(70);
    }
}

// None, one or two.
u64 Drawer::few_rights()
{
    u64 raw = 0;
    for (u64 n = below(3); n > 0; --n)
        raw |= u64{1} << below(13);
    return raw;
}

u64 Drawer::value(Draw what)
{
    if (what == bits)  // they merge with others: no address is among them
        return u64{1} << below(64) | (once_in(3) ? random_.next() >> 16 : 0);
    if (once_in(20))
        return number();
    switch (what) {
    case any:
    case bits:
        return number();
    case process:
        return handle(K::process);
    case process_or_none:
        return once_in(3) ? handle(K::process) : 0;
    case notification:
        return handle(K::notification);
    case notification_or_none:
        return once_in(4) ? 0 : handle(K::notification);
    case memory:
        return handle(K::memory);
    case Draw::handle:
        return handle(K::none);
    case Draw::header:
        return header();
    case rights:
        return once_in(4) ? below(abi::right::all.raw + 1) : few_rights();
    case access:
        return abi::right::read.raw | (u64{abi::right::write.raw} * below(3) & 0x30);
    case few:
        return once_in(2) ? 0 : below(4);
    case small:
        return below(70);
    case Draw::bytes:
        return bytes();
    case offset:
        return once_in(4) ? below(0x400) : below(6) / 3 * below(4) * page_bytes;
    case width:
        return u64{1} << below(4);
    case Draw::address:
        return address();
    case place:
        return once_in(2) ? 0 : 0x20'0000'0000 + below(64) * page_bytes;
    case Draw::entry:
        return once_in(200) ? number() : entry;
    case Draw::stack:
        return once_in(200) ? number() : stack;
    }
    return 0;
}

u64 Drawer::some_handles() { return once_in(3) ? below(6) : 0; }

// An IPC header that mostly makes sense.
u64 Drawer::header()
{
    if (once_in(12))
        return random_.next();
    const u64 size = once_in(4) ? below(520) : below(57);
    return abi::Header::make(static_cast<u16>(below(9)), size, some_handles(), some_handles()).raw;
}

// Long enough for an answer to a call, sometimes.
abi::Ticks Drawer::deadline(abi::Syscall call)
{
    const bool patient = once_in(call == abi::Syscall::call ? 2 : 6);
    if (!patient && once_in(3))
        return abi::now;
    return sys::after(sys::microseconds(below(patient ? 5'000 : 80)));
}

}  // namespace fuzz
