// lab/random_load.cpp - fills buffers, remembers pieces.
#include "random_load.hpp"

#include <cstring>

#include <proto/names.hpp>

namespace lab {

namespace {

constexpr u64 answer_ms = 5'000;
constexpr u32 most_again = 3;
constexpr u64 late_ms = 45;  // the library asks again after 50

}  // namespace

Result<> RandomLoad::open()
{
    auto source = random_bytes::Source::open(*given_, order_.victim);
    auto endpoint = sys::connect<proto::names::Connect>(*given_, order_.victim);
    if (!source || !endpoint)
        return fail(source ? endpoint.error() : source.error());
    source_.emplace(std::move(*source));
    endpoint_.emplace(std::move(*endpoint));
    first_epoch_ = epoch();
    return {};
}

u64 RandomLoad::epoch() const
{
    const auto info = sys::info(endpoint_->endpoint());
    return info ? info->epoch : 0;
}

bool RandomLoad::step()
{
    if (done_++ == fills)
        return false;
    if (const auto filled = fill(); !filled)
        findings_.error(filled.error());
    return true;
}

Result<> RandomLoad::probe() { return fill(); }

// Who answers was there when it was asked, or came later.
Result<> RandomLoad::fill()
{
    std::array<u8, most_bytes> data{};
    const auto asked = static_cast<u32>(epoch() - first_epoch_);
    const auto late = sys::after_ms(late_ms);
    const auto filled = ask(data);
    if (!filled)
        return fail(filled.error());
    findings_.retries += sys::now() > late ? 1 : 0;
    instance_ = asked;
    ++findings_.operations;
    look(*filled);
    return {};
}

// A device that was reset, or answered nothing, is asked again. So is a server that has not died
// yet and did not hear, or was not heard: with a new session, as that answer may still come. One
// that died is the library's affair.
Result<std::span<const u8>> RandomLoad::ask(std::span<u8> data)
{
    const u64 way = dice_.below(4);
    const u64 size = dice_.next();
    for (u32 again = 0;; ++again) {
        const auto answer = ask_once(way, size, data);
        const bool empty = !answer && answer.error() == Errc::device_fault;
        if (answer || again == most_again || (!empty && epoch() != first_epoch_))
            return answer;
        ++findings_.retries;
        if (empty)
            continue;
        auto fresh = random_bytes::Source::open(*given_, order_.victim);
        if (!fresh)
            return fail(fresh.error());
        source_.emplace(std::move(*fresh));
    }
}

// As the device says it, through a page, or in a message. Of an answer that is cut off the end is
// nobody's piece.
Result<std::span<const u8>> RandomLoad::ask_once(u64 way, u64 size, std::span<u8> data)
{
    const auto end = sys::after_ms(answer_ms);
    if (way == 0) {
        const auto said = source_->raw(Pieces::bytes * (1 + size % most_raw_pieces), end);
        return said ? said->first(said->size() / Pieces::bytes * Pieces::bytes) : said;
    }
    const auto part = data.first(Pieces::bytes * (way == 1 ? 64 + size % 64 : 1 + size % 32));
    const auto filled = source_->fill(part, end);
    return filled ? Result<std::span<const u8>>{part} : fail(filled.error());
}

void RandomLoad::look(std::span<const u8> data)
{
    for (; !data.empty(); data = data.subspan(Pieces::bytes)) {
        Pieces::Piece piece;
        std::memcpy(piece.data(), data.data(), sizeof(piece));
        if (piece == Pieces::Piece{} || !pieces_->add(piece))
            findings_.wrong(false, findings_.operations);
    }
}

}  // namespace lab
