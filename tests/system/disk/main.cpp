// main.cpp - blkd's operations, windows and sizes on QEMU's devices.
#include <algorithm>

#include <block/blocking.hpp>
#include <block/pattern.hpp>
#include <check/check.hpp>

namespace {

using block::Sector;
using check::equals;
using check::fails;
using check::that;
using check::works;

constexpr u64 piece_sectors = 64;
using Piece = std::array<std::byte, piece_sectors * block::sector_bytes>;
constinit Piece piece{};

struct Opened : block::Disk {
    explicit Opened(std::string_view service,
                    const block::Options& options = {.depth = 8, .buffers = 8})
    {
        works(open(check::given(), service, options));
    }
    block::Blocking blocking{*this};
};

void write_pattern(Opened& disk, u64 first, u64 seed)
{
    block::pattern::fill(piece, seed, first);
    works(disk.blocking.write(Sector{first}, piece));
}

bool all(std::span<const std::byte> bytes, std::byte value)
{
    return std::ranges::all_of(bytes, [=](std::byte each) { return each == value; });
}

void zeroes_are_read()
{
    Opened disk{"disk0"};
    for (const bool unmap : {false, true}) {
        write_pattern(disk, 128, 5);
        works(disk.blocking.write_zeroes(Sector{136}, 40, unmap));
        works(disk.blocking.read(Sector{128}, piece));
        that(all(std::span{piece}.subspan(8 * 512, 40 * 512), {}), "something is not zero");
        that(!block::pattern::mismatch(std::span{piece}.first(8 * 512), 5, 128)
                 && !block::pattern::mismatch(std::span{piece}.subspan(48 * 512), 5, 176),
             "a neighbour changed");
    }
}

void discards_keep_to_their_range()
{
    Opened disk{"disk0"};
    that(disk.range_limits().max_discard_sectors != 0, "no discard");
    write_pattern(disk, 128, 6);
    works(disk.blocking.discard(Sector{136}, 40));
    works(disk.blocking.discard(Sector{0}, 128));
    works(disk.blocking.read(Sector{128}, piece));
    that(!block::pattern::mismatch(std::span{piece}.first(8 * 512), 6, 128)
             && !block::pattern::mismatch(std::span{piece}.subspan(48 * 512), 6, 176),
         "a neighbour changed");
    fails(disk.blocking.discard(Sector{disk.capacity().raw() - 1}, 2), Errc::out_of_range);
    fails(disk.blocking.write_zeroes(Sector{~u64{0}}, 2, false), Errc::out_of_range);
}

// What one request ended with.
Errc outcome(Opened& disk)
{
    const auto done = disk.wait(check::patience());
    return done ? done->outcome : done.error();
}

void too_long_is_refused()
{
    Opened disk{"disk0"};
    const auto& limits = disk.range_limits();
    works(disk.discard(1, Sector{0}, limits.max_discard_sectors + 1));
    that(outcome(disk) != Errc::ok, "more than the device takes");
    works(disk.write_zeroes(1, Sector{0}, 0, false));
    equals(outcome(disk), Errc::bad_argument);
}

void serial_comes_from_the_device()
{
    Opened disk{"disk0"};
    works(disk.get_id(1, std::move(*disk.buffer())));
    const auto done = check::need(disk.wait(check::patience()));
    equals(done.outcome, Errc::ok);
    const std::string_view wanted{"block-test-disk-0\0\0\0", 20};
    const auto* told = reinterpret_cast<const char*>(done.buffer.bytes().data());
    that(std::string_view{told, 20} == wanted, "another serial number");
}

void fua_and_flush_succeed_in_both_modes()
{
    Opened disk{"disk0"};
    for (const bool cached : {false, true}) {
        works(disk.set_write_cache(cached));
        equals(disk.write_cache(), cached);
        equals((disk.info().flags & proto::block::InfoFlags::fua_emulated) != 0, cached);
        works(disk.write_fua(1, Sector{9}, 8, std::move(*disk.buffer())));
        equals(outcome(disk), Errc::ok);
        works(disk.blocking.flush());
    }
    Opened other{"big0"};
    fails(other.set_write_cache(false), Errc::denied);
}

void blocks_of_4096()
{
    Opened disk{"big0"};
    equals(disk.info().logical_block, 4096U);
    write_pattern(disk, 64, 7);
    works(disk.blocking.read(Sector{64}, piece));
    that(!block::pattern::mismatch(piece, 7, 64), "something else was read");
    for (const auto [first, count] : {std::pair{1U, 8U}, {8U, 1U}, {4U, 4U}}) {
        works(disk.write(1, Sector{first}, count, std::move(*disk.buffer())));
        equals(outcome(disk), Errc::bad_argument);
    }
    works(disk.blocking.pwrite(64 * 512 + 1000, std::array{std::byte{0xaa}}));
    works(disk.blocking.read(Sector{64}, piece));
    that(piece[1000] == std::byte{0xaa}, "a byte was not written");
}

void who_may_read_writes_nothing()
{
    Opened disk{"data0"};
    that(disk.read_only(), "it may write");
    works(disk.blocking.read(Sector{0}, piece));
    fails(disk.blocking.write(Sector{0}, piece), Errc::read_only);
    fails(disk.blocking.discard(Sector{0}, 8), Errc::read_only);
    fails(disk.set_write_cache(false), Errc::denied);
}

void windows_hold()
{
    Opened disk{"disk0"};
    write_pattern(disk, 256, 8);
    Opened window{"disk0", {.depth = 8, .buffers = 8, .first = Sector{264}, .count = 48}};
    equals(window.capacity().raw(), u64{48});
    std::array<std::byte, usize{48} * 512> mine;
    mine.fill(std::byte{0x55});
    works(window.blocking.write(Sector{0}, mine));
    works(window.write(1, Sector{48}, 1, std::move(*window.buffer())));
    equals(outcome(window), Errc::out_of_range);
    works(window.write(1, Sector{~u64{0} - 263}, 8, std::move(*window.buffer())));
    equals(outcome(window), Errc::out_of_range);
    works(disk.blocking.read(Sector{256}, piece));
    that(all(std::span{piece}.subspan(8 * 512, 48 * 512), std::byte{0x55}), "not written");
    that(!block::pattern::mismatch(std::span{piece}.first(8 * 512), 8, 256)
             && !block::pattern::mismatch(std::span{piece}.subspan(56 * 512), 8, 312),
         "the window has a hole");
}

// The host makes the disk larger, step by step, while requests are in flight all the time.
void resizes_are_heard()
{
    Opened disk{"disk0"};
    const u64 before = disk.bytes();
    for (u64 step = 1; step <= 8; ++step) {
        const u64 wanted = before + (step << 20);
        text::Buffer<80> line;
        sys::out(line.put("host: resize disk0 ").number(wanted).view());
        const abi::Ticks deadline = check::patience();
        u64 requests = 0;
        while (disk.bytes() != wanted && sys::now() < deadline) {
            if (auto buffer = disk.buffer();
                buffer && disk.read(1, Sector{requests++ % 1000 * 8}, 8, std::move(*buffer)))
                continue;
            equals(outcome(disk), Errc::ok);
        }
        while (disk.outstanding() != 0)
            equals(outcome(disk), Errc::ok);
        equals(disk.bytes(), wanted);
        write_pattern(disk, wanted / 512 - piece_sectors, step);
        works(disk.blocking.read(Sector{wanted / 512 - piece_sectors}, piece));
        that(!block::pattern::mismatch(piece, step, wanted / 512 - piece_sectors), "not there");
    }
}

// Nothing is in flight, and nobody asks.
void who_sleeps_hears_of_a_resize()
{
    Opened disk{"disk0"};
    const u64 before = disk.bytes();
    text::Buffer<80> line;
    sys::out(line.put("host: resize disk0 ").number(before + (1 << 20)).view());
    const auto woken = sys::wait(disk.notification(), check::patience());
    that(woken && woken->any(abi::Bits::at(0)), "not rung");
    equals(disk.bytes(), before + (1 << 20));
}

void a_cancelled_request_gives_its_buffer_back()
{
    Opened disk{"disk0", {.depth = 2, .buffers = 1, .buffer_bytes = 4096}};
    works(disk.read(1, Sector{0}, 8, std::move(*disk.buffer())));
    disk.kick();
    works(disk.cancel(1));
    fails(disk.cancel(1), Errc::not_found);
    fails(disk.wait(check::patience()), Errc::not_found);  // it came back, and nobody was told
    that(disk.buffer().has_value(), "the buffer is gone");
}

constexpr std::array cases{
    check::Case{"B15: zeroes that the device makes are read as zeroes", zeroes_are_read},
    check::Case{"B14: a discard keeps to its range", discards_keep_to_their_range},
    check::Case{"B14, B15: what is longer than the device takes is refused", too_long_is_refused},
    check::Case{"B26: the serial number comes from the device", serial_comes_from_the_device},
    check::Case{"B6, B26: FUA and flush succeed with and without a cache",
                fua_and_flush_succeed_in_both_modes},
    check::Case{"B3: blocks of 4096 bytes are reported and kept to", blocks_of_4096},
    check::Case{"B4: a program whose table says ro writes nothing", who_may_read_writes_nothing},
    check::Case{"a session with a part of the disk reaches no other", windows_hold},
    check::Case{"B11: a cancelled request gives its buffer back",
                a_cancelled_request_gives_its_buffer_back},
    check::Case{"B2: a disk that grows under load is of its new size", resizes_are_heard,
                check::Runs::once},
    check::Case{"B2: who sleeps hears of a new size", who_sleeps_hears_of_a_resize,
                check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
