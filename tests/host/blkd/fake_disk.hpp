// tests/host/blkd/fake_disk.hpp - a disk for the engine that ends requests when and how the test
// says.
#pragma once

#include "engine.hpp"

#include <deque>
#include <vector>

struct FakeDisk {
    static constexpr u32 max_slots = 64;

    struct Sent {
        u64 tag;
        proto::block::Submission request;
        DeviceAddr data{};  // where they are, if it has some
    };

    u32 slots() const { return slot_count; }
    bool room() const { return prepared.size() + at_device.size() < slot_count; }
    bool caches() const { return cached; }
    std::optional<proto::block::Status> flush_answer() const
    {
        return cached && flushable ? std::nullopt
                                   : std::optional{cached ? proto::block::Status::not_supported
                                                          : proto::block::Status::ok};
    }

    Result<> submit(u64 tag, const proto::block::Submission& request, const blkd::BufferMap& buffer)
    {
        if (!room())
            return fail(Errc::would_block);
        if (refuse_next != Errc::ok)
            return fail(std::exchange(refuse_next, Errc::ok));
        prepared.push_back({tag, request, buffer.start() + Bytes{request.offset}});
        return {};
    }
    bool submit_usual(
        u64 tag, proto::block::Op op, proto::block::Sector first, u32 count, DeviceAddr data)
    {
        const bool goes = room() && refuse_next == Errc::ok;
        if (goes)
            prepared.push_back({tag, {first, count, 0, op, 0}, data});
        usual += goes ? 1 : 0;
        return goes;
    }
    bool kick()
    {
        const bool told = !prepared.empty();
        notifies += told ? 1 : 0;
        at_device.insert(at_device.end(), prepared.begin(), prepared.end());
        prepared.clear();
        return told;
    }
    Result<> acknowledge() { return needs_reset ? fail(Errc::device_fault) : Result<>{}; }
    template <class Each>
    Result<u64> drain(u64 sum, Each each)
    {
        for (; !lie && !ended.empty(); ended.pop_front())
            sum = each(sum, blkd::Ended{ended.front()});
        return std::exchange(lie, false) ? fail(Errc::device_fault) : Result<u64>{sum};
    }

    template <class Lost>
    Result<> recover(Lost lost)
    {
        ++recoveries;
        needs_reset = false;
        if (!reset_works)
            return fail(Errc::timed_out);
        auto all = std::exchange(at_device, {});
        all.insert(all.end(), prepared.begin(), prepared.end());
        prepared.clear();
        for (const Sent& each : all)
            lost(each.tag);
        return {};
    }

    // The device ends the n-th of the requests that it has.
    void end(usize n = 0, proto::block::Status status = proto::block::Status::ok)
    {
        ended.push_back({at_device.at(n).tag, status});
        at_device.erase(at_device.begin() + static_cast<std::ptrdiff_t>(n));
    }
    void end_all()
    {
        while (!at_device.empty())
            end();
    }

    u32 slot_count = max_slots;
    bool cached = true;
    bool flushable = true;
    bool lie = false;
    bool needs_reset = false;
    bool reset_works = true;
    Errc refuse_next = Errc::ok;
    u32 usual = 0;  // requests that came by submit_usual
    u32 notifies = 0;
    u32 recoveries = 0;
    std::vector<Sent> prepared{};
    std::vector<Sent> at_device{};
    std::deque<blkd::Ended> ended{};
};
static_assert(blkd::Disk<FakeDisk>);
