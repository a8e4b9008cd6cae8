// vsh/disk_commands.cpp - blk ...
#include "disk_bench.hpp"
#include "hexdump.hpp"
#include "progress.hpp"
#include "sha256.hpp"
#include "shell.hpp"

#include <block/blocking.hpp>
#include <block/pattern.hpp>
#include <block/stream.hpp>

namespace vsh {

namespace {

// 32 requests of 64 KiB in flight: enough that neither the device nor this program waits for long.
constexpr block::Options options{.depth = 32, .buffers = 32, .buffer_bytes = 64 * 1024};

// The command as the user knows it, for complaints: "blk read disk0".
std::string_view title(const Command& command, text::Writer& into)
{
    for (const Form& form : forms)
        if (form.verb == command.verb)
            into.put(form.group).put(' ').put(form.name).put(' ').put(command.disk.substr(0, 32));
    return into.view();
}

void print_serial(std::string_view before, std::span<const u8> serial)
{
    Line line;
    line.put(before);
    for (const u8 c : serial)
        if (c != 0)
            line.put(c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?');
    print(line);
}

Result<> info(block::Disk& disk)
{
    const auto& about = disk.info();
    Line line;
    print(line.put("capacity        ")
              .number(disk.capacity().raw())
              .put(" sectors, ")
              .number(disk.bytes())
              .put(" bytes"));
    line.rewind(0);
    print(line.put("logical block   ").number(about.logical_block).put(" bytes"));
    line.rewind(0);
    print(line.put("physical block  ").number(about.physical_block).put(" bytes"));
    sys::out(disk.read_only() ? "mode            read-only" : "mode            read-write");
    sys::out(disk.write_cache() ? "cache           write-back" : "cache           write-through");
    line.rewind(0);
    print(line.put("request         ")
              .number(about.max_bytes)
              .put(" bytes, ")
              .number(about.max_runs)
              .put(" runs"));
    line.rewind(0);
    const auto& ranges = disk.range_limits();
    print(line.put("discard, zeroes ")
              .number(ranges.max_discard_sectors)
              .put(", ")
              .number(ranges.max_write_zeroes_sectors)
              .put(" sectors at once"));
    print_serial("serial          ", about.serial);
    return {};
}

Result<> id(block::Disk& disk)
{
    if (const auto asked = disk.get_id(0, *disk.buffer()); !asked)
        return asked;
    const auto done = disk.wait();
    if (!done)
        return fail(done.error());
    if (done->outcome != Errc::ok)
        return fail(done->outcome);
    std::array<u8, proto::block::serial_bytes> serial{};
    std::memcpy(serial.data(), done->buffer.bytes().data(), serial.size());
    print_serial("", serial);
    return {};
}

Result<> bench(block::Disk& disk, const Command& command)
{
    DiskBench reads{disk};
    if (const auto done = reads.run(command.count); !done)
        return done;
    constexpr u64 second_ns = 1'000'000'000;
    Line line;
    line.put("read ").number(command.count).put(" times ").number(reads.bytes_each());
    line.put(" bytes: ").number(command.count * second_ns / reads.whole_ns()).put(" a second, ");
    line.number(reads.sum_ns() / command.count / 1000).put(" us each, ");
    print(line.number(reads.longest_ns() / 1000).put(" us at most"));
    return {};
}

Result<> without_data(block::Disk& disk, const Command& command)
{
    block::Blocking blocking{disk};
    const block::Sector first{command.first};
    return command.verb == Verb::blk_discard
               ? blocking.discard(first, command.count)
               : blocking.write_zeroes(first, command.count, command.verb == Verb::blk_unmap);
}

Result<> sha256(block::Disk& disk, const Command& command)
{
    Sha256 hash;
    const u64 count = command.count != 0 ? command.count : disk.capacity().raw();
    Progress progress{command.first + count};
    const auto take = [&](u64 sector, std::span<const std::byte> data) {
        hash.update(data);
        progress.at(sector);
        return true;
    };
    const auto read = block::read_range(disk, command.first, count, take);
    if (!read)
        return read;
    Line line;
    for (const u8 each : hash.digest())
        line.hex(each, 2);
    print(line.put("  ").put(command.disk));
    return {};
}

Result<> read(block::Disk& disk, const Command& command)
{
    Hexdump dump{command.first * block::sector_bytes};
    const u64 count = command.count != 0 ? command.count : 1;
    const auto done =
        block::read_range(disk, command.first, count, [&](u64, std::span<const std::byte> data) {
            for (; !data.empty(); data = data.subspan(Hexdump::row_bytes))
                if (const auto row = dump.row(data.first(Hexdump::row_bytes)); !row.empty())
                    sys::out(row);
            return true;
        });
    if (done)
        sys::out(dump.end());
    return done;
}

Result<> write(block::Disk& disk, const Command& command)
{
    std::array<std::byte, block::sector_bytes> sector{};
    std::memcpy(sector.data(), command.text.data(), command.text.size());
    if (command.first >= disk.capacity().raw())
        return fail(Errc::out_of_range);
    return block::Blocking{disk}.write(block::Sector{command.first}, sector);
}

Result<> fill(block::Disk& disk, const Command& command)
{
    Progress progress{command.first + command.count};
    const auto put = [&](u64 sector, std::span<std::byte> data) {
        block::pattern::fill(data, command.seed, sector);
        progress.at(sector);
    };
    const auto done = block::write_range(disk, command.first, command.count, put);
    if (done) {
        Line line;
        line.put("filled ").number(command.count).put(" sectors of ").put(command.disk);
        print(line.put(" with the pattern of seed ").number(command.seed));
    }
    return done;
}

Result<> verify(block::Disk& disk, const Command& command, bool& same)
{
    Progress progress{command.first + command.count};
    const auto compare = [&](u64 sector, std::span<const std::byte> data) {
        progress.at(sector);
        const auto at = block::pattern::mismatch(data, command.seed, sector);
        if (!at)
            return true;
        same = false;
        Line line;
        line.put("vsh: blk verify ")
            .put(command.disk)
            .put(": sector ")
            .number(sector + *at / block::sector_bytes);
        print(line.put(", byte ")
                  .number(*at % block::sector_bytes)
                  .put(": not the pattern of the seed"));
        return false;
    };
    const auto done = block::read_range(disk, command.first, command.count, compare);
    if (done && same) {
        Line line;
        line.put("verified ").number(command.count).put(" sectors of ").put(command.disk);
        print(line.put(": all hold the pattern of seed ").number(command.seed));
    }
    return done;
}

Result<> carry_out(block::Disk& disk, const Command& command, bool& same)
{
    switch (command.verb) {
    case Verb::blk_info:
        return info(disk);
    case Verb::blk_sha256:
        return sha256(disk, command);
    case Verb::blk_read:
        return read(disk, command);
    case Verb::blk_write:
        return write(disk, command);
    case Verb::blk_fill:
        return fill(disk, command);
    case Verb::blk_verify:
        return verify(disk, command, same);
    case Verb::blk_flush:
        return block::Blocking{disk}.flush();
    case Verb::blk_discard:
    case Verb::blk_zero:
    case Verb::blk_unmap:
        return without_data(disk, command);
    case Verb::blk_id:
        return id(disk);
    case Verb::blk_bench:
        return bench(disk, command);
    case Verb::blk_cache:
        return disk.set_write_cache(command.on);
    default:
        return fail(Errc::not_supported);
    }
}

}  // namespace

Status Shell::disk(const Command& command)
{
    text::Buffer<64> name;
    block::Disk disk;
    if (const auto opened = disk.open(*given_, command.disk, options); !opened)
        return complain(title(command, name), opened.error());
    if (command.verb == Verb::blk_stress)
        return stress(disk, command);
    bool same = true;
    if (const auto done = carry_out(disk, command, same); !done)
        return complain(title(command, name), done.error());
    return same ? Status::done : Status::failed;
}

}  // namespace vsh
