// fuzz/draw.hpp - values for calls: mostly what makes sense, sometimes what nearly does, now and
// then anything. The same seed draws the same values.
#pragma once

#include "shapes.hpp"

#include <check/check.hpp>

namespace fuzz {

class Drawer {
public:
    explicit Drawer(u64 seed) : random_{seed} {}

    u64 below(u64 limit) { return random_.next() % limit; }
    bool once_in(u64 n) { return below(n) == 0; }

    // Handles that some call returned, by their kind, in no order. Old ones are overwritten: stale
    // values stay in play. Gives the one that falls out of play.
    u64 keep(abi::Kind kind, u64 handle);
    u64 handle(abi::Kind kind);

    // Mappings, to be undone later.
    struct Mapped {
        u64 address;
        u64 bytes;
    };
    void keep(const Mapped& mapping) { mapped_[below(mapped_.size())] = mapping; }
    Mapped mapped() { return mapped_[below(mapped_.size())]; }

    u64 value(Draw what);
    u64 header();
    abi::Ticks deadline(abi::Syscall call);

    // Where a thread may start, with a stack for it; the fuzzer knows them.
    u64 entry = 0;
    u64 stack = 0;

private:
    static constexpr usize places = 16;
    static constexpr usize kinds = 9;

    u64 some_handle(abi::Kind kind);
    u64 address();
    u64 bytes();
    u64 number();
    u64 few_rights();
    u64 some_handles();

    check::Random random_;
    std::array<std::array<u64, places>, kinds> handles_{};
    std::array<Mapped, 8> mapped_{};
};

}  // namespace fuzz
