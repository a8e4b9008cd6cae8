// fault/every.cpp - servers are killed at every point of a canonical request, one after the other:
// calls, accesses to registers, interrupts, messages, and instructions, or every so many of them.
// The client's request ends well each time, and nobody else notices.
#include <block/blocking.hpp>
#include <check/counters.hpp>
#include <check/servers.hpp>
#include <random/random.hpp>
#include <sys/fault.hpp>

namespace {

using check::about;
using check::equals;
using check::need;
using check::that;
using check::works;
using Kind = abi::FaultKind;
using Point = abi::FaultPoint;

// By its arguments: every so many instructions, and every so many of the other points.
u64 stride(u32 argument)
{
    return text::parse_number(check::given().argument(argument)).value_or(1);
}

abi::FaultReport report() { return need(sys::read_fault()); }

// What a server is asked, and whether that went well; and who is not to notice.
struct Subject {
    std::string_view server;
    std::string_view other;
    void (*request)();
    void (*stepped)();  // one whose instructions are not too many
};
using Request = void (*)();

abi::Ticks patience() { return sys::after_ms(60'000); }  // stepping is slow

// Ordered while it waits, so that the same work follows each time.
void order(const Subject& subject, Kind kind, Point point, u64 n)
{
    check::until_others_block();
    works(sys::arm_fault({.victim = subject.server, .kind = kind, .point = point, .n = n}));
}

u64 count(const Subject& subject, Request request, Point point)
{
    request();  // what only the first one does
    order(subject, Kind::count, point, 1);
    request();
    check::until_others_block();
    return report().events[static_cast<usize>(point)];
}

// True: it was killed there, and the next one serves.
bool killed(const Subject& subject, Request request, Point point, u64 n)
{
    const u32 epoch = about(subject.server).epoch;
    order(subject, Kind::kill, point, n);
    request();
    check::until_others_block();
    if (report().fired_count == 0)
        return works(sys::disarm_fault()) && false;
    check::wait_for(subject.server, check::State::ready, epoch + 1);
    request();
    return true;
}

void at_every(const Subject& subject, Request request, Point point, u64 step)
{
    const u64 points = count(subject, request, point);
    u64 tried = 0;
    u64 kills = 0;
    for (u64 n = 1; n <= points; n += step, ++tried)
        kills += killed(subject, request, point, n) ? 1 : 0;
    that(points > 0 || point != Point::step, "it was not stepped");
    // The last one may lie behind the end of a request that was a little less work.
    that(tried - kills <= 1 + tried / 10, "a request is not the same work each time");
    text::Buffer<100> line;
    sys::out(line.field("server", subject.server)
                 .field("point", static_cast<u64>(point))
                 .field("of", points)
                 .field("kills", kills)
                 .view());
}

void at_all(const Subject& subject)
{
    const u32 epoch = about(subject.other).epoch;
    for (const auto point : {Point::call, Point::called, Point::mmio, Point::mmio_done,
                             Point::interrupt, Point::message, Point::reply})
        at_every(subject, subject.request, point, stride(1));
    at_every(subject, subject.stepped, Point::step, stride(0));
    equals(about(subject.other).epoch, epoch);
}

// Sectors that nobody else writes, with another content each time.
void write_and_read()
{
    [[clang::no_destroy]] static constinit block::Disk disk;
    static constinit bool open = false;
    static constinit u64 version = 0;
    if (!std::exchange(open, true))
        works(disk.open(check::given(), "disk0", {.depth = 4, .buffers = 4, .buffer_bytes = 4096}));
    block::Blocking blocking{disk};
    (void)need(disk.stats());  // a call, too
    std::array<u64, 64> written;
    written.fill(++version);
    works(blocking.write(block::Sector{8}, std::as_bytes(std::span{written}), patience()));
    works(blocking.flush(patience()));
    std::array<u64, 64> found{};
    works(blocking.read(block::Sector{8}, std::as_writable_bytes(std::span{found}), patience()));
    that(found == written, "the disk has something else");
}

// A few bytes of its pool.
void draw()
{
    auto source = need(random_bytes::Source::open(check::given(), "rng0"));
    static constinit std::array<u8, 32> last{};
    std::array<u8, 32> bytes{};
    works(source.fill(bytes, patience()));
    that(bytes != last, "the same bytes twice");
    last = bytes;
}

// No bytes: those cost a hundred thousand instructions.
void look()
{
    auto source = need(random_bytes::Source::open(check::given(), "rng0"));
    works(source.info());
}

void disk_at_every_point() { at_all({"disk0", "rng0", write_and_read, write_and_read}); }
void entropy_at_every_point() { at_all({"rng0", "disk0", draw, look}); }

constexpr std::array cases{
    check::Case{"U28: a disk's server may be killed at every point of a request",
                disk_at_every_point, check::Runs::once},
    check::Case{"U28: an entropy server may be killed at every point of a request",
                entropy_at_every_point, check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
