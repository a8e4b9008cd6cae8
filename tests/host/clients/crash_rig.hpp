// tests/host/clients/crash_rig.hpp - a disk service that dies where the test says, and is started
// again: the real server, engine and driver over the device model.
//
// Events are counted: each access to a register, each call of the engine to its disk, each call of
// the server to the kernel, and each call of a client (where the server dies meanwhile, or does
// something, as on another CPU). A life ends before its n-th event.
//
// The device works on one request at a time, in any order. What it has when a server dies is
// carried out or not, one by one, before it is reset.
#pragma once

#include "bench.hpp"
#include "server.hpp"

#include <cstdlib>
#include <random>
#include <set>

#include <model/blk.hpp>
#include <model/mmio.hpp>

struct Fate {
    std::vector<u64> lives{};      // events of each, then one that does not end
    u64 given_up_after = ~u64{0};  // lives
    u32 seed = 1;
};

class CrashRig {
public:
    explicit CrashRig(Fate fate, u64 sectors = 16)
        : blk{world, {.sectors = sectors}}, mmio{blk, world}, fate_{std::move(fate)}
    {
        memory_ = world.memory.allocate(Disk::memory_bytes().raw());
        bench.before_server_call = [this] { event(); };
        bench.before_client_call = [this] { event_of_client(); };
        bench.died = [this] { die(); };
        bench.receives = [this] { return server_.has_value(); };
        bench.pump = [this] { return pump(); };
        bench.epoch = 0;
        bench.served = false;
        bench.offer(
            "disk0", [this](const sys::Incoming& in) { return answer(in); },
            [this](u64 badge) {
                if (server_)
                    bench.as_server([&] { server_->forget(badge); });
            });
    }
    ~CrashRig()
    {
        bench.before_client_call = [] {};
    }

    u64 events() const { return events_; }  // of this life
    u64 deaths() const { return deaths_; }
    // What the medium was at the last flush.
    const std::vector<u8>& durable() const { return durable_; }
    // A client gave up a session with a server that lives, with requests of it at the device: they
    // would be carried out after what it sends next.
    bool deserted() const { return deserted_; }

    model::World world;
    model::Blk blk;
    model::Mmio mmio;
    bench::Bench bench{world.memory};

private:
    // The bus and the disk of the server, as they are but mortal.
    struct Bus {
        CrashRig* rig;
        u8 read8(u32 at) { return rig->event(), rig->mmio.read8(at); }
        u16 read16(u32 at) { return rig->event(), rig->mmio.read16(at); }
        u32 read32(u32 at) { return rig->event(), rig->mmio.read32(at); }
        void write8(u32 at, u8 value) { rig->event(), rig->mmio.write8(at, value); }
        void write16(u32 at, u16 value) { rig->event(), rig->mmio.write16(at, value); }
        void write32(u32 at, u32 value) { rig->event(), rig->mmio.write32(at, value); }
    };
    struct Disk : blkd::VirtioDisk<Bus> {
        using Base = blkd::VirtioDisk<Bus>;
        CrashRig* rig = nullptr;

        Result<> submit(u64 tag, const blkd::block::Submission& asked, const blkd::BufferMap& map)
        {
            return rig->event(), Base::submit(tag, asked, map);
        }
        bool submit_usual(
            u64 tag, blkd::block::Op op, blkd::block::Sector first, u32 count, DeviceAddr data)
        {
            return rig->event(), Base::submit_usual(tag, op, first, count, data);
        }
        bool kick() { return rig->event(), Base::kick(); }
        template <class Each>
        Result<u64> drain(u64 sum, Each each)
        {
            rig->event();
            return Base::drain(sum, [this, each](u64 so_far, const blkd::Ended& ended) {
                rig->event();
                return each(so_far, ended);
            });
        }
    };
    struct Life {
        explicit Life(CrashRig& rig) : bus{&rig} { disk.rig = &rig; }
        Bus bus;
        std::optional<virtio::Device<Bus>> device;
        Disk disk;
        sys::Inbox inbox{{}, blkd::Server<Disk>::handles_taken};
        u64 accesses = 0;
    };

