// tests/host/blkd/engine_client.hpp - a client of the engine: the client library's rings over plain
// memory.
#pragma once

#include "engine.hpp"
#include "fake_disk.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <block/channel.hpp>
#include <catch2/catch.hpp>

// What the engine asks of its owner.
struct FakeOwner {
    void ring(u32 place) { ++rings[place]; }
    void release(u32 place) { released.push_back(place); }

    std::map<u32, u32> rings;
    std::vector<u32> released;
};

using TestEngine = blkd::Engine<FakeDisk, FakeOwner>;

class EngineClient {
public:
    static constexpr u64 capacity = 100'000;
    static constexpr u32 most_bytes = 1 << 20;  // of one request, of any client
    static constexpr DeviceAddr data{0x4000'0000};

    explicit EngineClient(u32 entries, u32 buffer_bytes = 4096)
        : submissions_(entries), completions_(entries), memory_(u64{entries} * buffer_bytes)
    {
        pool.fill(memory_, buffer_bytes, entries);
        REQUIRE(channel.open(*client_, submissions_, *server_, completions_, pool, entries)
                    .has_value());
    }

    // The sectors of the disk that it reaches; all, if nobody says.
    blkd::Window window{};

    // Of one request; what the server would say, if nobody says. With less than the buffer none of
    // its requests is a usual one.
    std::optional<u32> max_bytes;

    // Whose it is; of its own, if nobody says.
    std::optional<u32> program;

    u32 attach(TestEngine& engine)
    {
        const auto session = blkd::Session::over({*client_, submissions_, *server_, completions_},
                                                 limits(), blkd::BufferMap{run_, memory_.size()});
        REQUIRE(session.has_value());
        place = engine.vacant().value();
        engine.open(place, *session, program.value_or(place));
        return place;
    }

    // Submits a read of one sector that is told by its tag. False: the client's side is full.
    bool read(u64 tag) { return submit(block::Op::read, tag, tag % capacity); }
    bool submit(block::Op op, u64 tag, u64 sector, u32 sectors = 1)
    {
        if (op == block::Op::flush)
            return channel.submit_flush(tag).has_value();
        if (!proto::block::has_data(op))
            return channel.submit_without_data(op, tag, block::Sector{sector}, 8).has_value();
        auto buffer = pool.take();
        return buffer
               && channel.submit(op, tag, block::Sector{sector}, sectors, std::move(*buffer))
                      .has_value();
    }
    // Publishes; the bit to wake the engine with, or none.
    abi::Bits kick() { return channel.publish() ? blkd::doorbell_of(place) : abi::Bits{}; }
    abi::Bits bell() const { return blkd::doorbell_of(place); }

    // All completions that are there, by tag.
    std::map<u64, Errc> reap()
    {
        std::map<u64, Errc> all;
        while (auto done = channel.poll())
            CHECK(all.emplace(done->tag, done->outcome).second);
        return all;
    }

    blkd::Limits limits() const
    {
        const auto buffer_bytes = static_cast<u32>(memory_.size());
        return {.capacity = window.sectors(block::Sector{capacity}),
                .block_sectors = 1,
                .max_bytes = max_bytes.value_or(std::min(most_bytes, buffer_bytes)),
                .buffer_bytes = buffer_bytes,
                .read_only = false,
                .max_discard = 64,
                .max_write_zeroes = 64,
                .window = window};
    }

    RingPage& client_page() { return *client_; }
    proto::block::CompletionPage& server_page() { return *server_; }
    proto::block::Submission& submission(u32 n) { return submissions_[n]; }

    u32 place = 0;
    block::BufferPool pool;
    block::Channel channel;

private:
    std::unique_ptr<RingPage> client_ = std::make_unique<RingPage>();
    std::unique_ptr<proto::block::CompletionPage> server_ =
        std::make_unique<proto::block::CompletionPage>();
    std::vector<proto::block::Submission> submissions_;
    std::vector<proto::block::Completion> completions_;
    std::vector<std::byte> memory_;
    std::array<blkd::BufferRun, 1> run_{blkd::BufferRun{0, data}};
};
