// hanger.cpp - servers hang in every way there is, before clients that wait without a deadline: by
// a call, or by their rings alone. Nobody else does anything. For the kernel flavour `fault`.
#include <block/disk.hpp>
#include <check/servers.hpp>
#include <net/interface.hpp>
#include <sys/fault.hpp>
#include <sys/process.hpp>

namespace {

using check::about;
using check::equals;
using check::given;
using check::last_crash;
using check::need;
using check::order;
using check::that;
using check::wait_for;
using check::works;
namespace names = check::names;
using names::State;
using Kind = abi::FaultKind;
using Point = abi::FaultPoint;

constexpr std::array<std::string_view, 4> servers{"disk0", "nic0", "rng0", "kbd0"};

// How a server hangs when its wait for a message ended, or is to begin.
struct Way {
    std::string_view name;
    Kind kind;
    Point point;
    u64 period = 0;
    u64 detail = 0;
};
constexpr std::array ways{
    Way{"spins", Kind::loop, Point::called},
    Way{"sleeps", Kind::block, Point::called},
    // None of its calls is carried out any more, its waits neither.
    Way{"waits in vain", Kind::fail_call, Point::call, 1, static_cast<u64>(Errc::timed_out)},
};

u64 limit_ms() { return need(text::parse_number(given().argument(0))); }

// Under -icount QEMU runs CPUs in turns: where one calls without end, the kernel's lock is taken
// whenever the other one has its turn.
std::span<const Way> possible_ways()
{
    return std::span{ways}.first(need(sys::system_info()).cpus == 1 ? 3 : 2);
}

// `wait` returns when the server has ended.
template <class Wait>
void hangs(std::string_view server, const Way& way, Wait wait)
{
    const u32 epoch = about(server).epoch;
    check::until_others_block();
    works(sys::arm_fault({.victim = server,
                          .kind = way.kind,
                          .point = way.point,
                          .period = way.period,
                          .detail = way.detail}));
    wait();
    wait_for(server, State::ready, epoch + 1);
    const auto report = need(sys::read_fault());
    that(report.fired_count > 0 && report.end_ticks != 0, "it did not hang, or did not end");
    const u64 took_us = sys::nanoseconds(abi::Ticks{report.end_ticks - report.ticks}) / 1000;
    text::Buffer<100> line;
    sys::out(line.field("server", server).field(way.name, "").field("us", took_us).view());
    that(took_us <= limit_ms() * 1000, "it took too long to see that it hangs");
    equals(last_crash(server).epoch, epoch);
    equals(last_crash(server).hung, 1u);
}

void before_callers()
{
    constexpr u16 nobodys_ordinal = 0xfff;
    for (const auto server : servers)
        for (const Way& way : possible_ways()) {
            const auto session = need(sys::connect<names::Connect>(given(), server));
            hangs(server, way, [&] {
                const sys::Letter letter{abi::Header::make(nobodys_ordinal, 0), {}};
                const auto answer = sys::call(session.endpoint(), letter).header.status();
                that(answer == Errc::peer_restarted || answer == Errc::not_supported,
                     "another answer");
            });
        }
}

void before_a_disk_s_rings()
{
    block::Disk disk;
    works(disk.open(given(), "disk0", {.depth = 4, .buffers = 4, .buffer_bytes = 4096}));
    for (const Way& way : possible_ways())
        hangs("disk0", way, [&] {
            need(disk.read(1, block::Sector{8}, 8, need(disk.buffer())));
            equals(need(disk.wait(abi::never)).outcome, Errc::ok);
        });
    equals(u64{disk.restarts()}, possible_ways().size());
}

void before_a_network_s_rings()
{
    [[clang::no_destroy]] static constinit net::Interface nic;
    works(nic.open(given(), "nic0"));
    for (const Way& way : possible_ways())
        hangs("nic0", way, [&] {
            auto frame = need(nic.frame());
            frame.resize(64);
            works(nic.send(std::move(frame)));
            works(nic.wait_sent(abi::never));
        });
}

// A new instance that waits for something else for ever, instead of saying Ready.
void arm_at_start(std::string_view server)
{
    works(sys::arm_fault({.victim = server,
                          .kind = Kind::block,
                          .point = Point::call,
                          .flags = abi::FaultFlags::next}));
}

void never_ready()
{
    const u32 epoch = about("rng0").epoch;
    arm_at_start("rng0");
    works(order<names::Kill>("rng0"));
    wait_for("rng0", State::ready, epoch + 2);
    equals(last_crash("rng0").epoch, epoch + 1);
    equals(last_crash("rng0").hung, 1u);
}

void never_ready_after_an_update()
{
    const u32 epoch = about("rng0").epoch;
    arm_at_start("rng0");
    const names::Update::Request request{text::padded<16>("rng0"), text::padded<16>("test_shaky")};
    need(sys::call<names::Update>(check::init(), request));
    wait_for("rng0", State::ready, epoch + 2);
    const auto now = about("rng0");
    that(text::of(now.binary) == "rngd", "the image that was never ready is there again");
}

// Somebody looks at what it does.
void is_held()
{
    const auto session = need(sys::connect<names::Connect>(given(), "kbd0"));
    const u32 epoch = about("kbd0").epoch;
    works(order<names::Hold>("kbd0"));
    works(sys::arm_fault({.victim = "kbd0", .kind = Kind::block, .point = Point::called}));
    const sys::Letter letter{abi::Header::make(1, 0), {}};
    equals(sys::call(session.endpoint(), letter, sys::after_ms(2'000)).header.status(),
           Errc::timed_out);
    const auto now = about("kbd0");
    equals(now.epoch, epoch);
    that(now.state == State::ready, "it was ended though it is held");
    works(order<names::Restart>("kbd0"));
    wait_for("kbd0", State::ready, epoch + 1);
}

abi::SystemInfo asleep(u64 ms)
{
    const auto nobody = need(sys::create_notification());
    const auto before = need(sys::system_info());
    (void)sys::wait(nobody.borrow(), sys::after_ms(ms));
    auto after = need(sys::system_info());
    after.exceptions -= before.exceptions;
    after.timer_writes -= before.timer_writes;
    return after;
}

// Some looks follow what was done last.
void is_left_alone()
{
    const auto little = asleep(100);
    const auto much = asleep(5'000);
    that(much.exceptions <= little.exceptions, "it was woken while nobody did anything");
    that(much.timer_writes <= little.timer_writes, "its timer was set while nobody did anything");
}

constexpr std::array cases{
    check::Case{"a system with nothing to do is left alone", is_left_alone, check::Runs::once},
    check::Case{"U17: a server that hangs before a caller without a deadline is ended",
                before_callers, check::Runs::once},
    check::Case{"U17: a disk's server that hangs before clients that use rings only is ended",
                before_a_disk_s_rings, check::Runs::once},
    check::Case{"U17: a network's server that hangs before clients that use rings only is ended",
                before_a_network_s_rings, check::Runs::once},
    check::Case{"U17: a server that is started again and never ready is replaced", never_ready,
                check::Runs::once},
    check::Case{"U15: an image that is never ready is taken back", never_ready_after_an_update,
                check::Runs::once},
    check::Case{"a server that is held may hang", is_held, check::Runs::once},
};

}  // namespace

// Its argument: so many ms of guest time may pass until a server that hangs is ended.
int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
