// tests/host/netd/hostile_test.cpp - clients that break the protocol, clients that go, a device
// that lies, a server that starts again: nobody else notices, and nothing stays.
#include "nic_rig.hpp"

#include <catch2/catch.hpp>
#include <proto/names.hpp>

namespace wire = proto::net;

namespace {

// A client that speaks the protocol message by message.
struct Hand {
    explicit Hand(NicRig& rig)
        : session{sys::connect<proto::names::Connect>(rig.bench.startup(), "nic0").value()}
    {
    }

    static constexpr abi::Rights lend = abi::right::transfer | sys::read_write;

    static sys::Handle<sys::Memory> lent(const sys::SharedMemory& memory, abi::Rights rights = lend)
    {
        return sys::duplicate(memory.handle.borrow(), rights).value();
    }
    sys::HandleSet handles(abi::Rights server_rights = lend) const
    {
        return sys::HandleSet::of(lent(client), lent(server, server_rights), lent(buffer),
                                  sys::doorbell(note.borrow(), abi::Bits::at(0)).value());
    }
    Errc attach(const wire::Attach::Request& request, sys::HandleSet with, unsigned accept = 1)
    {
        auto answer = session.call<wire::Attach>(request, std::move(with), accept);
        if (!answer)
            return answer.error();
        number = answer->reply.session;
        bell = answer->handles.take<sys::Notification>(0).value();
        return Errc::ok;
    }
    Errc attach(const wire::Attach::Request& request) { return attach(request, handles()); }
    wire::ClientPage& page() const { return **client.mapping.at<wire::ClientPage>(); }
    wire::ServerPage& answers() const { return **server.mapping.at<wire::ServerPage>(); }
    void ring() const { REQUIRE(sys::signal(bell.borrow(), {~u64{0}}).has_value()); }

    sys::Session session;
    sys::SharedMemory client = sys::SharedMemory::create(Bytes{wire::client_bytes(8, 8)}).value();
    sys::SharedMemory server = sys::SharedMemory::create(Bytes{wire::server_bytes(8, 8)}).value();
    sys::SharedMemory buffer = sys::SharedMemory::create(Bytes{8 * page_bytes}).value();
    sys::Handle<sys::Notification> note = sys::create_notification().value();
    sys::Handle<sys::Notification> bell;
    u32 number = 0;
};

constexpr wire::Attach::Request good{.receive_entries = 8,
                                     .send_entries = 8,
                                     .space_bytes = 2048,
                                     .reserved = 0,
                                     .filter = net::own_and_broadcast};

void send_some(net::Interface& nic, u32 count)
{
    for (u32 n = 0; n < count; ++n) {
        auto frame = nic.frame();
        REQUIRE(frame);
        frame->resize(64);
        REQUIRE(nic.send(std::move(*frame)).has_value());
    }
    nic.kick();
}

}  // namespace

TEST_CASE("what is wrong with an Attach is said, and nothing of it stays", "[netd][hostile][LC1]")
{
    NicRig rig;
    {
        Hand hand{rig};
        const auto with = [&](auto change) {
            auto request = good;
            change(request);
            return hand.attach(request);
        };
        CHECK(with([](auto& r) { r.receive_entries = 0; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.receive_entries = 3; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.send_entries = 512; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.space_bytes = 59; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.reserved = 1; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.filter.vlan = 4095; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.filter.ether_type = 0x5ff; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.filter.flags = 16; }) == Errc::bad_argument);
        CHECK(with([](auto& r) { r.filter.flags = 8; }) == Errc::denied);
        CHECK(with([](auto& r) { r.space_bytes = 8 * page_bytes + 1; }) == Errc::out_of_range);
        CHECK(with([](auto& r) { r.receive_entries = 256; }) == Errc::out_of_range);
        CHECK(hand.attach(good, {}) == Errc::bad_argument);
        CHECK(hand.attach(good, hand.handles(), 0) == Errc::bad_argument);
        CHECK(hand.attach(good, hand.handles(abi::right::transfer | sys::read_only))
              == Errc::denied);
        CHECK(rig.bench.pins() == 0);
        REQUIRE(hand.attach(good) == Errc::ok);
        CHECK(hand.session.call<wire::SetFilter>({hand.number, 0, {{}, 0, 0, 8, 0}}).error()
              == Errc::denied);
        Hand other{rig};
        CHECK(other.session.call<wire::SetFilter>({hand.number, 0, net::own_and_broadcast}).error()
              == Errc::not_found);
        CHECK(other.session.call<wire::Detach>({hand.number, 0}).error() == Errc::not_found);
        CHECK(other.session.call<wire::SessionStats>({hand.number, 0}).error() == Errc::not_found);
        CHECK(hand.session.call<wire::Detach>({hand.number, 0}).has_value());
        CHECK(rig.bench.pins() == 0);
    }
    CHECK(rig.at_rest());
}

