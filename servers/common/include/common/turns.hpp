// common/turns.hpp - which sessions of a server exist, which of them may have something to do, and
// whose turn it is.
//
// Sessions take turns, starting after the one served last. One place is one bit of each set; the
// doorbell of a place is a bit of the server's notification.
#pragma once

#include <array>
#include <bit>
#include <optional>

#include <abi/object.hpp>

namespace common {

inline constexpr unsigned interrupt_bit = 0;
inline constexpr unsigned first_doorbell_bit = 8;
inline constexpr unsigned doorbell_bits = 64 - first_doorbell_bit;
// Sessions beyond doorbell_bits share the bits of the first ones.
inline constexpr u32 max_sessions = 64;

constexpr abi::Bits doorbell_of(u32 place)
{
    return abi::Bits::at(first_doorbell_bit + place % doorbell_bits);
}

class Turns {
public:
    // A place for a new session, if there is one.
    std::optional<u32> vacant() const
    {
        const auto place = static_cast<u32>(std::countr_one(used_));
        return place < max_sessions ? std::optional{place} : std::nullopt;
    }

    // `program`: whose it is.
    void open(u32 place, u32 program)
    {
        programs_[place] = program;
        used_ |= bit_of(place);
        open_ |= bit_of(place);
        update_peers();
    }
    // It gets no more turns, and keeps its place.
    void close(u32 place)
    {
        for (u64* set : {&open_, &pending_, &capped_, &touched_})
            *set &= ~bit_of(place);
    }
    void remove(u32 place)
    {
        used_ &= ~bit_of(place);
        update_peers();
    }

    bool is_open(u32 place) const { return place < max_sessions && (open_ & bit_of(place)) != 0; }
    u64 open_set() const { return open_; }
    // Other sessions of the same program.
    u64 peers(u32 place) const { return peers_[place]; }

    // The doorbells among `woken`, one bit each; their sessions get a turn. A shared bit is for all
    // whose bit it is.
    u64 wake(abi::Bits woken)
    {
        const u64 rung = woken.raw >> first_doorbell_bit;
        pending_ |= (rung | rung << doorbell_bits) & open_;
        return rung;
    }
    bool pending() const { return pending_ != 0; }
    // The next one in turn; there is one.
    u32 next() { return last_ = next_after(last_); }
    void rest(u32 place) { pending_ &= ~bit_of(place); }
    // All at once, for a server that needs no turns.
    u64 take_pending() { return std::exchange(pending_, 0); }

    // It has more, and too much at the device.
    void cap(u32 place) { capped_ |= bit_of(place); }
    bool capped() const { return capped_ != 0; }
    void uncap() { pending_ |= std::exchange(capped_, 0); }

    // Its client must be shown something.
    void touch(u32 place) { touched_ |= bit_of(place); }
    void touch_all(u64 places) { touched_ |= places & open_; }
    u64 take_touched() { return std::exchange(touched_, 0); }

    static constexpr u64 bit_of(u32 place) { return u64{1} << place; }

    // fn(place) for each of a set.
    template <class Fn>
    [[gnu::always_inline]] static void each(u64 places, Fn fn)
    {
        for (; places != 0; places &= places - 1)
            fn(static_cast<u32>(std::countr_zero(places)));
    }

private:
    u32 next_after(u32 place) const
    {
        const u32 first = (place + 1) % max_sessions;
        const u64 turned = pending_ >> first | pending_ << (-first % max_sessions);
        return (first + static_cast<u32>(std::countr_zero(turned))) % max_sessions;
    }

    void update_peers()
    {
        for (u32 place = 0; place < max_sessions; ++place) {
            peers_[place] = 0;
            for (u32 other = 0; other < max_sessions; ++other)
                if (other != place && (used_ >> other & 1) != 0
                    && programs_[other] == programs_[place])
                    peers_[place] |= bit_of(other);
        }
    }

    u64 used_ = 0;     // sets of sessions: that exist,
    u64 open_ = 0;     // that are served,
    u64 pending_ = 0;  // that may have something to do,
    u64 capped_ = 0;   // that have more, and too much at the device,
    u64 touched_ = 0;  // whose client must be shown something
    u32 last_ = max_sessions - 1;
    std::array<u32, max_sessions> programs_{};
    std::array<u64, max_sessions> peers_{};
};

}  // namespace common
