// rngd/rig.hpp - the random service and its client library, over a device that answers as told.
#pragma once

#include "bench.hpp"
#include "server.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

#include <catch2/catch.hpp>
#include <proto/names.hpp>
#include <random/random.hpp>

namespace protocol = proto::random;

// Gives pseudo-random bytes, `most` of them a request; nothing while it stalls.
struct ScriptedDevice {
    Result<> acknowledge()
    {
        interrupt = false;
        return needs_reset ? fail(Errc::device_fault) : Result<>{};
    }
    std::optional<Result<rngd::Taken>> take(std::span<std::byte> out)
    {
        if (!written.empty()) {
            const auto first = written.front();
            written.pop_front();
            return rngd::Taken{first.bytes, first.tag};
        }
        if (returned.empty())
            return std::nullopt;
        place = out;
        const usize bytes = std::min(returned.front(), out.size());
        returned.pop_front();
        --requested;
        if (bytes == 0)
            return fail(Errc::device_fault);
        std::ranges::generate(out.first(bytes), [this] {
            return stuck ? std::byte{} : static_cast<std::byte>(engine() >> 7);
        });
        return rngd::Taken{bytes, std::nullopt};
    }
    bool arm() { return !returned.empty() || !written.empty(); }
    Result<> request()
    {
        if (requested == 4 || in_flight() == queue)
            return fail(Errc::would_block);
        ++requested;
        return {};
    }
    Result<> request_into(DeviceAddr at, u32 bytes, u16 tag)
    {
        if (in_flight() == queue)
            return fail(Errc::would_block);
        raw.push_back({at, bytes, tag});
        return {};
    }
    void kick() {}
    usize in_flight() const { return requested + raw.size() + written.size(); }
    Result<> recover()
    {
        ++recoveries;
        if (needs_reset && heals) {
            needs_reset = false;
            forget();
        }
        return {};
    }

    // A reset.
    void forget()
    {
        requested = 0;
        returned.clear();
        raw.clear();
        written.clear();
    }

    // Answers what is requested. False: nothing is, or it stalls.
    bool work()
    {
        if (stalled || (requested == returned.size() && raw.empty()))
            return false;
        for (; !raw.empty(); raw.pop_front()) {
            Raw& each = raw.front();
            each.bytes = std::min(each.bytes, most_raw);
            std::byte* const at = memory->at(each.at.raw(), each.bytes);
            REQUIRE(at != nullptr);
            std::generate_n(at, each.bytes, [this] { return static_cast<std::byte>(raw_next++); });
            written.push_back(each);
        }
        while (returned.size() < requested)
            returned.push_back(most);
        interrupt = true;
        return true;
    }

    struct Raw {
        DeviceAddr at;
        u32 bytes;
        u16 tag;
    };

    model::Memory* memory = nullptr;
    usize requested = 0;
    std::deque<usize> returned;
    std::deque<Raw> raw;      // asked for
    std::deque<Raw> written;  // answered
    u32 most_raw = ~u32{0};
    u32 raw_next = 1;            // raw bytes count up
    std::span<std::byte> place;  // where the server took the last answer to
    usize most = 256;
    usize queue = 8;  // buffers that it has places for
    bool stalled = false;
    bool stuck = false;
    bool interrupt = false;
    bool needs_reset = false;
    bool heals = true;  // a reset helps
    u32 recoveries = 0;
    std::mt19937 engine{3};
};

struct Rig {
    Rig()
    {
        device.memory = &memory;
        bench.offer(
            "rng0",
            [this](const sys::Incoming& in) {
                auto answer = sys::dispatch(protocol::Protocol{}, *server, in);
                if (std::exchange(answers_late, false))
                    return sys::Answer::failure(Errc::timed_out);
                if (dies_with_the_answer) {
                    std::memcpy(&last_words, answer.letter.words.data(), sizeof(last_words));
                    throw bench::Death{};
                }
                return answer;
            },
            [this](u64 badge) { server->forget(badge); });
        bench.pump = [this] { return pump(); };
        bench.receives = [this] { return bench.served; };
        bench.died = [this] { bench.lose_server(); };
        server->begin();
    }

    bool pump()
    {
        if (!bench.served) {
            restart();
            return true;
        }
        if (!device.work())
            return false;
        REQUIRE(server->step(abi::Bits::at(rngd::interrupt_bit)).has_value());
        inbox.ring_now();
        return true;
    }
    void restart()
    {
        device.forget();
        server.emplace(device, means(peers));
        server->begin();
        dies_with_the_answer = false;
        bench.gain_server();
    }
    void settle()
    {
        while (pump()) {}
    }
    // The server dies when nobody can go on, once; the device answers the next one. True: it died.
    // `asleep`: its client hears of the next one first.
    std::shared_ptr<const bool> die_when_stuck(bool asleep = false)
    {
        auto killed = std::make_shared<bool>(false);
        bench.pump = [this, killed, asleep] {
            if (pump())
                return true;
            if (std::exchange(*killed, true))
                return false;
            device.stalled = false;
            bench.lose_server();
            return asleep ? pump() : true;
        };
        return killed;
    }
    random_bytes::Source open()
    {
        return random_bytes::Source::open(bench.startup(), "rng0").value();
    }

    model::Memory memory;
    bench::Bench bench{memory};
    ScriptedDevice device;
    rngd::Peers peers;  // none, if a test adds none
    abi::Name name = text::padded<sizeof(abi::Name)>(std::string_view{"rng0"});
    using Server = rngd::Server<ScriptedDevice>;
    Server::Means means(rngd::Peers& which) { return {handle, &inbox, &which, name}; }

    sys::Inbox inbox{{}, 0};  // only rings
    sys::Borrowed<sys::Device> handle{bench.give(abi::Kind::device)};
    std::optional<Server> server{std::in_place, device, means(peers)};
    bool dies_with_the_answer = false;
    bool answers_late = false;  // once, the caller has gone when there is an answer
    u64 last_words = 0;         // the bytes that nobody got
};
