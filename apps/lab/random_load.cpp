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

// In a message, through a page, or as the device says it.
Result<std::span<const u8>> RandomLoad::ask(std::span<u8> data)
{
    switch (dice_.below(4)) {
    case 0:
        return ask_raw(Pieces::bytes * (1 + dice_.below(most_raw_pieces)));
    case 1:
        return ask_for(data.first(Pieces::bytes * (64 + dice_.below(64))));
    default:
        return ask_for(data.first(Pieces::bytes * (1 + dice_.below(32))));
    }
}

Result<std::span<const u8>> RandomLoad::ask_for(std::span<u8> part)
{
    const auto filled = source_->fill(part, sys::after_ms(answer_ms));
    return filled ? Result<std::span<const u8>>{part} : fail(filled.error());
}

// A device that was reset, or answered nothing, is asked again. So is a server that lives on and
// did not hear, or was not heard: with a new session, as that answer may still come. One that died
// is the library's affair. Of an answer that is cut off the end is nobody's piece.
Result<std::span<const u8>> RandomLoad::ask_raw(usize bytes)
{
    for (u32 again = 0;; ++again) {
        const u64 server = epoch();
        const auto answer = source_->raw(bytes, sys::after_ms(answer_ms));
        if (answer)
            return answer->first(answer->size() / Pieces::bytes * Pieces::bytes);
        const bool empty = answer.error() == Errc::device_fault;
        if (again == most_again || (!empty && epoch() != server))
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
