// init/stillness.hpp - whether a server hangs: it is at work, and does not come back from what it
// does. Pure: times and what was seen are arguments.
//
// A look that comes late says that the machine stood still, since the looker is more important than
// all others of its CPU: then nothing that was seen before counts. A server that was kept from its
// CPU by somebody more important than it is not told from one that hangs.
#pragma once

#include <proto/table.hpp>
#include <sys/time.hpp>

namespace init {

// Of a look. Whoever is to be watched from now on makes the looker come early: that says nothing of
// how long the others took.
enum class Timing : u8 { early, in_time, late };

// When one looks, and whether that is in time.
class Pace {
public:
    explicit Pace(const proto::table::Hang& policy) : policy_{policy} {}

    // Of the look at `now`. After an early one the next is due when it was before.
    Timing timing(abi::Ticks now)
    {
        if (now < due_)
            return Timing::early;
        const bool late = now > sys::later(due_, sys::milliseconds(policy_.late_ms));
        due_ = sys::later(now, sys::milliseconds(policy_.interval_ms));
        return late ? Timing::late : Timing::in_time;
    }
    // The next look.
    abi::Ticks due() const { return due_; }

private:
    proto::table::Hang policy_;
    abi::Ticks due_ = abi::now;
};

enum class Verdict : u8 { nobody, goes_on, unknown, hangs };  // the better ones first

// What is known of one instance of a server.
class Stillness {
public:
    // What a look shows of a server that said Ready: its last turn (abi::Progress), and whether it
    // is at work. An early look leaves what is known as it was.
    Verdict look(const proto::table::Hang& policy, Timing timing, u64 turn, bool works)
    {
        if (timing == Timing::early)
            return works ? Verdict::unknown : Verdict::goes_on;
        const bool in_time = timing == Timing::in_time;
        same_ = works && worked_ && in_time && turn == turn_ ? same_ + 1 : 0;
        worked_ = works;
        turn_ = turn;
        if (!works)
            return Verdict::goes_on;
        return same_ >= policy.looks ? Verdict::hangs : Verdict::unknown;
    }

    // The same of one that did not say so yet.
    Verdict look_at_start(const proto::table::Hang& policy, Timing timing)
    {
        if (timing == Timing::early)
            return Verdict::unknown;
        if (timing == Timing::in_time)
            ++started_;
        const bool late = u64{started_} * policy.interval_ms >= policy.ready_ms;
        return late ? Verdict::hangs : Verdict::unknown;
    }

private:
    u64 turn_ = 0;
    u32 same_ = 0;     // looks in time since the first one like it
    u32 started_ = 0;  // looks in time
    bool worked_ = false;
};

}  // namespace init
