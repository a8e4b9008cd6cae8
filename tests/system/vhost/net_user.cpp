// net_user.cpp - sends frames to a peer that sends them back, some at a time, and compares what
// comes back. Arguments: rounds, frames of a round, milliseconds to wait for what is missing of a
// round. Prints one line:
//
//   ok        frames that came back as they were sent, in their round
//   missing   frames that did not
//   late      frames of an earlier round
//   wrong     frames that nobody sent, or sent so
//   lost      what the server said of frames that it may have sent or not
//   malformed, resets   of the device, as the server counts
//   why       the error at which it ended, otherwise ok
#include <charconv>
#include <cstring>

#include <net/interface.hpp>
#include <sys/log.hpp>
#include <sys/startup.hpp>
#include <sys/time.hpp>

namespace {

constexpr u16 frame_type = 0x88b5;  // for experiments
constexpr usize header_bytes = 14;
constexpr usize least_bytes = 64;
constexpr u32 lengths = 1400;

u32 number_of(std::string_view digits, u32 otherwise)
{
    u32 value = otherwise;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

struct Tally {
    u32 ok = 0;
    u32 missing = 0;
    u32 late = 0;
    u32 wrong = 0;
};

struct Station {
    net::Interface nic;
    Tally tally;
    std::array<bool, 64> back{};  // of this round

    // Of number n: a header from and to this device, n, and a pattern; its length follows from n.
    static usize length_of(u32 n) { return least_bytes + n * 37 % lengths; }
    static std::byte pattern(u32 n, usize at) { return static_cast<std::byte>(n * 7 + at); }

    void write(u32 n, std::span<std::byte> bytes) const
    {
        const auto& mac = nic.info().mac;
        std::memset(bytes.data(), 0x02, mac.size());  // the peer's, which takes all
        std::memcpy(&bytes[mac.size()], mac.data(), mac.size());
        bytes[12] = static_cast<std::byte>(frame_type >> 8);
        bytes[13] = static_cast<std::byte>(frame_type & 0xff);
        std::memcpy(&bytes[header_bytes], &n, sizeof(n));
        for (usize at = header_bytes + sizeof(n); at < bytes.size(); ++at)
            bytes[at] = pattern(n, at);
    }

    // Its number, if it is one that write() made.
    static std::optional<u32> read(std::span<const std::byte> bytes)
    {
        if (bytes.size() < least_bytes)
            return std::nullopt;
        u32 n = 0;
        std::memcpy(&n, &bytes[header_bytes], sizeof(n));
        bool same = bytes.size() == length_of(n);
        for (usize at = header_bytes + sizeof(n); same && at < bytes.size(); ++at)
            same = bytes[at] == pattern(n, at);
        return same ? std::optional{n} : std::nullopt;
    }

    Result<> send(u32 n, abi::Ticks deadline)
    {
        auto frame = nic.frame();
        while (!frame) {
            if (const auto waited = nic.wait_sent(deadline); !waited)
                return waited;
            frame = nic.frame();
        }
        frame->resize(length_of(n));
        write(n, frame->bytes());
        return nic.send(std::move(*frame));
    }

    void take(std::span<const std::byte> bytes, u32 first, u32 count)
    {
        const auto n = read(bytes);
        if (!n || *n >= first + count || (*n >= first && back[*n - first]))
            ++tally.wrong;
        else if (*n < first)
            ++tally.late;
        else
            back[*n - first] = true;
    }

    // Frames first .. first + count - 1, there and back.
    Result<> round(u32 first, u32 count, u32 patience_ms)
    {
        back.fill(false);
        const auto deadline = sys::after_ms(patience_ms);
        for (u32 n = 0; n < count; ++n)
            if (const auto sent = send(first + n, deadline); !sent)
                return sent.error() == Errc::timed_out ? Result<>{} : sent;
        const auto done = [&] { return std::ranges::count(back, true) == count; };
        while (!done()) {
            if (const auto arrival = nic.receive()) {
                take(arrival->frame.bytes(), first, count);
                continue;
            }
            if (const auto woken = nic.wait(deadline); !woken)
                return woken.error() == Errc::timed_out ? Result<>{} : woken;
        }
        return {};
    }

    Result<> run(u32 rounds, u32 count, u32 patience_ms)
    {
        for (u32 i = 0; i < rounds; ++i) {
            const auto went = round(i * count, count, patience_ms);
            const auto good = static_cast<u32>(std::ranges::count(back, true));
            tally.ok += good;
            tally.missing += count - good;
            if (!went)
                return went;
        }
        return {};
    }
};

}  // namespace

int app_main(const sys::Startup& given)
{
    Station station;
    const u32 rounds = number_of(given.argument(0), 20);
    const u32 count = std::min<u32>(number_of(given.argument(1), 8), station.back.size());
    const u32 patience_ms = number_of(given.argument(2), 20'000);
    if (const auto open = station.nic.open(given, "nic0"); !open) {
        sys::out(sys::error_name(open.error()));
        return 1;
    }
    const auto went = station.run(rounds, count, patience_ms);
    const auto stats = station.nic.stats();
    std::array<char, 200> room{};
    text::Writer line{room};
    line.field("ok", station.tally.ok).field("missing", station.tally.missing);
    line.field("late", station.tally.late).field("wrong", station.tally.wrong);
    line.field("lost", station.nic.lost());
    line.field("malformed", stats ? stats->malformed : 0)
        .field("resets", stats ? stats->resets : 0);
    line.field("why", sys::error_name(went ? Errc::ok : went.error()));
    sys::out(line.view());
    return 0;
}
