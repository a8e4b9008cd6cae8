// net/main.cpp - frames between several clients of netd and a peer on the host: every one arrives
// as it was sent, or is counted.
#include "station.hpp"

#include <check/servers.hpp>
#include <check/threads.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using check::works;
using peer::Op;
using station::Station;

constexpr u32 most_at_once = 100'000;  // frames of a flood: the peer keeps them all

u32 flood_frames()
{
    return static_cast<u32>(text::parse_number(check::given().argument(0)).value_or(1000));
}

void write_pattern(std::span<std::byte> frame, u32 number)
{
    const peer::Numbered head{number, static_cast<u32>(frame.size())};
    usize at = peer::header_bytes;
    if (frame.size() >= at + sizeof(head)) {
        std::memcpy(&frame[at], &head, sizeof(head));
        at += sizeof(head);
    }
    for (; at < frame.size(); ++at)
        frame[at] = static_cast<std::byte>(peer::pattern(number, at));
}

// Behind its Ethernet header it is what was written; zeroes after `bytes`, if it was padded.
bool is_pattern(std::span<const std::byte> frame, u32 number, usize bytes)
{
    std::array<std::byte, 2048> wanted{};
    write_pattern(std::span{wanted}.first(bytes), number);
    return frame.size() == std::max<usize>(bytes, 60)
           && std::memcmp(&frame[peer::header_bytes], &wanted[peer::header_bytes],
                          frame.size() - peer::header_bytes)
                  == 0;
}

// One number a size, 16 frames on their way at a time.
void every_size_comes_back()
{
    Station station{station::only(peer::data_type)};
    Station desk{station::only(peer::control_type), 16};
    (void)station::ask(desk, Op::echo);
    constexpr u32 first = 14;
    constexpr u32 last = 1514;
    u32 sent = first;
    for (u32 wanted = first; wanted <= last; ++wanted) {
        for (; sent <= last && sent < wanted + 16; ++sent) {
            auto frame = station::frame_of(station.nic, peer::data_type, sent);
            write_pattern(frame.bytes(), sent);
            need(station.nic.send(std::move(frame)));
        }
        const auto arrival = station.next();
        equals(arrival.missed, 0u);
        if (!that(is_pattern(arrival.frame.bytes(), wanted, wanted), "another frame came back"))
            return;
    }
    station.flush();
}

// What one client saw of a flood.
struct Seen {
    u32 frames = 0;
    u32 missed = 0;
    u32 next = 0;  // the least number that may come
};

void look_at(const net::Arrival& arrival, u32 bytes, Seen& seen)
{
    peer::Numbered head{};
    std::memcpy(&head, &arrival.frame.bytes()[peer::header_bytes], sizeof(head));
    that(is_pattern(arrival.frame.bytes(), head.number, bytes),
         "a frame of the flood is not whole");
    that(head.number == seen.next + arrival.missed, "a frame is missing that nobody counted");
    seen.next = head.number + 1;
    seen.missed += arrival.missed;
    ++seen.frames;
}

// The quick one reads, the slow one does not before all is over; a third one wants other frames.
void flood(u32 count)
{
    Station quick{station::only(peer::data_type), 256};
    Station slow{station::only(peer::data_type), 8};
    Station desk{station::only(peer::control_type), 16};
    station::tell(desk.nic, Op::flood, count, 200, 1);
    station::tell(desk.nic, Op::report);
    Seen fast;
    u32 reports = 0;  // the second one comes behind the flood
    while (reports < 2) {
        (void)quick.nic.wait(sys::after_ms(5));
        if (const auto arrival = desk.nic.receive())
            reports += station::has_type(arrival->frame, peer::control_type) ? 1 : 0;
        while (const auto arrival = quick.nic.receive())
            look_at(*arrival, 200, fast);
    }
    const auto of_quick = need(quick.nic.session_stats());
    equals(of_quick.received_frames + of_quick.no_space, u64{count});
    equals(u64{fast.frames}, of_quick.received_frames);

    Seen late;
    while (const auto arrival = slow.nic.receive())
        look_at(*arrival, 200, late);
    const auto of_slow = need(slow.nic.session_stats());
    equals(late.frames, 8u);
    equals(of_slow.received_frames + of_slow.no_space, u64{count});
    equals(need(desk.nic.session_stats()).no_space, u64{0});
}