TEST_CASE("messages that are none of the protocol get an error", "[netd][hostile][LC1]")
{
    NicRig rig;
    Hand hand{rig};
    for (u16 ordinal = 0; ordinal < 9; ++ordinal)
        for (u64 size = 0; size <= abi::message_bytes; ++size) {
            const sys::Letter letter{abi::Header::make(ordinal, size), {}};
            const auto status = sys::call(hand.session.endpoint(), letter).header.status();
            const bool query = (ordinal == 1 || ordinal == 5) && size == 0;
            if (query)
                CHECK(status == Errc::ok);
            else
                CHECK(status != Errc::ok);
        }
}

TEST_CASE("an impossible ring index closes that session, and no other", "[netd][hostile][LC5]")
{
    NicRig rig;
    net::Interface honest;
    REQUIRE(honest.open(rig.bench.startup(), "nic0").has_value());
    Hand liar{rig};
    REQUIRE(liar.attach(good) == Errc::ok);
    const u32 which = GENERATE(0u, 1u, 2u, 3u);
    RingSide* const sides[]{&liar.page().sends, &liar.page().sent, &liar.page().spaces,
                            &liar.page().received};
    ring::store(sides[which]->index, 1000);
    liar.ring();
    rig.settle();
    rig.arrive({frame_to(everybody, 64, 1)});
    CHECK(liar.answers().closed == static_cast<u32>(Errc::malformed));
    CHECK(honest.receive());
    CHECK(rig.bench.pins() == 1);
}

TEST_CASE("spaces and sends that are not in the buffer are refused one by one",
          "[netd][hostile][LC2]")
{
    NicRig rig;
    Hand hand{rig};
    REQUIRE(hand.attach(good) == Errc::ok);
    auto* spaces = hand.client.mapping.array<wire::Space>(page_bytes, 8)->data();
    spaces[0].offset = 8 * page_bytes - 2047;
    spaces[1].offset = u64{1} << 32;
    spaces[2].offset = 8 * page_bytes - 2048;
    ring::store(hand.page().spaces.index, 3);
    rig.arrive({frame_to(everybody), frame_to(everybody), frame_to(everybody, 64, 5)});
    const auto* received = hand.server.mapping.array<wire::Received>(page_bytes, 8)->data();
    CHECK(received[0].flags == wire::ReceivedFlags::malformed);
    CHECK(received[1].flags == wire::ReceivedFlags::malformed);
    CHECK((received[2].flags == 0 && received[2].bytes == 64 && received[2].missed == 2));

    auto* sends = hand.client.mapping.array<wire::Send>(wire::sends_at(8), 8)->data();
    sends[0] = {8 * page_bytes - 63, 64, 0, 0, 0, 0};
    sends[1] = {0, 13, 0, 0, 0, 0};
    sends[2] = {0, 1519, 0, 0, 0, 0};
    sends[3] = {0, 64, 2, 0, 0, 0};
    sends[4] = {0, 64, 1, 34, 29, 0};
    sends[5] = {0, 64, 0, 0, 0, 1};
    sends[6] = {64, 64, 0, 0, 0, 0};
    ring::store(hand.page().sends.index, 7);
    ring::store(hand.page().sent.wake_at, 6);  // sleeps until the seventh is out
    hand.ring();
    rig.settle();
    const auto* sent = hand.server.mapping.array<wire::Sent>(wire::sent_at(8), 8)->data();
    for (u32 n = 0; n < 6; ++n)
        CHECK(sent[n].status == wire::Status::malformed);
    CHECK((sent[6].status == wire::Status::ok && sent[6].offset == 64));
    CHECK(rig.device_model.sent.size() == 1);
    CHECK(hand.session.call<wire::SessionStats>({hand.number, 0})->refused_frames == 6);
}

