// tests/fuzz/blkd/fuzz_client.hpp - a client of the engine in plain memory, all of it in the open.
#pragma once

#include "fake_disk.hpp"

#include <array>
#include <vector>

#include <block/channel.hpp>

struct FakeOwner {
    void ring(u32) {}
    void release(u32 place) { released.push_back(place); }

    std::vector<u32> released;
};

using TestEngine = blkd::Engine<FakeDisk, FakeOwner>;

struct FuzzClient {
    static constexpr u32 entries = 8;
    static constexpr u64 capacity = 64;
    static constexpr u32 buffer_bytes = entries * 512;
    static constexpr DeviceAddr data{0x4000'0000};

    FuzzClient()
    {
        pool.fill(memory, 512, entries);
        (void)channel.open(client, submissions, server, completions, pool, entries);
    }

    // With less than all its buffer in one request none of its requests is a usual one.
    u32 attach(TestEngine& engine, u32 max_bytes = buffer_bytes)
    {
        const blkd::Limits limits{.capacity = block::Sector{capacity},
                                  .block_sectors = 1,
                                  .max_bytes = max_bytes,
                                  .buffer_bytes = buffer_bytes,
                                  .read_only = false,
                                  .max_discard = 8,
                                  .max_write_zeroes = 8,
                                  .window = {}};
        place = engine.vacant().value();
        engine.open(place,
                    blkd::Session::over({client, submissions, server, completions}, limits,
                                        blkd::BufferMap{runs, memory.size()})
                        .value(),
                    place % 2);
        return place;
    }
    bool read(u64 tag)
    {
        auto buffer = pool.take();
        return buffer
               && channel
                      .submit(block::Op::read, tag, block::Sector{tag % capacity}, 1,
                              std::move(*buffer))
                      .has_value();
    }
    abi::Bits bell() const { return blkd::doorbell_of(place); }
    abi::Bits kick() { return channel.publish() ? bell() : abi::Bits{}; }

    u32 place = 0;
    RingPage client{};
    proto::block::CompletionPage server{};
    std::array<proto::block::Submission, entries> submissions{};
    std::array<proto::block::Completion, entries> completions{};
    std::array<std::byte, buffer_bytes> memory{};
    std::array<blkd::BufferRun, 1> runs{blkd::BufferRun{0, data}};
    block::BufferPool pool;
    block::Channel channel;
};