void a_flood_is_received_or_counted()
{
    for (u32 left = flood_frames(); left != 0;) {
        const u32 part = std::min(left, most_at_once);
        flood(part);
        left -= part;
    }
}

// The peer looks at their numbers.
void all_that_is_sent_goes_out_in_order()
{
    const u32 count = flood_frames();
    Station station{station::only(peer::data_type), 256};
    Station desk{station::only(peer::control_type), 16};
    const auto before = station::ask(desk, Op::sink);
    u32 number = 0;
    const auto write = [&](std::span<std::byte> place) {
        constexpr usize bytes = 64;
        write_pattern(place.first(bytes), number++);
        std::memset(place.data(), 0xff, 6);
        std::memcpy(&place[6], station.nic.info().mac.data(), 6);
        place[12] = std::byte{peer::data_type >> 8};
        place[13] = std::byte{peer::data_type & 0xff};
        return bytes;
    };
    for (u32 left = count; left != 0;) {
        const u32 sent = station.nic.send_each(std::min(left, 128u), write);
        station.nic.kick();
        left -= sent;
        if (sent == 0)
            need(station.nic.wait_sent(check::patience()));
    }
    station.flush();
    const auto after = station::ask(desk, Op::report);
    equals(after.frames_in - before.frames_in, u64{count} + 1);
    equals(after.misplaced, u64{0});
    (void)station::ask(desk, Op::echo);
}

// The device itself would keep back frames with tags of no VLAN; asked for everything, it doesn't.
void no_frames_harm_nobody()
{
    auto everything = station::only(peer::data_type);
    everything.flags = net::FilterFlags::promiscuous;
    Station station{everything};
    Station desk{station::only(peer::control_type), 16};
    const auto settled = [&] {
        return (need(desk.nic.ask()).flags & proto::net::InfoFlags::settled) != 0;
    };
    that(check::eventually(settled), "the device was not told of the filter");
    const auto before = need(desk.nic.stats());
    station::tell(desk.nic, Op::malformed, 20);
    station::tell(desk.nic, Op::report);
    (void)station::heard(desk);
    (void)station::heard(desk);
    const auto after = need(desk.nic.stats());
    that(after.malformed > before.malformed, "nothing was malformed");
    equals(after.resets, u64{0});
    while (station.nic.receive()) {}

    (void)station::ask(desk, Op::echo);
    auto frame = station::frame_of(station.nic, peer::data_type, 100);
    write_pattern(frame.bytes(), 1);
    need(station.nic.send(std::move(frame)));
    station.nic.kick();
    that(is_pattern(station.next().frame.bytes(), 1, 100), "the next echo is another one");
}

// The peer's report counts the command that it answers, and not itself.
void both_ends_count_the_same()
{
    Station desk{station::only(peer::control_type), 16};
    const auto there = station::ask(desk, Op::report);
    const auto here = need(desk.nic.stats());
    equals(here.sent_frames, there.frames_in);
    equals(here.sent_bytes, there.bytes_in);
    equals(here.received_frames + here.malformed, there.frames_out + 1);
    equals(here.lost_frames + here.refused_frames, u64{0});
}

bool mortal_is_dead() { return check::about("mortal").state == check::State::exited; }

// Its 64 pages of frames are unpinned once the device has let go of the last one. That it is there
// is known by a report that nobody here asked for.
void a_client_that_ends_leaves_nothing()
{
    Station desk{station::only(peer::control_type), 16};
    (void)station::heard(desk);
    const auto pinned = [] { return check::device("nic0").pinned_pages; };
    const u32 before = pinned();
    station::tell(desk.nic, Op::flood, 1, 64, 1);
    that(check::eventually(mortal_is_dead), "the mortal client lives on");
    that(check::eventually([&] { return pinned() == before - 64; }), "its frames stay pinned");
    (void)station::ask(desk, Op::echo);  // what was echoed to it came before
}

