// lab/random_load.cpp - fills buffers, remembers pieces.
#include "random_load.hpp"

#include <cstring>

#include <proto/names.hpp>

namespace lab {

namespace {

constexpr u64 answer_ms = 5'000;
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
    std::array<u8, 512> data{};
    const auto part = std::span{data}.first(Pieces::bytes * (1 + dice_.below(32)));
    const auto asked = static_cast<u32>(epoch() - first_epoch_);
    const auto late = sys::after_ms(late_ms);
    const auto filled = source_->fill(part, sys::after_ms(answer_ms));
    if (!filled)
        return filled;
    findings_.retries += sys::now() > late ? 1 : 0;
    instance_ = asked;
    ++findings_.operations;
    look(part);
    return {};
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
