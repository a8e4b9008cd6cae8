// demo/main.cpp - a first look at a running system: a disk, a scratch disk, random bytes, a
// keyboard, and who is there.
//
// It writes to scratch0 only, never to disk0: that may be a disk of the user's. Exit status 0, or 1
// with the reason.
#include <block/blocking.hpp>
#include <block/pattern.hpp>
#include <block/stream.hpp>
#include <input/device.hpp>
#include <proto/names.hpp>
#include <random/random.hpp>
#include <sys/log.hpp>

namespace {

using Line = text::Buffer<200>;

constexpr u64 written_sectors = 2048;  // 1 MiB
constexpr block::Options options{.depth = 16, .buffers = 16, .buffer_bytes = 32 * 1024};

void print(const text::Writer& line) { sys::out(line.view()); }

Result<> show_disk(const sys::Startup& given)
{
    block::Disk disk;
    if (const auto opened = disk.open(given, "disk0", options); !opened)
        return opened;
    Line line;
    line.put("disk0: ").number(disk.info().capacity.raw()).put(" sectors, ");
    line.number(disk.bytes() >> 10)
        .put(" KiB, ")
        .put(disk.read_only() ? "read-only" : "read-write");
    line.put(", serial ");
    for (const u8 c : disk.info().serial)
        if (c != 0)
            line.put(c > 0x20 && c < 0x7f ? static_cast<char>(c) : '?');
    print(line);
    return {};
}

// Writes a pattern that nobody can have left there, flushes, and reads it back.
Result<> use_scratch(const sys::Startup& given, u64 seed)
{
    block::Disk disk;
    if (const auto opened = disk.open(given, "scratch0", options); !opened)
        return opened;
    const u64 count = std::min(written_sectors, disk.info().capacity.raw());
    const auto fill = [&](u64 sector, std::span<std::byte> data) {
        block::pattern::fill(data, seed, sector);
    };
    if (const auto written = block::write_range(disk, 0, count, fill); !written)
        return written;
    if (const auto flushed = block::Blocking{disk}.flush(); !flushed)
        return flushed;

    bool same = true;
    const auto compare = [&](u64 sector, std::span<const std::byte> data) {
        return same = !block::pattern::mismatch(data, seed, sector);
    };
    if (const auto read = block::read_range(disk, 0, count, compare); !read)
        return read;
    if (!same)
        return fail(Errc::device_fault);
    Line line;
    print(line.put("scratch0: wrote ").number(count / 2).put(" KiB, flushed, read back: the same"));
    return {};
}

Result<> show_random(const sys::Startup& given, u64& seed)
{
    auto source = random_bytes::Source::open(given, "rng0");
    if (!source)
        return fail(source.error());
    std::array<u8, 32> bytes{};
    if (const auto filled = source->fill(bytes, sys::after_ms(10'000)); !filled)
        return filled;
    std::memcpy(&seed, bytes.data(), sizeof(seed));
    if (const auto filled = source->fill(bytes, sys::after_ms(10'000)); !filled)
        return filled;
    Line line;
    line.put("rng0: ");
    for (const u8 each : bytes)
        line.hex(each, 2);
    print(line);
    return {};
}

// Lights its Caps Lock LED, and puts it out again.
Result<> show_keyboard(const sys::Startup& given)
{
    input::Device keyboard;
    if (const auto opened = keyboard.open(given, "kbd0"); !opened)
        return opened;
    const auto keys = keyboard.codes(input::Type::key);
    if (!keys)
        return fail(keys.error());
    u32 count = 0;
    for (u32 code = 0; code < proto::input::key_codes; ++code)
        count += input::has(*keys, code) ? 1 : 0;
    constexpr u32 caps_lock = 1 << 1;
    for (const u32 lit : {caps_lock, u32{0}})
        if (const auto set = keyboard.set_leds(caps_lock, lit); !set)
            return set;
    Line line;
    print(line.put("kbd0: ").number(count).put(" keys"));
    return {};
}

Result<> show_programs(const sys::Startup& given)
{
    const auto init = given.grant<sys::Endpoint>("names");
    if (!init)
        return fail(init.error());
    sys::out("NAME            BINARY          STATE     FRAMES      HANDLES");
    for (u32 index = 0;; ++index) {
        const auto answer = sys::call<proto::names::Process>(*init, {index, 0});
        if (!answer)
            return answer.error() == Errc::out_of_range ? Result<>{} : fail(answer.error());
        const auto& each = answer->reply;
        Line line;
        line.left(text::of(each.name), 16)
            .left(text::of(each.binary), 16)
            .left(proto::names::state_name(each.state), 8);
        line.number(each.frames_used, 8)
            .put('/')
            .number(each.frames_limit)
            .put("  ")
            .number(each.handles_used, 5);
        print(line);
    }
}

// True: the step worked.
bool passed(std::string_view step, const Result<>& outcome)
{
    if (outcome)
        return true;
    Line line;
    print(line.put("demo: ").put(step).put(" failed: ").put(sys::error_name(outcome.error())));
    return false;
}

}  // namespace

int app_main(const sys::Startup& given)
{
    u64 seed = 0;
    const bool good = passed("disk0", show_disk(given)) && passed("rng0", show_random(given, seed))
                      && passed("scratch0", use_scratch(given, seed))
                      && passed("kbd0", show_keyboard(given)) && passed("ps", show_programs(given));
    sys::out(good ? "demo: all good" : "demo: stopped");
    return good ? 0 : 1;
}
