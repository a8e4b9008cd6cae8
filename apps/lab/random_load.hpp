// lab/random_load.hpp - bytes of a random service, in messages, through a page that it shares, and
// as its device says them: no piece of sixteen comes twice as long as the laboratory remembers, and
// none is zero.
#pragma once

#include <lab/findings.hpp>
#include <lab/order.hpp>
#include <random/random.hpp>

namespace lab {

// The last so many pieces, of all trials of a boot.
class Pieces {
public:
    static constexpr usize bytes = 16;
    using Piece = std::array<u64, 2>;

    // False: it was there before.
    bool add(const Piece& piece)
    {
        auto& row = rows_[Dice{piece[0]}.next() % rows_.size()];
        if (std::ranges::contains(row.pieces, piece))
            return false;
        row.pieces[row.next++ % row.pieces.size()] = piece;
        return true;
    }

private:
    struct Row {
        std::array<Piece, 7> pieces;
        u64 next;
        u64 reserved;
    };
    std::array<Row, 2048> rows_{};
};

class RandomLoad {
public:
    RandomLoad(const sys::Startup& given, const Order& order, const Trial& trial, Pieces& pieces)
        : given_{&given}, order_{order}, pieces_{&pieces}, dice_{trial.seed}
    {
    }

    Result<> open();
    bool step();
    Result<> probe();
    void close() { source_.reset(); }

    const Findings& findings() const { return findings_; }
    u32 instance() const { return instance_; }

private:
    static constexpr u32 fills = 60;

    static constexpr usize most_bytes = 2048;
    static constexpr u64 most_raw_pieces = 8;

    Result<> fill();
    Result<std::span<const u8>> ask(std::span<u8> data);
    Result<std::span<const u8>> ask_once(u64 way, u64 size, std::span<u8> data);
    void look(std::span<const u8> data);
    u64 epoch() const;

    const sys::Startup* given_;
    Order order_;
    Pieces* pieces_;
    Dice dice_;
    std::optional<random_bytes::Source> source_;
    std::optional<sys::Session> endpoint_;
    u64 first_epoch_ = 0;
    u32 instance_ = 0;
    u32 done_ = 0;
    Findings findings_;
};

}  // namespace lab
