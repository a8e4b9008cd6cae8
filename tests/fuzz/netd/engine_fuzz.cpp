// tests/fuzz/netd/engine_fuzz.cpp - a client that writes anything anywhere into its rings, beside
// an honest one.
//
// Whatever the liar does: the device reads nothing outside the buffer of who sends; every frame of
// the honest client comes back exactly once; every frame for it arrives whole, in order, or is
// counted as missed; and the liar's session is released once. When the engine would sleep, nothing
// that came lies there, though an interrupt got lost, and nothing that the honest client sends
// waits for a device that has nothing.
#include "fake_nic.hpp"
#include "script.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <net/channel.hpp>

namespace {

struct FakeOwner {
    void ring(u32) {}
    void release(u32 place) { released.push_back(place); }

    std::vector<u32> released;
};
using TestEngine = netd::Engine<FakeNic, FakeOwner>;

struct Client {
    static constexpr u32 entries = 8;
    static constexpr u32 frame_bytes = 256;

    Client()
    {
        pool.fill(memory, frame_bytes, 2 * entries);
        demand(channel.open({client, spaces, sends, server, received, sent}, pool).has_value());
    }

    void attach(TestEngine& engine)
    {
        place = engine.vacant().value();
        runs[0] = {0, buffer_at(place)};
        const netd::Limits limits{.buffer_bytes = static_cast<u32>(memory.size()),
                                  .space_bytes = frame_bytes,
                                  .max_frame = FakeNic::max_frame()};
        auto session = netd::Session::over({client, spaces, sends, server, received, sent}, limits,
                                           common::BufferMap{runs, memory.size()}, memory);
        demand(session.has_value());
        const proto::net::Filter filter{{}, 0, 0, proto::net::FilterFlags::broadcast, 0};
        session->set_filter(filter, {2, 0, 0, 0, 0, 1});
        engine.open(place, *session, place % 2);
        channel.offer_spaces();
    }
    abi::Bits bell() const { return netd::doorbell_of(place); }

    u32 place = 0;
    proto::net::ClientPage client{};
    proto::net::ServerPage server{};
    std::array<proto::net::Space, entries> spaces{};
    std::array<proto::net::Send, entries> sends{};
    std::array<proto::net::Received, entries> received{};
    std::array<proto::net::Sent, entries> sent{};
    std::vector<std::byte> memory = std::vector<std::byte>(usize{2} * entries * frame_bytes);
    std::array<common::BufferRun, 1> runs{};
    net::FramePool pool;
    net::Channel channel;
};

std::vector<std::byte> numbered(u32 number, u32 bytes)
{
    std::vector<std::byte> frame(bytes, static_cast<std::byte>(number));
    std::fill_n(frame.begin(), 6, std::byte{0xff});
    frame[12] = std::byte{0x88};
    std::memcpy(&frame[16], &number, sizeof number);
    return frame;
}

class Rig {
public:
    Rig()
    {
        nic.info_.link_up = true;
        honest.attach(engine);
        liar.attach(engine);
    }

    void work(abi::Bits woken)
    {
        demand(engine.step(woken).has_value());
        for (u32 i = 0; engine.hungry(); ++i) {
            demand(i < 1000);
            demand(engine.step({}).has_value());
        }
        demand(nic.came.empty());
        demand(!nic.at_device.empty() || engine.session(honest.place).pending().available() == 0);
    }
    void send_honestly(u32 bytes)
    {
        sent += honest.channel.send_each(1, [&](std::span<std::byte>) { return 14 + bytes % 240; });
        work(honest.channel.publish() ? honest.bell() : abi::Bits{});
    }
    // `told`: the device interrupts for it.
    void arrive(u32 bytes, u32 cut, bool told)
    {
        const u32 length = 24 + bytes % 232;
        nic.came.push_back({numbered(arrived, length), cut % 4 == 0 ? 1 + cut % 20 : 0});
        if (nic.came.back().cut != 0)  // the server makes its checksum, at 14
            nic.came.back().bytes[14] = nic.came.back().bytes[15] = std::byte{};
        ++arrived;
        if (told)
            work(interrupt);
    }
    void look_honestly(u32 most)
    {
        (void)honest.channel.receive_each(most, [&](const net::Glimpse& frame) {
            u32 number = 0;
            std::memcpy(&number, &frame.bytes[16], sizeof number);
            demand(number == next + frame.missed);
            next = number + 1;
            const auto wanted = numbered(number, static_cast<u32>(frame.bytes.size()));
            demand(std::ranges::equal(frame.bytes.subspan(16), std::span{wanted}.subspan(16)));
        });
        honest.channel.offer_spaces();
        honest.channel.reclaim();
        demand(honest.channel.lost_for() == Errc::ok && honest.channel.refused() == 0);
    }
    // The device need not interrupt for it unless it was asked to.
    void finish(u32 which, bool told)
    {
        nic.finish(which);
        if (std::exchange(nic.sends_armed, false) || told)
            work(interrupt);
    }
    void lie(Script& script)
    {
        const u32 value = script.word();
        RingSide* const sides[]{&liar.client.spaces, &liar.client.received, &liar.client.sends,
                                &liar.client.sent};
        RingSide& side = *sides[value % 4];
        switch (script.byte() % 6) {
        case 0:
            ring::store(side.index, script.word());
            break;
        case 1:
            ring::store(side.wake_at, script.word());
            break;
        case 2:
            ++side.index;
            break;
        case 3:  // an entry that is nearly good
            liar.sends[liar.client.sends.index % Client::entries] = {
                value % 8192, 14 + (value >> 16) % 512, 0, 0, 0, 0};
            ++liar.client.sends.index;
            work(liar.bell());
            break;
        case 4:
            std::memcpy(reinterpret_cast<std::byte*>(liar.sends.data()) + value % 32 * 4, &value,
                        4);
            break;
        default:
            std::memcpy(reinterpret_cast<std::byte*>(liar.spaces.data()) + value % 16 * 4, &value,
                        4);
        }
    }
    void end()
    {
        if (engine.is_open(liar.place))
            engine.end(liar.place);
        work({});
        for (u32 i = 0; honest.channel.sending() != 0 || !nic.at_device.empty(); ++i) {
            demand(i < 100);
            if (honest.channel.arm(true))
                work(honest.bell());  // until a frame is out
            finish(0, true);
            look_honestly(100);
        }
        demand(std::ranges::count(owner.released, liar.place) == 1);
        demand(engine.is_open(honest.place));
        const auto& counts = engine.session(honest.place).counts();
        demand(counts.sent_frames == sent && counts.refused_frames == 0);
        demand(counts.received_frames + counts.no_space == arrived);
    }

    static constexpr auto interrupt = abi::Bits::at(netd::interrupt_bit);

    FakeNic nic;
    FakeOwner owner;
    netd::Totals totals;
    TestEngine engine{nic, owner, totals};
    Client honest;
    Client liar;
    u64 sent = 0;
    u32 arrived = 0;
    u32 next = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size)
{
    Script script{bytes, size};
    const auto rig = std::make_unique<Rig>();
    while (!script.empty()) {
        switch (script.byte() % 8) {
        case 0:
            rig->send_honestly(script.byte());
            break;
        case 1:
            rig->look_honestly(script.byte());
            break;
        case 2:
            rig->finish(script.byte(), script.byte() % 2 == 0);
            break;
        case 3:
            rig->work(rig->liar.bell());
            break;
        case 4:
            rig->arrive(script.byte(), script.byte(), script.byte() % 4 != 0);
            break;
        default:
            rig->lie(script);
            break;
        }
    }
    rig->end();
    return 0;
}
