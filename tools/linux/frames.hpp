// linux/frames.hpp - Ethernet frames by packet sockets: sent by sendmmsg, received from a ring that
// the kernel fills (TPACKET_V2), one at a time by sendto and recvfrom. The other end is the peer of
// tests/peer; base is not included, so its few words are repeated here.
#pragma once

#include "report.hpp"

namespace frames {

using linux_api::address;
using linux_api::Call;
using linux_api::call;

inline constexpr u16 data_type = 0x88b5;
inline constexpr u16 control_type = 0x88b6;
inline constexpr u32 magic = 0x5256'4550;
enum class Op : u32 { echo = 2, sink = 3, flood = 4 };

inline constexpr u32 batch = 32;
inline constexpr u32 batches = 64;

constexpr u16 network_order(u16 value) { return static_cast<u16>(value << 8 | value >> 8); }

struct Frame {
    u8 to[6];
    u8 from[6];
    u16 type;
    u8 rest[1500];
};
struct Command {
    u32 magic, op, count, bytes, flag, delay_us;
};

struct LinkAddress {  // sockaddr_ll
    u16 family, protocol;
    int index;
    u16 hardware;
    u8 kind, length;
    u8 bytes[8];
};
struct Interface {  // ifreq
    char name[16];
    union {
        int index;
        u16 flags;
        u8 address[24];
    };
};
struct Vector {
    void* base;
    u64 bytes;
};
struct Message {  // mmsghdr
    void* name;
    u64 name_bytes;
    Vector* vectors;
    u64 vector_count;
    void* control;
    u64 control_bytes;
    u64 flags;
    u64 sent;
};
static_assert(sizeof(Message) == 64);

constexpr u64 packet_family = 17;
constexpr u64 raw = 3;
constexpr u64 packet_level = 263;

inline i64 packet_socket(u16 protocol, int index)
{
    const i64 socket = call(Call::socket, packet_family, raw, network_order(protocol));
    LinkAddress own{};
    own.family = static_cast<u16>(packet_family);
    own.protocol = network_order(protocol);
    own.index = index;
    const i64 bound = call(Call::bind, static_cast<u64>(socket), address(&own), sizeof own);
    return bound < 0 ? bound : socket;
}

class Wire {
public:
    bool open()
    {
        constexpr u64 get_index = 0x8933, get_address = 0x8927, get_flags = 0x8913,
                      set_flags = 0x8914;
        constexpr u16 up = 1;
        control_ = call(Call::socket, packet_family, raw, 0);
        Interface asked{};
        for (u32 n = 0; n < 4; ++n)
            asked.name[n] = "eth0"[n];
        const auto ask = [&](u64 what) {
            return call(Call::ioctl, static_cast<u64>(control_), what, address(&asked));
        };
        if (const i64 done = ask(get_index); done < 0)
            return report::missing("eth0", done);
        index_ = asked.index;
        (void)ask(get_address);
        for (u32 n = 0; n < 6; ++n) {
            frame_.from[n] = asked.address[2 + n];
            frame_.to[n] = 0xff;
        }
        (void)ask(get_flags);
        asked.flags |= up;
        (void)ask(set_flags);
        linux_api::sleep_ms(100);  // the link comes up
        control_ = packet_socket(0, index_);
        data_ = packet_socket(data_type, index_);
        return (control_ >= 0 && data_ >= 0) || report::missing("packet sockets", data_);
    }

    void tell(Op op, u32 count = 0, u32 bytes = 0) const
    {
        struct {
            Frame head;
        } out{frame_};
        out.head.type = network_order(control_type);
        const Command command{magic, static_cast<u32>(op), count, bytes, 0, 0};
        __builtin_memcpy(out.head.rest, &command, sizeof command);
        (void)call(Call::sendto, static_cast<u64>(control_), address(&out), 14 + sizeof command);
    }

