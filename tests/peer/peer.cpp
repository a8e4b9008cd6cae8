// peer/peer.cpp - echo, count, flood, misbehave.
#include "peer.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

namespace peer {
namespace {

constexpr std::array<u8, 6> own_address{0x02, 0x56, 0x52, 0, 0, 1};
constexpr std::array<u8, 6> everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr usize longest = 65'000;
constexpr u32 longest_delay_us = 100'000;

u16 type_of(std::span<const u8> frame)
{
    return frame.size() < header_bytes ? u16{0} : static_cast<u16>(frame[12] << 8 | frame[13]);
}

Bytes header(std::span<const u8> to, u16 type)
{
    Bytes frame{to.begin(), to.begin() + 6};
    frame.insert(frame.end(), own_address.begin(), own_address.end());
    frame.push_back(static_cast<u8>(type >> 8));
    frame.push_back(static_cast<u8>(type));
    return frame;
}

template <class T>
void append(Bytes& frame, const T& value)
{
    const auto* at = reinterpret_cast<const u8*>(&value);
    frame.insert(frame.end(), at, at + sizeof(T));
}

}  // namespace

void Peer::send(std::span<const u8> frame)
{
    ++counted_.frames_out;
    counted_.bytes_out += frame.size();
    send_(frame);
}

void Peer::receive(std::span<const u8> frame)
{
    ++counted_.frames_in;
    counted_.bytes_in += frame.size();
    if (type_of(frame) == control_type)
        return obey(frame);
    if (type_of(frame) != data_type)
        return;
    if (!echoes_)
        return look_at_number(frame);
    Bytes back{frame.begin(), frame.end()};
    std::swap_ranges(back.begin(), back.begin() + 6, back.begin() + 6);
    send(back);
}

void Peer::look_at_number(std::span<const u8> frame)
{
    Numbered numbered{};
    if (frame.size() >= header_bytes + sizeof(numbered))
        std::memcpy(&numbered, &frame[header_bytes], sizeof(numbered));
    counted_.misplaced += numbered.number == next_number_ ? 0 : 1;
    next_number_ = numbered.number + 1;
}

void Peer::obey(std::span<const u8> frame)
{
    Command command{};
    if (frame.size() < header_bytes + sizeof(command))
        return;
    std::memcpy(&command, &frame[header_bytes], sizeof(command));
    if (command.magic != magic)
        return;
    const auto asking = frame.subspan(6, 6);
    if (command.op == Op::echo || command.op == Op::sink)
        echoes_ = command.op == Op::echo;
    if (command.op == Op::sink)
        counted_.misplaced = next_number_ = 0;
    auto report = header(asking, control_type);
    counted_.op = command.op;
    append(report, counted_);
    report.resize(64);
    send(report);
    if (command.op == Op::flood)
        flood(asking, command);
    if (command.op == Op::malformed)
        misbehave(asking, command.count);
}

void Peer::flood(std::span<const u8> to, const Command& command)
{
    const u64 bytes = std::clamp<u64>(command.bytes, 60, longest);
    std::this_thread::sleep_for(
        std::chrono::microseconds{std::min(command.delay_us, longest_delay_us)});
    for (u32 number = 0; number < command.count; ++number) {
        auto frame = header(command.flag != 0 ? std::span<const u8>{everybody} : to, data_type);
        append(frame, Numbered{number, static_cast<u32>(bytes)});
        while (frame.size() < bytes)
            frame.push_back(pattern(number, frame.size()));
        send(frame);
    }
}

// Parts of an Ethernet header, tags that end early, and frames longer than any MTU.
void Peer::misbehave(std::span<const u8> to, u32 times)
{
    for (u32 n = 0; n < times; ++n) {
        const auto whole = header(to, data_type);
        for (usize bytes = 6; bytes < header_bytes; ++bytes)
            send(std::span{whole}.first(bytes));
        auto tagged = header(to, 0x8100);
        for (int more = 0; more < 4; ++more) {
            send(tagged);
            tagged.push_back(0xff);
        }
        for (const usize bytes : {1519u, 2048u, 4000u, 9000u, 65'000u}) {
            auto frame = whole;
            frame.resize(bytes, 0xee);
            send(frame);
        }
    }
}

std::optional<Bytes> Unpacker::next()
{
    const auto rest = std::span{bytes_}.subspan(at_);
    const usize length = rest.size() < 4 ? 0
                                         : usize{rest[0]} << 24 | usize{rest[1]} << 16
                                               | usize{rest[2]} << 8 | rest[3];
    if (rest.size() < 4 || rest.size() - 4 < length) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<i64>(at_));
        at_ = 0;
        return std::nullopt;
    }
    at_ += 4 + length;
    const auto frame = rest.subspan(4, length);
    return Bytes{frame.begin(), frame.end()};
}

void pack(std::span<const u8> frame, Bytes& into)
{
    for (const int shift : {24, 16, 8, 0})
        into.push_back(static_cast<u8>(frame.size() >> shift));
    into.insert(into.end(), frame.begin(), frame.end());
}

}  // namespace peer
