// tests/host/netd/session_test.cpp - a frame on its way to one client, whose memory and whose
// device's memory change under it.
#include "session.hpp"

#include <memory>
#include <vector>

#include <catch2/catch.hpp>

namespace net = proto::net;

namespace {

// The memory of a session with 8 entries a ring and spaces of 256 bytes, all offered.
struct Memory {
    static constexpr u32 entries = 8;
    static constexpr u32 space_bytes = 256;

    Memory()
    {
        for (u32 n = 0; n < entries; ++n)
            spaces[n] = {u64{n} * space_bytes};
        client->spaces.index = entries;
    }
    netd::Session session()
    {
        const net::Filter filter{{}, 0, 0, net::FilterFlags::broadcast, 0};
        auto made = netd::Session::over({*client, spaces, sends, *server, received, sent},
                                        {.buffer_bytes = static_cast<u32>(buffer.size()),
                                         .space_bytes = space_bytes,
                                         .max_frame = 1518},
                                        {}, buffer);
        REQUIRE(made.has_value());
        made->set_filter(filter, {2, 0, 0, 0, 0, 1});
        return *made;
    }
    std::vector<u8> delivered(u32 n) const
    {
        const auto* at = reinterpret_cast<const u8*>(buffer.data() + received[n].offset);
        return {at, at + received[n].bytes};
    }

    std::unique_ptr<net::ClientPage> client = std::make_unique<net::ClientPage>();
    std::unique_ptr<net::ServerPage> server = std::make_unique<net::ServerPage>();
    std::array<net::Space, entries> spaces{};
    std::array<net::Send, entries> sends{};
    std::array<net::Received, entries> received{};
    std::array<net::Sent, entries> sent{};
    std::vector<std::byte> buffer = std::vector<std::byte>(entries * space_bytes);
};

std::vector<std::byte> broadcast(usize bytes)
{
    std::vector<std::byte> frame(bytes);
    for (usize i = 0; i < bytes; ++i)
        frame[i] = i < 6 ? std::byte{0xff} : static_cast<std::byte>(i);
    return frame;
}

std::vector<u8> octets(std::span<const std::byte> bytes)
{
    const auto* at = reinterpret_cast<const u8*>(bytes.data());
    return {at, at + bytes.size()};
}

netd::Plain plain(const std::vector<std::byte>& frame)
{
    const auto head = netd::head_of(frame);
    return {head, netd::keys_of(head), frame.data(), static_cast<u32>(frame.size())};
}

}  // namespace

TEST_CASE("what a filter was asked of a frame is what its client gets, whatever the device writes "
          "there afterwards",
          "[netd][hostile][LD11]")
{
    const usize bytes = GENERATE(14u, 18u, 23u, 24u, 60u, 64u, 88u, 89u, 200u);
    Memory memory;
    auto session = memory.session();
    auto frame = broadcast(bytes);
    const auto checked = octets(frame);
    const auto arrival = plain(frame);
    frame[0] = std::byte{0x02};  // now it is for somebody else
    frame[12] = std::byte{0x08};
    CHECK(session.delivery().offer(arrival));
    CHECK(memory.delivered(0) == checked);
}

TEST_CASE("the same of a frame in pieces", "[netd][hostile][LD11]")
{
    Memory memory;
    auto session = memory.session();
    auto frame = broadcast(100);
    const auto checked = octets(frame);
    const std::array<std::span<const std::byte>, 3> pieces{
        std::span<const std::byte>{frame}.first(10),
        std::span<const std::byte>{frame}.subspan(10, 5),
        std::span<const std::byte>{frame}.subspan(15)};
    const netd::Arrival arrival{.head = netd::head_of(pieces),
                                .pieces = pieces,
                                .bytes = 100,
                                .flags = 0,
                                .csum_start = 0,
                                .csum_offset = 0,
                                .csum_wanted = false};
    frame[0] = frame[12] = std::byte{0x02};
    session.deliver(arrival);
    CHECK(memory.delivered(0) == checked);
}

TEST_CASE("frames of all lengths are copied whole, those that come together in their order",
          "[netd][N6]")
{
    Memory memory;
    auto session = memory.session();
    for (usize bytes = 14; bytes <= 250; bytes += 2) {
        const auto first = broadcast(bytes);
        const auto second = broadcast(bytes + 1);
        const std::array both{plain(first), plain(second)};
        memory.client->spaces.index = static_cast<u32>((bytes - 14) / 2 * 2) + Memory::entries;
        memory.client->received.index = static_cast<u32>((bytes - 14) / 2 * 2);
        session.delivery().look();
        for (const auto& frame : both)
            CHECK(session.delivery().offer(frame));
        (void)session.publish();
        const u32 at = static_cast<u32>(bytes - 14) % Memory::entries;
        CHECK(memory.delivered(at) == octets(first));
        CHECK(memory.delivered(at + 1) == octets(second));
    }
    CHECK(session.counts().received_frames == 238);
    CHECK_FALSE(session.broken());
}
