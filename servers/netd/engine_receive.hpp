// netd/engine_receive.hpp - of the engine: what came goes to the sessions that want it.
//
// Most frames are plain. They are taken off the device's queue some at a time, with what filters
// ask copied; then each session goes through all of them, so that what it needs for that stays
// where it is quick to reach.
#pragma once

#include "engine.hpp"

namespace netd {

template <class N, class O>
Result<> Engine<N, O>::receive()
{
    Result<> done;
    u32 count = 0;
    while (count < burst && nic_->has_received()) {
        const u32 plain = harvest(burst - count);
        give_out(std::span{plain_}.first(plain));
        count += plain;
        if (plain != 0)
            continue;
        const auto frame = nic_->receive();
        if (frame && !*frame) [[unlikely]]
            done = fail(frame->error());
        if (!frame || !*frame)
            break;
        arrived(**frame);
        ++count;
    }
    more_ |= count == burst;
    nic_->give_back();
    return done;
}

// So many plain frames came, at most.
template <class N, class O>
[[gnu::always_inline]] inline u32 Engine<N, O>::harvest(u32 most)
{
    u64 bytes = 0;
    Plain* next = plain_.data();
    const u32 count = nic_->receive_plain(
        most, [&next, &bytes] [[gnu::always_inline]] (const virtio::net::Plain& frame) {
            Plain& plain = *next++;
            plain.bytes = frame.bytes;
            plain.length = frame.length;
            if (frame.length >= sizeof(KeyBytes)) [[likely]]
                std::memcpy(plain.head.data(), frame.bytes, sizeof(KeyBytes));
            else
                plain.head = head_of(std::span{frame.bytes, frame.length});
            plain.keys = keys_of(plain.head);
            bytes += frame.length;
        });
    totals_->received_frames += count;
    totals_->received_bytes += bytes;
    return count;
}

template <class N, class O>
[[gnu::always_inline]] inline void Engine<N, O>::give_out(std::span<const Plain> frames)
{
    if (frames.empty())
        return;
    u64 wanted = 0;
    Turns::each(turns_.open_set(), [&](u32 place) {
        const auto given = sessions_[place]->deliver(frames);
        wanted |= given.wanted;
        if (given.shown) [[likely]]
            turns_.touch(place);
        check(place);
    });
    totals_->unwanted += frames.size() - static_cast<u32>(std::popcount(wanted));
}

// One that is not plain, or none.
template <class N, class O>
[[gnu::noinline]] void Engine<N, O>::arrived(const virtio::net::Frame& frame)
{
    if (frame.drop != virtio::net::Drop::none) {
        ++totals_->malformed;
        return;
    }
    ++totals_->received_frames;
    totals_->received_bytes += frame.bytes;
    std::array<std::span<const std::byte>, virtio::net::max_pieces> pieces;
    usize count = 0;
    for (const auto& piece : frame.pieces)
        pieces[count++] = nic_->bytes(piece);
    const std::span all = std::span{pieces}.first(count);
    give_out({
        .head = head_of(all),
        .pieces = all,
        .bytes = frame.bytes,
        .flags = frame.offload.data_valid ? net::ReceivedFlags::checksum_good : 0,
        .csum_start = frame.offload.csum.start,
        .csum_offset = frame.offload.csum.offset,
        .csum_wanted = frame.offload.needs_csum,
    });
}

template <class N, class O>
void Engine<N, O>::give_out(const Arrival& arrival)
{
    const Keys keys = keys_of(arrival.head);
    bool wanted = false;
    Turns::each(turns_.open_set(), [&](u32 place) {
        Session& session = *sessions_[place];
        if (!session.match().wants(keys))
            return;
        wanted = true;
        if (session.deliver(arrival))
            turns_.touch(place);
        check(place);
    });
    totals_->unwanted += wanted ? 0 : 1;
}

}  // namespace netd
