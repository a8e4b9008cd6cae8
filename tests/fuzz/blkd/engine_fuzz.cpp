// tests/fuzz/blkd/engine_fuzz.cpp - a client that writes anything anywhere into its rings, beside
// an honest one.
//
// Whatever the liar does, every request of the honest client ends well, exactly once, what reaches
// the disk is on it and in a buffer, and the liar's session is released when it ends.
#include "fuzz_client.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace {

constexpr auto interrupt = abi::Bits::at(blkd::interrupt_bit);

void demand(bool holds)
{
    if (!holds)
        std::abort();
}

class Input {
public:
    Input(const u8* data, usize size) : data_{data, size} {}

    bool empty() const { return data_.empty(); }
    u32 next()
    {
        if (data_.empty())
            return 0;
        const u8 value = data_.front();
        data_ = data_.subspan(1);
        return value;
    }
    u32 word() { return next() | next() << 8 | next() << 16 | next() << 24; }

private:
    std::span<const u8> data_;
};

// On the disk, and in the buffer, which is the same place for both.
bool in_bounds(const FakeDisk::Sent& sent)
{
    const auto& request = sent.request;
    if (request.op == block::Op::flush)
        return true;
    const u64 end =
        sent.data.raw() + (proto::block::has_data(request.op) ? blkd::bytes_of(request) : u64{0});
    return fits(request.first.raw(), request.count, FuzzClient::capacity)
           && sent.data.raw() >= FuzzClient::data.raw()
           && end <= FuzzClient::data.raw() + FuzzClient::buffer_bytes;
}

struct Rig {
    FakeDisk disk;
    FakeOwner owner;
    TestEngine engine{disk, owner};
    FuzzClient honest;
    FuzzClient liar;
    u64 sent = 0;
    u64 reaped = 0;

    void step(abi::Bits woken) { demand(engine.step(woken).has_value()); }
    void work(abi::Bits woken)
    {
        step(woken);
        for (u32 i = 0; engine.hungry(); ++i) {
            demand(i < 1000);
            step({});
        }
        demand(std::ranges::all_of(disk.at_device, in_bounds));
    }

    void honest_turn()
    {
        if (honest.read(sent))
            ++sent;
        work(honest.kick());
    }
    void reap()
    {
        while (const auto done = honest.channel.poll()) {
            demand(done->outcome == Errc::ok);
            ++reaped;
        }
    }
    void end_some(u32 which)
    {
        if (!disk.at_device.empty())
            disk.end(which % disk.at_device.size());
        work(interrupt);
    }

    void lie(Input& bytes)
    {
        const u32 value = bytes.word();
        switch (bytes.next() % 6) {
        case 0:
            ring::store(liar.client.produced.index, value);
            break;
        case 1:
            ring::store(liar.client.consumed.index, value);
            break;
        case 2:
            ring::store(liar.client.consumed.wake_at, value);
            break;
        case 3:
            ++liar.client.produced.index;
            break;
        case 4:
            ++liar.client.consumed.index;
            break;
        default: {
            auto* entries = reinterpret_cast<std::byte*>(liar.submissions.data());
            std::memcpy(entries + value % (liar.submissions.size() * 32 / 4) * 4, &value, 4);
        }
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size)
{
    Input bytes{data, size};
    Rig rig;
    rig.honest.attach(rig.engine);
    const u32 place = rig.liar.attach(rig.engine, size % 2 == 0 ? FuzzClient::buffer_bytes : 512);
    while (!bytes.empty()) {
        switch (bytes.next() % 8) {
        case 0:
            rig.honest_turn();
            break;
        case 1:
            rig.reap();
            break;
        case 2:
            rig.end_some(bytes.next());
            break;
        case 3:
            rig.work(rig.liar.bell());
            break;
        default:
            rig.lie(bytes);
            break;
        }
    }
    if (rig.engine.is_open(place))
        rig.engine.end(place);
    for (int i = 0; i < 200; ++i)
        rig.end_some(0);
    rig.reap();
    demand(rig.reaped == rig.sent);
    demand(rig.disk.usual >= rig.sent);  // each of the honest client's
    demand(std::ranges::count(rig.owner.released, place) == 1);
    return 0;
}
