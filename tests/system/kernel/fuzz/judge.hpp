// fuzz/judge.hpp - a batch of fuzzers: started with what they share, killed now and then.
#pragma once

#include "board.hpp"

#include <optional>

#include <check/child.hpp>

namespace fuzz {

struct Plan {
    u64 seed;
    u64 calls;  // at least
    u64 each;   // by each thread
};

class Batch {
public:
    Batch(u64 seed, u64 each);

    // Forty fuzzers, one after the other in each of four places.
    void run();
    // A fuzzer in each place that has none.
    void fill();

    const Board& board() const { return *board_; }

private:
    static constexpr usize places = 4;
    static constexpr u64 fuzzers = 40;

    void start(usize place);
    void end(usize place);
    void share(const sys::Launch& launch, usize place);

    check::Random random_;
    u64 next_seed_;
    u64 each_;
    sys::SharedMemory shared_board_;
    Board* board_;
    sys::Handle<sys::Endpoint> endpoint_;
    sys::Handle<sys::Endpoint> client_;
    sys::Handle<sys::Notification> bell_;
    sys::Handle<sys::Memory> memory_;
    std::array<std::optional<check::Child>, places> children_;
    std::array<abi::Ticks, places> ends_{};
};

}  // namespace fuzz