    bool sends(const char* name, u64 bytes)
    {
        frame_.type = network_order(data_type);
        Vector vector{&frame_, bytes};
        Message messages[batch]{};
        for (auto& each : messages)
            each = {nullptr, 0, &vector, 1, nullptr, 0, 0, 0};
        tell(Op::sink);
        const auto one = [&] {
            return call(Call::sendmmsg, static_cast<u64>(data_), address(messages), batch) == batch;
        };
        bool good = one() && one();
        linux_api::sleep_ms(10);
        report::Region region;
        for (u32 n = 0; n < batches; ++n)
            good &= one();
        region.end(name, batches * batch, batches * batch * bytes);
        linux_api::sleep_ms(20);
        return good;
    }

    bool echoes(u32 count)
    {
        constexpr u64 bytes = 64;
        Frame back;
        frame_.type = network_order(data_type);
        tell(Op::echo);
        const auto one = [&] {
            return call(Call::sendto, static_cast<u64>(data_), address(&frame_), bytes) > 0
                   && call(Call::recvfrom, static_cast<u64>(data_), address(&back), sizeof back)
                          > 0;
        };
        bool good = true;
        for (u32 n = 0; n < 4; ++n)
            good &= one();
        report::Region region;
        for (u32 n = 0; n < count; ++n)
            good &= one();
        region.end("net.echo64", count, count * bytes);
        return good;
    }

    // The socket's frames come by a ring from now on.
    bool make_ring()
    {
        constexpr u64 set_version = 10, set_ring = 5;
        const int version = 1;  // TPACKET_V2
        const u32 shape[4] = {ring_bytes / 16, 16, frame_bytes, ring_bytes / frame_bytes};
        const auto socket = static_cast<u64>(data_);
        (void)call(Call::setsockopt, socket, packet_level, set_version, address(&version), 4);
        const i64 done =
            call(Call::setsockopt, socket, packet_level, set_ring, address(shape), sizeof shape);
        ring_ = done < 0 ? nullptr : static_cast<u8*>(linux_api::map(ring_bytes, data_));
        return ring_ != nullptr || report::missing("a packet ring", done);
    }

    bool receives(const char* name, u32 bytes)
    {
        const auto one = [&] {
            tell(Op::flood, batch, bytes);
            return take(batch);
        };
        bool good = one() && one();
        report::Region region;
        for (u32 n = 0; n < batches; ++n)
            good &= one();
        region.end(name, batches * batch, batches * u64{batch} * bytes);
        return good;
    }

private:
    static constexpr u32 frame_bytes = 2048;
    static constexpr u32 ring_bytes = 1U << 20;

    // Looks at each frame's length, and gives it back.
    bool take(u32 count)
    {
        constexpr u64 readable = 1;
        struct {
            int file;
            short events, happened;
        } wait{static_cast<int>(data_), readable, 0};
        while (count != 0) {
            auto* header = reinterpret_cast<u32*>(ring_ + u64{at_} * frame_bytes);
            if ((__atomic_load_n(header, __ATOMIC_ACQUIRE) & readable) == 0) {
                if (call(Call::ppoll, address(&wait), 1) < 0)
                    return false;
                continue;
            }
            if (header[1] < 60)
                return false;
            __atomic_store_n(header, 0, __ATOMIC_RELEASE);
            at_ = (at_ + 1) % (ring_bytes / frame_bytes);
            --count;
        }
        return true;
    }

    i64 control_ = -1;
    i64 data_ = -1;
    int index_ = 0;
    u8* ring_ = nullptr;
    u32 at_ = 0;
    Frame frame_{};
};

inline bool measure()
{
    Wire wire;
    return wire.open() && wire.sends("net.tx64", 64) && wire.sends("net.tx1514", 1514)
           && wire.echoes(256) && wire.make_ring() && wire.receives("net.rx64", 64)
           && wire.receives("net.rx1514", 1514);
}

}  // namespace frames
