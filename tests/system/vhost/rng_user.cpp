// rng_user.cpp - draws random bytes until the source was seeded so often, and says how the
// source is. Arguments: seeds, milliseconds to wait for the next. Prints one line:
//
//   seeds     that the source got, the first one included
//   served    1 if bytes came up to the end, with no block of them twice
//   late      how often it waited in vain, and asked again
//   why       the error at which it ended, otherwise ok
//   device    bytes that the source took from its device
#include <charconv>
#include <optional>

#include <random/random.hpp>
#include <sys/log.hpp>
#include <sys/startup.hpp>
#include <sys/time.hpp>

namespace {

using Block = std::array<u8, proto::random::GetMany::max_bytes>;

u32 number(std::string_view digits, u32 otherwise)
{
    u32 value = otherwise;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

constexpr u32 most_late = 3;

// All of a block, asking again when it is late.
Result<> fill(random_bytes::Source& source, Block& block, u32 patience_ms, u32& late)
{
    for (;;) {
        const auto got = source.fill(block, sys::after_ms(patience_ms));
        if (got || got.error() != Errc::timed_out || ++late == most_late)
            return got;
    }
}

// Looks at the seeds now and then only: a reseed is due after a mebibyte.
Result<> draw(random_bytes::Source& source, u32 seeds, u32 patience_ms, u32& late)
{
    constexpr u32 blocks_between = 32;
    Block last{};
    for (;;) {
        for (u32 i = 0; i < blocks_between; ++i) {
            Block next{};
            if (const auto got = fill(source, next, patience_ms, late); !got)
                return got;
            if (next == last)
                return fail(Errc::malformed);
            last = next;
        }
        const auto info = source.info();
        if (!info)
            return fail(info.error());
        // Overdue: the device does not answer, and the source will go on for a while.
        if (info->reseeds >= seeds || info->bytes_served > u64{seeds + 1} << 20)
            return {};
    }
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const u32 seeds = number(given.argument(0), 2);
    const u32 patience_ms = number(given.argument(1), 20'000);
    auto source = random_bytes::Source::open(given, "rng0");
    if (!source) {
        sys::out(sys::error_name(source.error()));
        return 1;
    }
    u32 late = 0;
    const auto drawn = draw(*source, seeds, patience_ms, late);
    const auto info = source->info();
    std::array<char, 160> room{};
    text::Writer line{room};
    line.field("seeds", info ? info->reseeds : 0)
        .field("served", u64{drawn ? 1u : 0u})
        .field("late", late)
        .field("why", sys::error_name(drawn ? Errc::ok : drawn.error()))
        .field("device", info ? info->device_bytes : 0);
    sys::out(line.view());
    return 0;
}
