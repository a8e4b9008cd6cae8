// lab/watcher.hpp - a program's thread that does the same every millisecond, whatever happens to
// the victim: it asks a server that has nothing to do with it, and notes how late the answer is. It
// also kills the victim when that is due, and notes when the next one is there.
//
// Two threads: the watcher's own runs run(), the other one calls the rest between trials.
#pragma once

#include "victim.hpp"

#include <atomic>

#include <sys/notification.hpp>

namespace lab {

class Watcher {
public:
    Result<> open(const sys::Startup& given, const Order& order);
    // Until stop(). A victim whose trial still goes on at its deadline is killed, as a person would
    // do; False: that did not help.
    bool run();
    void stop();

    // A trial begins: it kills at `kill_at` (never: not at all), then again each time `period_us`
    // later (0: once), and waits for its end until `deadline`.
    void begin(abi::Ticks kill_at, u64 period_us, abi::Ticks deadline);
    // No kill any more, but one that is under way.
    void end();

    u32 kills() const { return kills_; }
    // Zero: it did not happen in this trial. Of several kills the first one's.
    u64 killed_at() const { return killed_at_; }
    u64 served_at() const { return served_at_; }
    bool helped() const { return helped_; }
    u64 worst_ticks() const { return worst_; }
    void forget_deadline() { deadline_ = abi::never.raw(); }

private:
    static constexpr auto order_bit = abi::Bits::at(0);
    static constexpr auto victim_bit = abi::Bits::at(1);

    void kill();
    bool help();
    void look();
    void ask(abi::Ticks planned);

    sys::Borrowed<sys::Endpoint> names_{};
    sys::Handle<sys::Notification> notification_;
    Victim victim_;
    Victim other_;
    abi::Name name_{};
    u64 epoch_ = 0;
    std::atomic<u32> kills_ = 0;
    std::atomic<u64> period_us_ = 0;
    std::atomic<u64> kill_at_ = abi::never.raw();
    std::atomic<u64> deadline_ = abi::never.raw();
    std::atomic<u64> killed_at_ = 0;
    std::atomic<u64> served_at_ = 0;
    std::atomic<u64> worst_ = 0;
    std::atomic<bool> helped_ = false;
    std::atomic<bool> stopped_ = false;
};

}  // namespace lab
