// tests/host/blkd/hand.hpp - clients that speak the block protocol message by message.
#pragma once

#include "disk_rig.hpp"

#include <catch2/catch.hpp>
#include <proto/names.hpp>

namespace block_protocol = proto::block;

// One that attaches what it is told to.
struct Hand {
    explicit Hand(DiskRig& of)
        : rig{&of},
          session{sys::connect<proto::names::Connect>(of.bench.startup(), "disk0").value()}
    {
    }

    static constexpr abi::Rights lend = abi::right::transfer | sys::read_write;

    sys::Handle<sys::Memory> memory(u64 bytes, abi::Rights rights = lend) const
    {
        const auto made = sys::create_memory(Bytes{bytes}).value();
        return sys::duplicate(made.borrow(), rights).value();
    }
    sys::Handle<sys::Notification> bell() const
    {
        const auto made = sys::create_notification().value();
        return sys::doorbell(made.borrow(), abi::Bits::at(0)).value();
    }
    Errc
    attach(block_protocol::Attach::Request request, sys::HandleSet handles, unsigned accept = 1)
    {
        auto answer = session.call<block_protocol::Attach>(request, std::move(handles), accept);
        if (!answer)
            return answer.error();
        last = answer->reply;
        doorbell = answer->handles.take<sys::Notification>(0).value();
        return Errc::ok;
    }
    sys::HandleSet good(u32 entries = 8) const
    {
        return sys::HandleSet::of(memory(block_protocol::submissions_bytes(entries)),
                                  memory(block_protocol::completions_bytes(entries)), memory(8192),
                                  bell());
    }

    DiskRig* rig;
    sys::Session session;
    block_protocol::Attach::Reply last{};
    sys::Handle<sys::Notification> doorbell;
};

// One that keeps its memory, and so can submit.
struct WorkingHand : Hand {
    explicit WorkingHand(DiskRig& of) : Hand{of}
    {
        pool.fill(buffer.mapping.bytes(), 512, 8);
        REQUIRE(channel
                    .open(**down.mapping.at<RingPage>(),
                          *down.mapping.array<block_protocol::Submission>(page_bytes, 8),
                          **up.mapping.at<const block_protocol::CompletionPage>(),
                          *up.mapping.array<const block_protocol::Completion>(page_bytes, 8), pool,
                          8)
                    .has_value());
        REQUIRE(attach({8, 0}, sys::HandleSet::of(lent(down), lent(up), lent(buffer), bell()))
                == Errc::ok);
    }

    static sys::Handle<sys::Memory> lent(const sys::SharedMemory& memory)
    {
        return sys::duplicate(memory.handle.borrow(), lend).value();
    }
    static sys::SharedMemory shared(u64 bytes)
    {
        return sys::SharedMemory::create(Bytes{bytes}).value();
    }

    // Submits a read of one sector, and lets the server see it.
    void read(u64 tag, u64 sector)
    {
        REQUIRE(channel.submit(block::Op::read, tag, block::Sector{sector}, 1, *pool.take())
                    .has_value());
        if (channel.publish())
            REQUIRE(sys::signal(doorbell.borrow(), {~u64{0}}).has_value());
        rig->settle();
    }
    // How the request that ended did.
    Errc outcome()
    {
        const auto done = channel.poll();
        REQUIRE(done.has_value());
        return done->outcome;
    }
    Errc detach()
    {
        const auto done = session.call<block_protocol::Detach>({last.session, 0});
        return done ? Errc::ok : done.error();
    }

    sys::SharedMemory down = shared(block_protocol::submissions_bytes(8));
    sys::SharedMemory up = shared(block_protocol::completions_bytes(8));
    sys::SharedMemory buffer = shared(4096);
    block::BufferPool pool;
    block::Channel channel;
};
