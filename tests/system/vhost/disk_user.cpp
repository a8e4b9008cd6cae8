// disk_user.cpp - writes pieces of a disk, reads them back and compares, round after round; tries
// again what failed. Arguments: rounds, requests at a time, milliseconds to wait for one. Prints
// one line:
//
//   ok        requests that succeeded, and were compared if they read
//   failed    that ended with an error, and were tried again
//   stuck     that did not end in three times that time; they stay the device's
//   wrong     that read something else than was written
//   left      pieces that could not be written or read at all
//   resets    of the device, as the server counts them; or why it does not answer
#include <charconv>
#include <optional>

#include <block/disk.hpp>
#include <block/pattern.hpp>
#include <sys/log.hpp>
#include <sys/startup.hpp>
#include <sys/time.hpp>

namespace {

constexpr u32 piece_bytes = 4096;
constexpr u32 piece_sectors = piece_bytes / block::sector_bytes;
constexpr u32 most_at_a_time = 16;
constexpr u32 most_attempts = 8;
constexpr u32 most_waits = 3;

struct Tally {
    u32 ok = 0;
    u32 failed = 0;
    u32 stuck = 0;
    u32 wrong = 0;
    u32 left = 0;
};

class User {
public:
    User(block::Disk& disk, u32 at_a_time, u32 patience_ms)
        : disk_{&disk}, at_a_time_{at_a_time}, patience_ms_{patience_ms}
    {
    }

    // False: there is nothing left to go on with.
    bool round(u64 number)
    {
        round_ = number;
        pass(block::Op::write);
        pass(block::Op::read);
        return tally_.stuck < at_a_time_ && !lost_;
    }

    const Tally& tally() const { return tally_; }

private:
    u64 sector(u32 piece) const
    {
        const u64 pieces = disk_->info().capacity.raw() / piece_sectors;
        return (round_ * at_a_time_ + piece) % pieces * piece_sectors;
    }

    // Every piece once, and again what failed.
    void pass(block::Op op)
    {
        ++pass_;
        u32 todo = (u32{1} << at_a_time_) - 1;
        for (u32 attempt = 0; attempt < most_attempts && todo != 0 && !lost_; ++attempt) {
            const u32 sent = submit(op, todo);
            if (sent == 0)
                break;
            todo &= ~collect(op, sent);
        }
        tally_.left += static_cast<u32>(std::popcount(todo));
    }

    u32 submit(block::Op op, u32 todo)
    {
        u32 sent = 0;
        for (u32 piece = 0; piece < at_a_time_; ++piece) {
            auto buffer = disk_->buffer();
            if ((todo >> piece & 1) == 0 || !buffer)
                continue;
            const auto bytes = buffer->bytes().first(piece_bytes);
            std::ranges::fill(bytes, std::byte{0});
            if (op == block::Op::write)
                block::pattern::fill(bytes, round_, sector(piece));
            const u64 tag = u64{pass_} << 32 | piece;
            const block::Sector first{sector(piece)};
            const auto submitted = op == block::Op::write
                                       ? disk_->write(tag, first, piece_sectors, std::move(*buffer))
                                       : disk_->read(tag, first, piece_sectors, std::move(*buffer));
            sent |= submitted ? u32{1} << piece : 0;
        }
        return sent;
    }

    // The set of those that succeeded.
    u32 collect(block::Op op, u32 sent)
    {
        u32 good = 0;
        for (u32 left = sent, waits = 0; left != 0;) {
            const auto done = disk_->wait(sys::after_ms(patience_ms_));
            if (!done && ++waits < most_waits)
                continue;  // the server was asked to look, and may be on another CPU
            if (!done) {
                tally_.stuck += static_cast<u32>(std::popcount(left));
                return good;
            }
            if (done->tag >> 32 != pass_)
                continue;  // was stuck, and came late
            const u32 bit = u32{1} << (done->tag & 31);
            left &= ~bit;
            good |= judge(op, *done) ? bit : 0;
        }
        return good;
    }

    bool judge(block::Op op, const block::Completion& done)
    {
        lost_ = lost_ || done.outcome == Errc::gave_up || done.outcome == Errc::peer_restarted;
        if (done.outcome != Errc::ok) {
            ++tally_.failed;
            return false;
        }
        const u64 first = sector(static_cast<u32>(done.tag & 31));
        const auto bytes = done.buffer.bytes().first(piece_bytes);
        if (op == block::Op::read && block::pattern::mismatch(bytes, round_, first)) {
            ++tally_.wrong;
            return false;
        }
        ++tally_.ok;
        return true;
    }

    block::Disk* disk_;
    u32 at_a_time_;
    u32 patience_ms_;
    u64 round_ = 0;
    u32 pass_ = 0;
    bool lost_ = false;
    Tally tally_;
};

u32 number(std::string_view digits, u32 otherwise)
{
    u32 value = otherwise;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

void report(const Tally& tally, block::Disk& disk)
{
    std::array<char, 160> room{};
    text::Writer line{room};
    line.field("ok", tally.ok)
        .field("failed", tally.failed)
        .field("stuck", tally.stuck)
        .field("wrong", tally.wrong)
        .field("left", tally.left);
    if (const auto stats = disk.stats())
        line.field("resets", stats->resets);
    else
        line.field("resets", sys::error_name(stats.error()));
    sys::out(line.view());
}

[[clang::no_destroy]] std::optional<block::Disk> disk;

}  // namespace

int app_main(const sys::Startup& given)
{
    const u32 rounds = number(given.argument(0), 20);
    const u32 at_a_time = std::min(number(given.argument(1), 8), most_at_a_time);
    const u32 patience_ms = number(given.argument(2), 20'000);
    disk.emplace();
    const block::Options options{
        .depth = 2 * at_a_time, .buffers = 2 * at_a_time, .buffer_bytes = piece_bytes};
    if (const auto opened = disk->open(given, "disk0", options); !opened) {
        sys::out(sys::error_name(opened.error()));
        return 1;
    }
    User user{*disk, at_a_time, patience_ms};
    for (u32 round = 0; round < rounds && user.round(round);)
        ++round;
    report(user.tally(), *disk);
    return 0;
}
