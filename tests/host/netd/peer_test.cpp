// tests/host/netd/peer_test.cpp - the peer of system tests keeps its own promises.
#include "peer.hpp"

#include <cstring>

#include <catch2/catch.hpp>

namespace {

using Octets = peer::Bytes;

Octets command(peer::Op op, u32 count = 0, u32 bytes = 0)
{
    Octets frame{2, 0x56, 0x52, 0, 0, 1, 1, 2, 3, 4, 5, 6, 0x88, 0xb6};
    const peer::Command what{peer::magic, op, count, bytes, 0, 0};
    const auto* at = reinterpret_cast<const u8*>(&what);
    frame.insert(frame.end(), at, at + sizeof(what));
    return frame;
}

peer::Report report_in(const Octets& frame)
{
    peer::Report report{};
    REQUIRE(frame.size() >= peer::header_bytes + sizeof(report));
    std::memcpy(&report, &frame[peer::header_bytes], sizeof(report));
    return report;
}

struct OtherEnd {
    std::vector<Octets> sent;
    peer::Peer peer{
        [this](std::span<const u8> frame) { sent.emplace_back(frame.begin(), frame.end()); }};
};

}  // namespace

TEST_CASE("the peer returns data frames to whom they came from until it is told to count only",
          "[peer]")
{
    OtherEnd wire;
    const Octets data{9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 0x88, 0xb5, 42, 43};
    wire.peer.receive(data);
    REQUIRE(wire.sent.size() == 1);
    CHECK(wire.sent[0] == Octets{1, 2, 3, 4, 5, 6, 9, 9, 9, 9, 9, 9, 0x88, 0xb5, 42, 43});
    wire.peer.receive(command(peer::Op::sink));
    wire.peer.receive(data);
    wire.peer.receive(command(peer::Op::report));
    REQUIRE(wire.sent.size() == 3);
    const auto report = report_in(wire.sent[2]);
    CHECK(report.op == peer::Op::report);
    CHECK(report.frames_in == 4);
    CHECK(report.bytes_in == 2 * 16 + 2 * 38);
    CHECK(report.frames_out == 2);
    CHECK(report.bytes_out == 16 + 64);
}

TEST_CASE("the peer counts numbered frames that are not in their order", "[peer]")
{
    OtherEnd wire;
    wire.peer.receive(command(peer::Op::sink));
    const auto send = [&](u32 number) {
        Octets frame{9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 0x88, 0xb5};
        const peer::Numbered numbered{number, 22};
        const auto* at = reinterpret_cast<const u8*>(&numbered);
        frame.insert(frame.end(), at, at + sizeof(numbered));
        wire.peer.receive(frame);
    };
    const auto misplaced = [&] {
        wire.peer.receive(command(peer::Op::report));
        return report_in(wire.sent.back()).misplaced;
    };
    for (const u32 number : {0u, 1u, 2u})
        send(number);
    CHECK(misplaced() == 0);
    for (const u32 number : {4u, 5u, 5u, 6u})
        send(number);
    CHECK(misplaced() == 2);
    wire.peer.receive(command(peer::Op::sink));
    send(0);
    CHECK(misplaced() == 0);
}

TEST_CASE("a flood of the peer is numbered, of the size that was asked for", "[peer]")
{
    OtherEnd wire;
    wire.peer.receive(command(peer::Op::flood, 5, 100));
    REQUIRE(wire.sent.size() == 6);
    for (u32 n = 0; n < 5; ++n) {
        const auto& frame = wire.sent[n + 1];
        peer::Numbered numbered{};
        std::memcpy(&numbered, &frame[peer::header_bytes], sizeof(numbered));
        CHECK(numbered.number == n);
        CHECK(frame.size() == 100);
        CHECK(frame[99] == peer::pattern(n, 99));
    }
}

TEST_CASE("what is packed is unpacked, in whatever pieces it comes", "[peer]")
{
    Octets stream;
    peer::pack(Octets(300, 1), stream);
    peer::pack(Octets{}, stream);
    peer::pack(Octets{7}, stream);
    const usize step = GENERATE(1u, 2u, 3u, 150u, 1000u);
    peer::Unpacker in;
    std::vector<Octets> got;
    for (usize at = 0; at < stream.size(); at += step) {
        in.add(std::span{stream}.subspan(at, std::min(step, stream.size() - at)));
        while (auto frame = in.next())
            got.push_back(*frame);
    }
    CHECK(got == std::vector<Octets>{Octets(300, 1), Octets{}, Octets{7}});
}
