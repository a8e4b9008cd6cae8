// slow.cpp - a disk that answers after ten seconds: the deadline of a request passes for its client
// alone, and no other server's clients wait.
#include <block/blocking.hpp>
#include <check/check.hpp>
#include <net/interface.hpp>
#include <random/random.hpp>

namespace {

using block::Sector;
using check::equals;
using check::fails;
using check::need;
using check::that;
using check::works;

constexpr u64 deadline_ms = 500;
constexpr u64 longest_gap_us = 5'000;

// Asks, again and again, and how long the longest answer took.
class Neighbours {
public:
    Neighbours()
    {
        works(nic_.open(check::given(), "nic0"));
        works(random_.fill(bytes_, check::patience()));
    }

    void ask()
    {
        works(random_.fill(bytes_, check::patience()));
        heard();
        works(nic_.session_stats());
        if (auto frame = nic_.frame()) {
            frame->resize(64);
            works(nic_.send(std::move(*frame)));
            nic_.kick();
        }
        heard();
    }
    void begin() { last_ = sys::now(); }
    u64 longest_us() const { return sys::nanoseconds(longest_) / 1000; }

private:
    void heard()
    {
        const abi::Ticks now = sys::now();
        longest_ = std::max(longest_, abi::Ticks{now.raw() - last_.raw()});
        last_ = now;
    }

    random_bytes::Source random_ = need(random_bytes::Source::open(check::given(), "rng0"));
    net::Interface nic_;
    std::array<u8, 32> bytes_{};
    abi::Ticks last_{};
    abi::Ticks longest_{};
};

void late_requests_stay_the_devices()
{
    Neighbours neighbours;
    block::Disk fast;
    works(fast.open(check::given(), "disk0", {.depth = 4, .buffers = 4, .buffer_bytes = 4096}));
    block::Disk slow;
    works(slow.open(check::given(), "slow0", {.depth = 1, .buffers = 2, .buffer_bytes = 4096}));

    const abi::Ticks began = sys::now();
    works(slow.read(1, Sector{0}, 8, need(slow.buffer())));
    works(slow.set_deadline(1, sys::later(began, sys::milliseconds(deadline_ms))));
    slow.kick();
    neighbours.begin();
    for (int i = 0; i < 1000; ++i)
        neighbours.ask();
    that(neighbours.longest_us() <= longest_gap_us, "a client of another server waited");
    block::Blocking other{fast};
    std::array<std::byte, 4096> data{};
    works(other.read(Sector{0}, data, check::patience()));
    equals(slow.outstanding(), 1U);

    const auto late = need(slow.wait());
    equals(late.tag, u64{1});
    equals(late.outcome, Errc::timed_out);
    that(!late.buffer.valid(), "its buffer is the device's");
    that(sys::now() >= sys::later(began, sys::milliseconds(deadline_ms)), "too early");
    that(sys::now() < sys::later(began, sys::milliseconds(10 * deadline_ms)), "too late");
    auto spare = need(slow.buffer());
    fails(slow.buffer(), Errc::would_block);
    fails(slow.read(2, Sector{0}, 8, std::move(spare)), Errc::would_block);

    fails(slow.wait(sys::after_ms(60'000)), Errc::not_found);
    that(slow.buffer().has_value(), "its buffer did not come back");
    equals(need(slow.stats()).resets, u64{0});
    equals(slow.restarts(), 0U);
}

constexpr std::array cases{
    check::Case{"U12: a request past its deadline has timed out, and stays the device's",
                late_requests_stay_the_devices, check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
