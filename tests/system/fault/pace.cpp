// pace.cpp - how much of a server's throughput is left when it is killed again and again. Under
// -icount, so that time is instructions. Nobody waits with a deadline (pace.toml says why).
#include <block/disk.hpp>
#include <check/servers.hpp>
#include <net/interface.hpp>
#include <sys/log.hpp>

namespace {

using check::equals;
using check::need;
using check::that;

// Keeps eight requests under way; each step is the end of one.
class DiskFlow {
public:
    static constexpr std::string_view server = "busy0";

    explicit DiskFlow(block::Op op) : op_{op}
    {
        need(disk_.open(check::given(), server, {.depth = 8, .buffers = 8, .buffer_bytes = 4096}));
    }

    u64 step()
    {
        while (disk_.outstanding() < disk_.depth()) {
            auto buffer = need(disk_.buffer());
            const block::Sector at{8 * (next_ % 1024)};
            need(op_ == block::Op::read ? disk_.read(next_, at, 8, std::move(buffer))
                                        : disk_.write(next_, at, 8, std::move(buffer)));
            ++next_;
        }
        equals(need(disk_.wait(abi::never)).outcome, Errc::ok);
        return 1;
    }

private:
    block::Disk disk_;
    block::Op op_;
    u64 next_ = 0;
};

// Frames that go out, as long as there are places.
class NetFlow {
public:
    static constexpr std::string_view server = "nic0";

    explicit NetFlow(block::Op)
    {
        need(nic_.open(check::given(), server, {.receive_frames = 4, .send_frames = 16}));
    }

    u64 step()
    {
        u64 sent = 0;
        while (auto frame = nic_.frame()) {
            frame->resize(1000);
            frame->bytes()[12] = std::byte{0x88};  // nobody's
            if (!nic_.send(std::move(*frame)))
                break;
            ++sent;
        }
        need(nic_.wait_sent(abi::never));
        return sent;
    }

private:
    net::Interface nic_;
};

constexpr u32 most_periods = 15;

// Of so many periods the one in the middle, in steps a second; each begins with a kill, if there
// are any: so each has one end of a server in it, and all that it takes to get over it.
template <class F>
u64 median_rate(F& flow, u64 period_us, u32 periods, bool kills)
{
    std::array<u64, most_periods> rates{};
    const auto used = std::span{rates}.first(periods);
    const u32 epoch = check::about(F::server).epoch;
    for (u64& rate : used) {
        const abi::Ticks begin = sys::now();
        const abi::Ticks end = sys::later(begin, sys::microseconds(period_us));
        if (kills)
            check::works(check::order<check::names::Kill>(F::server));
        u64 done = 0;
        while (sys::now() < end)
            done += flow.step();
        that(done > 0, "nothing went on between two kills");
        rate = done * 1'000'000'000 / sys::nanoseconds(abi::Ticks{sys::now().raw() - begin.raw()});
    }
    equals(check::about(F::server).epoch, epoch + (kills ? periods : 0));
    std::ranges::sort(used, std::ranges::less{}, [](u64 rate) { return rate; });
    return used[periods / 2];
}

struct Pace {
    std::string_view name;
    u64 every_us;
    u32 alone;  // periods
    u32 killed;
    u64 least_kept;  // thousandths
};
constexpr std::array paces{
    Pace{"10ms", 10'000, 9, 15, 800},
    Pace{"100ms", 100'000, 5, 9, 900},
    Pace{"1s", 1'000'000, 3, 5, 990},
};

const Pace& chosen_pace()
{
    const auto* const found = std::ranges::find(paces, check::given().argument(0), &Pace::name);
    that(found != paces.end(), "there is no such pace");
    return found != paces.end() ? *found : paces[0];
}

// Thousandths.
template <class F>
u64 kept(F& flow, std::string_view what, const Pace& pace)
{
    const u64 alone = median_rate(flow, pace.every_us, pace.alone, false);
    const u64 killed = median_rate(flow, pace.every_us, pace.killed, true);
    text::Buffer<160> line;
    line.put("pace of ").put(what).field("every_us", pace.every_us);
    line.field("kills", u64{pace.killed}).field("a_second", alone);
    sys::out(line.field("kept_thousandths", killed * 1000 / alone).view());
    return killed * 1000 / alone;
}

// When devices answer is the affair of a host that may be busy: it has some tries.
constexpr int most_tries = 8;

template <class F>
void keeps_its_pace(std::string_view what, block::Op op = block::Op::read)
{
    F flow{op};
    const Pace& pace = chosen_pace();
    int left = most_tries;
    while (left > 0 && kept(flow, what, pace) < pace.least_kept)
        --left;
    that(left > 0, "too little is kept");
}

void reads() { keeps_its_pace<DiskFlow>("reads"); }
void writes() { keeps_its_pace<DiskFlow>("writes", block::Op::write); }
void frames() { keeps_its_pace<NetFlow>("frames"); }

constexpr std::array cases{
    check::Case{"a disk whose server is killed again and again reads on", reads, check::Runs::once},
    check::Case{"a disk whose server is killed again and again writes on", writes,
                check::Runs::once},
    check::Case{"a network card whose server is killed again and again sends on", frames,
                check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
