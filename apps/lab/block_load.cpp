// lab/block_load.cpp - writes, flushes, reads, compares.
#include "block_load.hpp"

namespace lab {

namespace {

constexpr u64 patience_ms = 50;  // then the server is asked whether it lives
constexpr u64 answer_ms = 5'000;

std::span<std::byte, block::sector_bytes> sector_in(std::span<std::byte> data, u32 n)
{
    return data.subspan(usize{n} * block::sector_bytes).first<block::sector_bytes>();
}

}  // namespace

Result<> BlockLoad::open()
{
    return disk_.open(
        *given_, order_.victim,
        {.depth = 8, .buffers = 8, .buffer_bytes = cell_sectors * block::sector_bytes});
}

bool BlockLoad::step()
{
    if (!start() && disk_.outstanding() == 0)
        return false;
    auto done = disk_.wait(sys::after_ms(patience_ms));
    if (done)
        take(std::move(*done));
    else if (done.error() == Errc::timed_out)
        unanswered();
    else
        findings_.error(done.error());
    return done || done.error() == Errc::timed_out;
}

// A deadline that passes lets init look whether the server hangs.
void BlockLoad::unanswered()
{
    ++findings_.retries;
    (void)disk_.stats();
}

// False: there is nothing more to start. Writes while there are any, one flush, then all is read.
bool BlockLoad::start()
{
    for (; next_ < writes; ++next_) {
        const u64 cell = (next_ * 5 + next_ / cells * 3) % cells;
        if (steps_[cell] == Step::writing || steps_[cell] == Step::reading)
            return true;
        if (steps_[cell] == Step::given_up)
            continue;
        ++versions_[cell];
        if (!submit(block::Op::write, cell)) {
            --versions_[cell];
            return true;
        }
        if ((next_ + 1) % flush_every == 0)
            (void)disk_.flush(flush_tag);  // a full ring is no reason to wait for one
    }
    if (!flushed_ && disk_.outstanding() != 0)
        return true;
    if (!flushed_)
        flushing_ = flushed_ = disk_.flush(flush_tag).has_value();
    for (; flushed_ && !flushing_ && last_read_ < cells; ++last_read_)
        if (steps_[last_read_] == Step::idle && !submit(block::Op::read, last_read_))
            return true;
    return !flushed_ || flushing_ || last_read_ < cells;
}

bool BlockLoad::submit(block::Op op, u64 cell)
{
    auto buffer = disk_.buffer();
    if (!buffer)
        return false;
    const block::Sector at{first_of(cell)};
    for (u32 i = 0; op == block::Op::write && i < cell_sectors; ++i)
        block::put_stamp({first_of(cell) + i, versions_[cell], client_},
                         sector_in(buffer->bytes(), i));
    const auto sent = op == block::Op::write
                          ? disk_.write(cell, at, cell_sectors, std::move(*buffer))
                          : disk_.read(cell, at, cell_sectors, std::move(*buffer));
    if (sent)
        steps_[cell] = op == block::Op::write ? Step::writing : Step::reading;
    return sent.has_value();
}

void BlockLoad::take(block::Completion done)
{
    if (done.tag != flush_tag) {
        ended(done.tag, done.outcome, done.buffer.bytes());
        return;
    }
    if (done.outcome != Errc::ok)
        findings_.error(done.outcome);
    else
        ++findings_.operations;
    if (flushing_) {
        flushing_ = false;
        sealed_ = findings_.errors == 0;
    }
}

void BlockLoad::ended(u64 cell, Errc outcome, std::span<std::byte> data)
{
    const Step was = std::exchange(steps_[cell], Step::idle);
    if (outcome != Errc::ok) {
        findings_.error(outcome);
        steps_[cell] = Step::given_up;  // what it holds now nobody knows
        return;
    }
    ++findings_.operations;
    if (was == Step::reading)
        compare(cell, data);
}

void BlockLoad::compare(u64 cell, std::span<std::byte> data)
{
    for (u32 i = 0; i < cell_sectors; ++i) {
        const block::Stamp wanted{first_of(cell) + i, versions_[cell], client_};
        const auto found = block::stamp_of(sector_in(data, i));
        if (found == wanted)
            continue;
        findings_.wrong(!found || found->sector != wanted.sector, wanted.sector);
        sealed_ = false;
        return;
    }
}

// A cell of which nobody knows what it holds is written before.
Result<> BlockLoad::probe()
{
    const u32 before = findings_.detected + findings_.undetected;
    if (steps_[0] == Step::given_up) {
        ++versions_[0];
        sealed_ = false;
        if (const auto written = carry_out(block::Op::write); !written)
            return written;
    }
    const auto read = carry_out(block::Op::read);
    const bool good = findings_.detected + findings_.undetected == before;
    return good ? read : fail(Errc::device_fault);
}

// On cell 0, to its end. Errors: timed_out; its outcome.
Result<> BlockLoad::carry_out(block::Op op)
{
    const auto end = sys::after_ms(answer_ms);
    steps_[0] = Step::idle;
    if (!submit(op, 0))
        return fail(Errc::would_block);
    while (disk_.outstanding() != 0) {
        auto done = disk_.wait(sys::after_ms(patience_ms));
        if (done && done->outcome != Errc::ok)
            return fail(done->outcome);
        if (done)
            take(std::move(*done));
        else if (done.error() != Errc::timed_out || sys::now() > end)
            return fail(done.error());
        else
            unanswered();
    }
    return {};
}

}  // namespace lab