// Until it is with the next server; what came from the one before goes to `look`.
void go_over(Station& station, auto look)
{
    const u32 before = station.nic.restarts();
    const auto there = [&] {
        while (const auto arrival = station.nic.receive())
            look(*arrival);
        (void)station.nic.wait(abi::now);
        return station.nic.restarts() == before + 1;
    };
    that(check::eventually(there), "a client does not go over to the next server");
}

// Not the filter of the beginning. The peer's report is a frame of another type.
void a_filter_outlives_its_server()
{
    Station station;
    need(station.nic.set_filter(station::only(peer::data_type)));
    Station desk{station::only(peer::control_type), 16};
    check::kill("nic0");
    go_over(station, [](const net::Arrival&) {});
    go_over(desk, [](const net::Arrival&) {});
    station::tell(desk.nic, Op::flood, 3, 200, 1);
    (void)station::ask(desk, Op::report);
    Seen seen;
    for (int i = 0; i < 3; ++i)
        look_at(station.next(), 200, seen);
    equals(need(station.nic.session_stats()).received_frames, u64{3});
}

// What comes of numbered frames.
class Ordered {
public:
    void look(const net::Arrival& arrival)
    {
        peer::Numbered head{};
        std::memcpy(&head, &arrival.frame.bytes()[peer::header_bytes], sizeof(head));
        that(head.number >= next_, "a frame comes twice, or late");
        next_ = head.number + 1;
        ++seen_;
    }
    u32 seen() const { return seen_; }

private:
    u32 next_ = 0;
    u32 seen_ = 0;
};

// Batches that are echoed, and in the middle of one the server is killed.
void a_death_costs_what_was_on_its_way()
{
    constexpr u32 batch = 32;
    constexpr u32 batches = 12;
    Station station{station::only(peer::data_type)};
    Station desk{station::only(peer::control_type), 16};
    (void)station::ask(desk, Op::echo);
    Ordered ordered;
    for (u32 n = 0; n < batches * batch; ++n) {
        if (n == batches / 2 * batch + batch / 2)
            works(check::order<check::names::Kill>("nic0"));
        auto frame = station::frame_of(station.nic, peer::data_type, 100);
        write_pattern(frame.bytes(), n);
        need(station.nic.send(std::move(frame)));
        station.nic.kick();
        if ((n + 1) % batch != 0)
            continue;
        if (n / batch == batches / 2) {
            go_over(station, [&](const net::Arrival& arrival) { ordered.look(arrival); });
            go_over(desk, [](const net::Arrival&) {});
        }
        station.flush();
        (void)station::ask(desk, Op::report);  // behind the last echo
        while (const auto arrival = station.nic.receive())
            ordered.look(*arrival);
    }
    that(ordered.seen() >= (batches - 1) * batch, "more is lost than was on its way");
}

constexpr std::array cases{
    check::Case{"a client that ends in the middle of its traffic leaves nothing pinned",
                a_client_that_ends_leaves_nothing, check::Runs::once},
    check::Case{"frames of every size come back as they went, in their order",
                every_size_comes_back},
    check::Case{"each frame of a flood is received or counted by each client",
                a_flood_is_received_or_counted},
    check::Case{"N6: numbered frames all go out, in their order",
                all_that_is_sent_goes_out_in_order},
    check::Case{"what comes and is no frame harms nobody", no_frames_harm_nobody},
    check::Case{"netd counts what the other end counts", both_ends_count_the_same},
    check::Case{"a filter outlives the server that was told of it", a_filter_outlives_its_server,
                check::Runs::once},
    check::Case{"a server that dies costs what was on its way, and nothing comes twice",
                a_death_costs_what_was_on_its_way, check::Runs::once},
};

}  // namespace

// Its argument is no name of a case.
int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
