// chaos_net.cpp - frames are made of buffers that the caller lent, each given back once; what an
// offload says lies in its frame.
#include "chaos_rig.hpp"

#include <model/net.hpp>
#include <virtio/net.hpp>

using namespace virtio;

namespace {

constexpr u64 buffers = 8;
constexpr u64 frames = 8;  // tags after those of buffers
constexpr u32 buffer_bytes = 2048;
constexpr net::Options options{.receive_size = 8, .transmit_size = 64, .pairs = 2};

// All offloads, merged buffers, filters, and two pairs; or what QEMU offers for a plain backend.
model::NetOptions offered(bool all)
{
    if (!all)
        return {};
    return {.features = 0xff'ffbf | u64{1} << 63, .max_pairs = 2};
}

struct Rig : ChaosRig<model::Net, net::Driver<ChaosBus, 64, 2>> {
    explicit Rig(const ChaosInput& input)
        : ChaosRig{input, Driver::memory_bytes(options).raw(), buffers * buffer_bytes,
                   offered(input.caller.size() % 2 == 0)}
    {
    }
    void start() { (void)driver.start(*device, memory, options); }

    net::Receiver<64>& receive() { return driver.receive(script.byte() % 2); }
    void post()
    {
        auto& queue = receive();
        for (u64 tag = 0; tag < buffers; ++tag)
            if (!given.out(tag)
                && queue.post(tag, {data.memory + tag * buffer_bytes,
                                    data.address + Bytes{tag * buffer_bytes}, Bytes{buffer_bytes}}))
                return given.gave(tag);
    }
    void take()
    {
        const auto taken = receive().take();
        if (!taken || !*taken)
            return;
        const net::Frame& frame = **taken;
        u64 bytes = 0;
        for (const auto& piece : frame.pieces) {
            given.back(piece.tag);
            demand(piece.tag < buffers);
            if (frame.drop != net::Drop::none)
                continue;
            demand(piece.offset <= buffer_bytes && piece.length <= buffer_bytes - piece.offset);
            bytes += piece.length;
        }
        if (frame.drop == net::Drop::none)
            judge(frame, bytes);
    }
    void judge(const net::Frame& frame, u64 bytes) const
    {
        demand(frame.bytes == bytes && bytes >= net::min_frame);
        const auto& offload = frame.offload;
        demand(!(offload.needs_csum || offload.data_valid) || driver.has_rx_csum());
        if (offload.needs_csum)
            demand(offload.csum.inside(bytes));
    }
    void send()
    {
        const u8 shape = script.byte();
        const net::Offload offload{.needs_csum = (shape & 1) != 0,
                                   .gso_type = static_cast<u8>((shape & 2) != 0 ? shape >> 5 : 0),
                                   .gso_size = static_cast<u16>(script.byte() * 16),
                                   .header_bytes = 54,
                                   .csum = {34, 16}};
        const std::array runs{run(0, 14 + script.byte()), run(512, script.byte() * 16u)};
        const auto frame = std::span{runs}.first((shape & 4) != 0 ? 2 : 1);
        for (u64 tag = buffers; tag < buffers + frames; ++tag)
            if (!given.out(tag)) {
                if (driver.send(tag, frame, offload, shape >> 3 & 1))
                    given.gave(tag);
                return;
            }
    }
    void reclaim()
    {
        if (const auto tag = driver.transmit(script.byte() % 2).reclaim(); tag && *tag) {
            demand(**tag >= buffers);
            given.back(**tag);
        }
    }
    void command()
    {
        auto& control = driver.control();
        const u8 value = script.byte();
        const std::array macs{net::Mac{{value, 1, 2, 3, 4, 5}}};
        switch (value % 7) {
        case 0:
            return void(control.receive_mode(static_cast<net::Command>(value / 7), true));
        case 1:
            return void(control.set_mac(macs[0]));
        case 2:
            return void(control.set_mac_table(macs, {}));
        case 3:
            return void(control.vlan(value, true));
        case 4:
            return void(control.use_pairs(value / 7));
        case 5:
            return void(control.set_guest_offloads({}));
        default:
            return void(control.take());
        }
    }
    void recover()
    {
        const auto lost = [this](net::Direction way, u64 tag) {
            demand((way == net::Direction::received) == (tag < buffers));
            given.back(tag);
        };
        if (driver.recover(lost))
            demand(given.none());
    }

    void step(u8 what)
    {
        switch (what % 14) {
        case 0:
        case 1:
            return post();
        case 2:
        case 3:
            return take();
        case 4:
        case 5:
            return send();
        case 6:
            return reclaim();
        case 7:
            return command();
        case 8:
        case 9:
            return void(driver.kick());
        case 10:
            return void(driver.arm() || driver.arm_transmit(what >> 7) || !driver.refresh());
        case 11:
            return void(thing.receive({std::vector<u8>(14 + script.byte() * 8u)}));
        case 12:
            return other_step();
        default:
            return recover();
        }
    }

    Tags<buffers + frames> given;
};

}  // namespace

void fuzz_net(const ChaosInput& input)
{
    Rig rig{input};
    drive(rig);
}
