// tests/host/inputd/hand.hpp - clients that speak the input protocol message by message.
#pragma once

#include "input_rig.hpp"

#include <catch2/catch.hpp>
#include <input/channel.hpp>
#include <proto/names.hpp>
#include <sys/session.hpp>

namespace protocol = proto::input;

// A client with a ring of its own, which it reads when it likes.
struct Hand {
    static constexpr u32 entries = 128;
    static constexpr abi::Rights lend = abi::right::transfer | sys::read_write;

    explicit Hand(InputRig& of)
        : rig{&of}, session{sys::connect<proto::names::Connect>(of.bench.startup(), "kbd0").value()}
    {
    }

    static sys::SharedMemory shared(u64 bytes)
    {
        return sys::SharedMemory::create(Bytes{bytes}).value();
    }
    static sys::Handle<sys::Memory> lent(const sys::SharedMemory& memory, abi::Rights rights = lend)
    {
        return sys::duplicate(memory.handle.borrow(), rights).value();
    }
    sys::Handle<sys::Notification> bell() const
    {
        return sys::doorbell(own.borrow(), abi::Bits::at(0)).value();
    }
    sys::HandleSet good() const { return sys::HandleSet::of(lent(client), lent(events), bell()); }
    Errc attach(protocol::Attach::Request request, sys::HandleSet handles, unsigned accept = 1)
    {
        ring = Consumer<protocol::Event>::over(
                   page().consumed, server().produced,
                   *events.mapping.array<const protocol::Event>(page_bytes, entries))
                   .value();
        auto answer = session.call<protocol::Attach>(request, std::move(handles), accept);
        if (!answer)
            return answer.error();
        doorbell = answer->handles.take<sys::Notification>(0).value();
        return Errc::ok;
    }
    Errc attach(u32 types = protocol::all_types) { return attach({entries, types}, good()); }

    template <Method M>
    Errc say(const typename M::Request& request = {})
    {
        const auto answer = session.call<M>(request);
        return answer ? Errc::ok : answer.error();
    }

    RingPage& page() const { return **client.mapping.at<RingPage>(); }
    protocol::EventPage& server() const { return **events.mapping.at<protocol::EventPage>(); }

    // All events that came, without their times; makes room.
    std::vector<protocol::Event> read()
    {
        std::vector<protocol::Event> all;
        while (auto event = ring->pop()) {
            event->time = {};
            all.push_back(*event);
        }
        if (ring->release_and_check())
            (void)sys::signal(doorbell.borrow(), {~u64{0}});
        rig->settle();
        return all;
    }

    InputRig* rig;
    sys::Session session;
    sys::Handle<sys::Notification> own = sys::create_notification().value();
    sys::SharedMemory client = shared(sizeof(RingPage));
    sys::SharedMemory events = shared(protocol::events_bytes(entries));
    std::optional<Consumer<protocol::Event>> ring;
    sys::Handle<sys::Notification> doorbell;
};

inline constexpr protocol::Event syn{{}, 0, 0, 0};
inline constexpr protocol::Event dropped{{}, 0, 3, 0};
inline protocol::Event key_event(u16 code, i32 value) { return {{}, 1, code, value}; }
using Events = std::vector<protocol::Event>;