TEST_CASE("a session ends at once when its frames are out, though nobody was told", "[netd][N5]")
{
    NicRig rig;
    Hand hand{rig};
    REQUIRE(hand.attach(good) == Errc::ok);
    auto* sends = hand.client.mapping.array<wire::Send>(wire::sends_at(8), 8)->data();
    sends[0] = sends[1] = {0, 64, 0, 0, 0, 0};
    ring::store(hand.page().sent.wake_at, 8);  // it does not wait
    ring::store(hand.page().sends.index, 2);
    hand.ring();
    rig.settle();
    CHECK(hand.answers().sent.index == 0);
    CHECK(hand.session.call<wire::Detach>({hand.number, 0}).has_value());
    CHECK(rig.bench.pins() == 0);
}

TEST_CASE("the memory of a client that went is kept until the device has let go of its frames",
          "[netd][hostile]")
{
    NicRig rig;
    rig.device_model.hold = true;
    {
        net::Interface mortal;
        REQUIRE(mortal.open(rig.bench.startup(), "nic0").has_value());
        send_some(mortal, 3);
        rig.settle();
        REQUIRE(rig.device_model.held() == 3);
    }
    for (u32 left = 3; left != 0; --left) {
        rig.settle();
        CHECK(rig.bench.pins() == 1);
        rig.mmio.act([&](model::Queue& queue) { rig.device_model.finish(queue, 0); }, 1);
    }
    rig.settle();
    CHECK(rig.at_rest());
}

TEST_CASE("a device that lies is reset: its frames are lost, not sent again, and sessions go on",
          "[netd][hostile][LD1][LD12][U10]")
{
    const auto lie = GENERATE(model::Lie::id_out_of_range, model::Lie::needs_reset);
    const u16 queue = GENERATE(u16{0}, u16{1});
    INFO("lie " << static_cast<int>(lie) << " on queue " << queue);
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    net::Blocking blocking{nic};
    rig.settle();
    if (lie == model::Lie::needs_reset)
        rig.world.lies.arm(lie, 0, 1);
    else
        rig.world.lies.arm_on(queue, lie, 300, 1);
    for (u32 n = 0; n < 4; ++n) {
        REQUIRE(blocking.send(view(frame_to(everybody, 64, n))).has_value());
        rig.arrive({frame_to(rig_mac, 64, n)});
    }
    REQUIRE(blocking.flush().has_value());
    while (nic.receive()) {}
    const usize sent = rig.device_model.sent.size();
    REQUIRE(rig.alive);
    CHECK(nic.stats()->resets == 1);
    CHECK(sent <= 4);
    CHECK(sent + nic.lost() >= 4);

    rig.arrive({frame_to(rig_mac, 64, 9)});
    const auto late = nic.receive();
    REQUIRE(late);
    CHECK(bytes_of(late->frame) == frame_to(rig_mac, 64, 9));
    REQUIRE(blocking.send(view(frame_to(everybody, 64, 10))).has_value());
    REQUIRE(blocking.flush().has_value());
    CHECK(rig.device_model.sent.size() == sent + 1);
}

TEST_CASE("frames that were out before a reset are not lost", "[netd][hostile][LD12]")
{
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    send_some(nic, 1);
    REQUIRE(net::Blocking{nic}.flush().has_value());
    send_some(nic, 3);
    rig.settle();
    REQUIRE(rig.device_model.sent.size() == 4);
    rig.world.lies.arm(model::Lie::needs_reset, 0, 1);
    send_some(nic, 1);
    rig.settle();
    REQUIRE(net::Blocking{nic}.flush().has_value());
    CHECK(nic.stats()->resets == 1);
    CHECK(nic.lost() <= 1);
}

