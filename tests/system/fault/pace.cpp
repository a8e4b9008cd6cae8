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

struct Flow {
    u64 done = 0;
    u64 least = ~u64{0};  // from one kill to the next
    abi::Ticks took{};
};

// `count` times `period_us`; with a kill at the end of each but the last.
template <class F>
Flow run(F& flow, u64 period_us, u32 count, bool kills)
{
    Flow result;
    const u32 epoch = check::about(F::server).epoch;
    const abi::Ticks begin = sys::now();
    for (u32 n = 1; n <= count; ++n) {
        u64 done = 0;
        const abi::Ticks end = sys::later(begin, sys::microseconds(period_us * n));
        while (sys::now() < end)
            done += flow.step();
        result.done += done;
        result.least = std::min(result.least, done);
        if (kills && n != count)
            check::works(check::order<check::names::Kill>(F::server));
    }
    result.took = abi::Ticks{sys::now().raw() - begin.raw()};
    equals(check::about(F::server).epoch, epoch + (kills ? count - 1 : 0));
    return result;
}

u64 rate(const Flow& flow) { return flow.done * 1'000'000 / flow.took.raw(); }

constexpr u64 every_us = 10'000;
constexpr u32 times = 5;
constexpr u64 least_kept = 800;  // thousandths
constexpr int most_tries = 8;

// A guest that waits for a host that is busy may lose time, never gain any: the best of some runs
// counts, with kills and without.
template <class F>
void keeps_its_pace(std::string_view what, block::Op op = block::Op::read)
{
    F flow{op};
    u64 alone = 0;
    for (int n = 0; n < 5; ++n)
        alone = std::max(alone, rate(run(flow, every_us, 1, false)));
    u64 kept = 0;
    for (int left = most_tries; left > 0 && kept < least_kept; --left) {
        const Flow killed = run(flow, every_us, times, true);
        that(killed.least > 0, "nothing went on between two kills");
        kept = std::max(kept, rate(killed) * 1000 / alone);
    }
    text::Buffer<160> line;
    line.put("pace of ").put(what).field("every_us", every_us);
    line.field("kills", u64{times - 1}).field("kept_thousandths", kept);
    sys::out(line.view());
    that(kept >= least_kept, "too little is kept");
}

void reads() { keeps_its_pace<DiskFlow>("reads"); }
void writes() { keeps_its_pace<DiskFlow>("writes", block::Op::write); }
void frames() { keeps_its_pace<NetFlow>("frames"); }

constexpr std::array cases{
    check::Case{"a disk whose server is killed every 10 ms reads on", reads, check::Runs::once},
    check::Case{"a disk whose server is killed every 10 ms writes on", writes, check::Runs::once},
    check::Case{"a network card whose server is killed every 10 ms sends on", frames,
                check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