    static void must(bool holds)
    {
        if (!holds)
            std::abort();
    }

    bool mortal() const { return deaths_ < fate_.lives.size(); }
    void event()
    {
        if (events_++ == (mortal() ? fate_.lives[deaths_] : ~u64{0}))
            throw bench::Death{};
    }
    void event_of_client()
    {
        if (life_ && events_++ == (mortal() ? fate_.lives[deaths_] : ~u64{0}))
            die();
        if (server_ && (random_() & 3) == 0)
            (void)pump();
    }

    sys::Answer answer(const sys::Incoming& in)
    {
        using proto::block::Attach, proto::block::DetachAll;
        const u16 method = in.header.ordinal();
        const bool ends = method == DetachAll::ordinal && attached_.erase(in.badge) != 0;
        const usize pins = bench.pins();
        auto out = sys::dispatch(proto::block::Protocol{}, *server_, in);
        deserted_ = deserted_ || (ends && bench.pins() == pins);
        if (method == Attach::ordinal)
            attached_.insert(in.badge);
        return out;
    }

    // Nothing that it leaves behind says anything any more but its rings.
    void die()
    {
        bench.as_server([&] {
            const auto calls = std::exchange(bench.before_server_call, [] {});
            server_.reset();
            life_.reset();
            bench.before_server_call = calls;
        });
        while (blk.held() != 0 && (random_() & 1) != 0)
            device_works();
        ++deaths_;
        attached_.clear();
        bench.lose_server();
    }

    bool pump()
    {
        if (bench.given_up)
            return false;
        if (!life_) {
            if (deaths_ >= fate_.given_up_after)
                bench.give_up();
            else
                be_born();
            return true;
        }
        try {
            return bench.as_server([&] { return work(); });
        } catch (const bench::Death&) {
            die();
            return true;
        }
    }

    // A process is there; it is yet to begin.
    void be_born()
    {
        mmio.write32(0x070, 0);  // init saw the reset
        events_ = 0;
        life_.emplace(*this);
        bench.gain_server();
    }

    bool work()
    {
        if (!server_) {
            start();
            return true;
        }
        const bool device_first = (random_() & 1) != 0;
        if (device_first && blk.held() != 0)
            device_works();
        if (mmio.interrupt())
            bench.raise(notification_, abi::Bits::at(blkd::interrupt_bit));
        const abi::Bits woken = bench.take_bits(notification_);
        if (woken.empty() && server_->next_deadline() == abi::never) {
            if (blk.held() == 0)
                return false;
            device_works();
            return true;
        }
        must(server_->step(woken).has_value());
        life_->inbox.ring_now();
        return true;
    }

    void start()
    {
        blk.hold = false;
        notification_ = bench.give(abi::Kind::notification);
        life_->device = virtio::Device<Bus>::probe(life_->bus).value();
        const virtio::DmaRegion region{memory_.memory, DeviceAddr{memory_.address},
                                       Bytes{memory_.bytes}};
        must(life_->disk.start(*life_->device, region).has_value());
        must(life_->disk.identify([] { return Result<>{}; }).has_value());
        blk.hold = true;
        server_.emplace(life_->disk, blkd::Server<Disk>::Means{{device_},
                                                               {notification_},
                                                               static_cast<u32>(bench.epoch),
                                                               &life_->inbox,
                                                               &life_->accesses});
    }

    void device_works()
    {
        const u64 flushes = blk.flushes;
        mmio.act([&](model::Queue& queue) { blk.finish(queue, random_() % blk.held()); });
        if (blk.flushes != flushes)
            durable_.assign(blk.medium.data(), blk.medium.data() + blk.medium.size());
    }

    Fate fate_;
    std::mt19937 random_{fate_.seed};
    u64 events_ = 0;
    u64 deaths_ = 0;
    model::Memory::Region memory_{};
    std::vector<u8> durable_;
    std::set<u64> attached_;  // badges
    bool deserted_ = false;
    abi::Slot device_ = bench.give(abi::Kind::device);
    abi::Slot notification_{};
    std::optional<Life> life_;
    std::optional<blkd::Server<Disk>> server_;
};