TEST_CASE("frames that came without their interrupt are found when a client sends, and then others "
          "interrupt again",
          "[netd][hostile][LD22]")
{
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    send_some(nic, 1);
    REQUIRE(net::Blocking{nic}.flush().has_value());
    rig.settle();
    rig.world.lies.arm_on(0, model::Lie::interrupt_missing, 0, 1);
    rig.arrive({frame_to(rig_mac, 64, 1)});
    CHECK_FALSE(nic.receive());
    send_some(nic, 1);  // and nobody waits until it is out
    rig.settle();
    CHECK(nic.receive());
    rig.arrive({frame_to(rig_mac, 64, 2)});
    CHECK(nic.receive());
}

TEST_CASE("after a reset to a smaller MTU a session sends no frame that is longer",
          "[netd][hostile]")
{
    model::NetOptions options;
    options.features |= model::Net::has_mtu;
    NicRig rig{options};
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    net::Blocking blocking{nic};
    const auto send = [&](usize bytes) {
        REQUIRE(blocking.send(view(frame_to(everybody, bytes))).has_value());
        REQUIRE(blocking.flush().has_value());
        const bool sent =
            !rig.device_model.sent.empty() && rig.device_model.sent.back().bytes.size() == bytes;
        rig.device_model.sent.clear();
        return sent;
    };
    CHECK(send(1400));
    constexpr u16 mtu = 1000;
    rig.device_model.config()[10] = static_cast<u8>(mtu);
    rig.device_model.config()[11] = mtu >> 8;
    rig.world.lies.arm(model::Lie::needs_reset, 0, 1);
    (void)send(64);
    rig.settle();
    REQUIRE(nic.stats()->resets == 1);
    CHECK(send(mtu + wire::frame_header_bytes));
    CHECK_FALSE(send(1400));
    CHECK(send(64));
}

TEST_CASE("a client attaches again to a server that was restarted, with its filter and without its "
          "frames",
          "[netd]")
{
    NicRig rig;
    net::Interface nic;
    REQUIRE(nic.open(rig.bench.startup(), "nic0").has_value());
    auto only = net::own_and_broadcast;
    only.ether_type = 0x0806;
    REQUIRE(nic.set_filter(only).has_value());
    rig.device_model.hold = true;
    send_some(nic, 2);
    rig.settle();
    // The next server knows nothing of the session.
    rig.device_model.hold = false;
    while (rig.device_model.held() != 0)
        rig.mmio.act([&](model::Queue& queue) { rig.device_model.finish(queue, 0); }, 1);
    rig.server.reset();
    rig.server.emplace(
        rig.nic, netd::Server<NicRig::Nic>::Means{.device = {rig.bench.give(abi::Kind::device)},
                                                  .notification = {rig.notification},
                                                  .epoch = 2,
                                                  .inbox = &rig.inbox,
                                                  .register_accesses = &rig.accesses,
                                                  .promiscuous = false,
                                                  .virtio = 2,
                                                  .offered = rig.device->negotiation().offered});
    (void)rig.nic.sent();  // a new one would not know these tags
    (void)rig.nic.sent();
    ++rig.bench.epoch;
    rig.bench.raise(nic.notification().slot, abi::Bits::at(1));
    CHECK(nic.wait(abi::Ticks{1}).error() == Errc::timed_out);
    CHECK(nic.restarts() == 1);
    CHECK(nic.lost() == 2);
    CHECK(nic.sending() == 0);
    rig.arrive({frame_to(rig_mac, 64, 1), frame_to(everybody, 64, 2, 0x0806)});
    const auto got = nic.receive();
    REQUIRE(got);
    CHECK(bytes_of(got->frame) == frame_to(everybody, 64, 2, 0x0806));
    CHECK_FALSE(nic.receive());
}
