// hostile/attack.hpp - what a hostile client does: one function for each way, picked at random
// until somebody kills it.
#pragma once

#include <check/check.hpp>
#include <proto/block.hpp>
#include <sys/endpoint.hpp>
#include <sys/handle_set.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>

namespace hostile {

namespace block = proto::block;

// The server under attack, and the chance.
struct Target {
    sys::Borrowed<sys::Endpoint> endpoint;
    u64 capacity;
    check::Random random;
    bool mortal = true;  // an attack may end the program

    // Numbers that like the ends of ranges.
    u64 nasty()
    {
        constexpr std::array<u64, 12> ends{0,
                                           1,
                                           7,
                                           8,
                                           511,
                                           512,
                                           4096,
                                           1 << 16,
                                           ~u64{0},
                                           u64{1} << 63,
                                           u64{1} << 32,
                                           u64{0xffff'ffff}};
        const u64 near = ends[random.below(ends.size())] + random.below(5) - 2;
        return random.below(4) == 0 ? random.next() : near;
    }
    bool rarely() { return random.below(5) == 0; }
};

// One way of being hostile, and the class of hostile clients that it is of (README.md).
struct Attack {
    u8 row;  // LC1 to LC15
    void (*run)(Target&);
};

extern const std::span<const Attack> message_attacks;
extern const std::span<const Attack> attachment_attacks;
extern const std::span<const Attack> ring_attacks;

// A session as the protocol wants it, or with what is wrong with it.
struct Session {
    u32 entries = 32;
    u64 submissions_bytes = block::submissions_bytes(32);
    u64 completions_bytes = block::completions_bytes(32);
    u64 buffer_bytes = 64 * 4096;
    abi::Rights submissions_rights = sys::read_only;
    abi::Rights completions_rights = sys::read_write;
    abi::Rights buffer_rights = sys::read_write;
    u64 buffer_flags = 0;
};

// What attach() left in our hands.
struct Attached {
    sys::SharedMemory submissions;
    sys::SharedMemory completions;
    sys::SharedMemory buffer;
    sys::Handle<sys::Notification> bell;      // the server rings it
    sys::Handle<sys::Notification> doorbell;  // we ring it
    u32 number = 0;

    RingPage& page() const
    {
        return *reinterpret_cast<RingPage*>(submissions.mapping.bytes().data());
    }
    block::Submission& submission(u32 i) const
    {
        return reinterpret_cast<block::Submission*>(submissions.mapping.bytes().data()
                                                    + page_bytes)[i];
    }
    void ring() const { (void)sys::signal(doorbell.borrow(), abi::Bits{~u64{0}}); }
};

Result<Attached> attach(Target& target, const Session& how = {});

// Sectors of the disk.
Result<u64> capacity_of(sys::Borrowed<sys::Endpoint> endpoint);

}  // namespace hostile
