// tests/host/clients/channel_ends.hpp - the rings of a session over plain memory, and a server's
// hands on them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <block/channel.hpp>
#include <catch2/catch.hpp>

using block::Op;
using block::Sector;
using proto::block::Status;

// Both ends: the channel, and a server's hands on the rings.
struct Ends {
    static constexpr u32 entries = 8;
    static constexpr u32 sector = block::sector_bytes;

    explicit Ends(u32 depth = entries)
    {
        pool.fill(memory, sector, entries);
        REQUIRE(channel.open(*client, submissions, *server, completions, pool, depth).has_value());
    }

    void submit(Op op, u64 tag)
    {
        if (op == Op::flush)
            REQUIRE(channel.submit_flush(tag).has_value());
        else
            REQUIRE(channel.submit(op, tag, Sector{tag}, 1, *pool.take()).has_value());
    }
    // What the server sees next; nothing, if there is nothing.
    std::optional<proto::block::Submission> seen()
    {
        (void)channel.publish();
        const auto next = down.pop();
        down.release();
        return next ? std::optional{*next} : std::nullopt;
    }
    // Submits a read; the cookie that the server sees.
    u32 read(u64 tag)
    {
        submit(Op::read, tag);
        const auto asked = seen();
        REQUIRE(asked.has_value());
        return asked->cookie;
    }
    void answer(u32 cookie, Status status = Status::ok)
    {
        REQUIRE(up.push({cookie, status}).has_value());
        (void)up.publish();
    }

    // The server dies, and there is another one.
    void restart()
    {
        channel.stop();
        channel.restart();
        *this->server = {};
        up = make_up();
        down = make_down();
        channel.resume();
    }

    std::unique_ptr<RingPage> client = std::make_unique<RingPage>();
    std::unique_ptr<proto::block::CompletionPage> server =
        std::make_unique<proto::block::CompletionPage>();
    std::vector<proto::block::Submission> submissions{entries};
    std::vector<proto::block::Completion> completions{entries};
    std::vector<std::byte> memory{usize{entries} * sector};
    block::BufferPool pool;
    block::Channel channel;
    Producer<proto::block::Completion> up = make_up();
    Consumer<proto::block::Submission> down = make_down();

private:
    Producer<proto::block::Completion> make_up()
    {
        return Producer<proto::block::Completion>::over(server->produced, client->consumed,
                                                        completions)
            .value();
    }
    Consumer<proto::block::Submission> make_down()
    {
        return Consumer<proto::block::Submission>::over(server->consumed, client->produced,
                                                        submissions)
            .value();
    }
};
