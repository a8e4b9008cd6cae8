// links.cpp - a link that goes and comes back, and what is counted; asks the host for both over its
// log.
#include "station.hpp"

#include <check/threads.hpp>

namespace {

using check::equals;
using check::need;
using check::that;
using peer::Op;
using station::Station;

constexpr u32 flaps = 300;

void ask_host(std::string_view what, u64 number = 0)
{
    text::Buffer<80> line;
    sys::out(line.put("host: ").put(what).put(' ').number(number).view());
}

// Somebody who only waits is told.
void await_link(Station& station, bool up)
{
    const auto as_wanted = [&] {
        if (station.nic.link_up() == up)
            return true;
        (void)station.nic.wait(check::patience());
        return station.nic.link_up() == up;
    };
    that(check::eventually(as_wanted), "the link does not change");
}

void echo_one(Station& station, u32 bytes)
{
    auto frame = station::frame_of(station.nic, peer::data_type, bytes);
    need(station.nic.send(std::move(frame)));
    station.nic.kick();
    equals(station.next().frame.size(), usize{bytes});
}

void every_client_hears_of_the_link()
{
    Station station{station::only(peer::data_type)};
    Station other{station::only(peer::control_type), 16};
    that(station.nic.link_up() && other.nic.link_up(), "the link is not up");
    for (u32 n = 0; n < 3; ++n) {
        ask_host("down");
        await_link(station, false);
        await_link(other, false);
        that((need(station.nic.ask()).flags & proto::net::InfoFlags::link_up) == 0, "info says up");
        const u64 before = station.nic.refused();
        need(station.nic.send(station::frame_of(station.nic, peer::data_type, 100)));
        station.flush();
        equals(station.nic.refused(), before + 1);
        ask_host("up");
        await_link(station, true);
        await_link(other, true);
        echo_one(station, 100 + n);
    }
}

// Changes may be taken together. What is sent meanwhile may be lost; then frames come back again,
// and the device was never reset for it.
void a_link_that_flaps_ends_as_it_is()
{
    Station station{station::only(peer::data_type)};
    const u32 before = station.nic.link();
    ask_host("flap", flaps);
    await_link(station, false);
    const auto comes_back = [&] {
        need(station.nic.send(station::frame_of(station.nic, peer::data_type, 200)));
        station.flush();
        return station.blocking.receive(sys::after_ms(20)).has_value();
    };
    that(check::eventually(comes_back), "nothing comes back");
    const u32 changes = (station.nic.link() - before) / proto::net::LinkBits::change;
    that(changes >= 1 && changes <= 2 * flaps, "the link changed more often than it did");
    equals(need(station.nic.stats()).resets, u64{0});
}

// The host compares this with what it saw on the wire: nothing is on its way any more, nor will be
// before the host changed the link.
void what_was_counted_is_told()
{
    Station station{station::only(peer::data_type), 256};
    Station desk{station::only(peer::control_type), 16};
    for (u32 bytes = 14; bytes <= 1514; bytes += 25) {
        need(station.nic.send(station::frame_of(station.nic, peer::data_type, bytes)));
        station.nic.kick();
        (void)station.next();
    }
    (void)station::ask(desk, Op::sink);
    for (u32 n = 0; n < 512; ++n) {
        need(station.nic.send(station::frame_of(station.nic, peer::data_type, 60 + n)));
        if (n % 64 == 63)
            station.flush();
    }
    station::tell(desk.nic, Op::flood, 500, 333);
    (void)station::ask(desk, Op::echo);
    desk.flush();
    const auto counted = need(station.nic.stats());
    ask_host("sent_frames", counted.sent_frames);
    ask_host("sent_bytes", counted.sent_bytes);
    ask_host("received_frames", counted.received_frames);
    ask_host("received_bytes", counted.received_bytes);
    equals(counted.malformed + counted.lost_frames, u64{0});
}

constexpr std::array cases{
    check::Case{"N10, U13: every client hears of the link, and sends nothing while it is down",
                every_client_hears_of_the_link},
    check::Case{"N9: what was counted is told", what_was_counted_is_told, check::Runs::once},
    check::Case{"N10, LD27: a link that flaps ends as it is, and nothing is left behind",
                a_link_that_flaps_ends_as_it_is},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run(given, {cases}); }
