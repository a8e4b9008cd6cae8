// netd/engine_receive.hpp - of the engine: what came goes to the sessions that want it.
//
// Most frames are plain. If there is one session it gets each as it comes. For several they are
// taken off the device's queue some at a time, with what filters ask copied; then each session goes
// through all of them, so that what it needs for that stays where it is quick to reach.
#pragma once

#include "engine.hpp"

namespace netd {

// What comes behind a frame that is not plain is found when the device is armed.
template <class N, class O>
Result<> Engine<N, O>::receive()
{
    const u64 open = turns_.open_set();
    const u32 plain = std::has_single_bit(open)
                          ? hand_over(static_cast<u32>(std::countr_zero(open)), burst)
                          : harvest(burst);
    if (plain == 0 && nic_->has_received()) [[unlikely]]
        if (const auto done = receive_others(); !done)
            return done;
    more_ |= plain == burst;
    nic_->give_back();
    return {};
}

// As many as are not plain.
template <class N, class O>
[[gnu::noinline]] Result<> Engine<N, O>::receive_others()
{
    for (u32 count = 0; count < burst; ++count) {
        const auto frame = nic_->receive();
        if (!frame)
            return {};
        if (!*frame) [[unlikely]]
            return fail(frame->error());
        arrived(**frame);
    }
    more_ = true;
    return {};
}

// What is asked of a frame is copied. One that is shorter than that is filled up with zeroes.
[[gnu::cold, gnu::noinline]] inline Plain short_plain(virtio::net::Plain frame)
{
    const auto head = head_of(std::span{frame.bytes, frame.length});
    return {head, keys_of(head), frame.bytes, frame.length};
}

[[gnu::always_inline]] inline Plain plain_of(const virtio::net::Plain& frame)
{
    KeyBytes head;
    std::memcpy(head.data(), frame.bytes, sizeof head);
    return {head, keys_of(head), frame.bytes, frame.length};
}
inline bool holds_keys(const virtio::net::Plain& frame) { return frame.length >= sizeof(KeyBytes); }

[[gnu::cold, gnu::noinline]] inline void offer_short(Delivery& to, virtio::net::Plain frame)
{
    (void)to.offer(short_plain(frame));
}

// So many plain frames came, at most. All go to the one session that there is.
template <class N, class O>
[[gnu::always_inline]] inline u32 Engine<N, O>::hand_over(u32 place, u32 most)
{
    Delivery& delivery = sessions_[place]->delivery();
    delivery.look();
    const u64 wanted = delivery.wanted();
    u64 bytes = 0;
    const u32 count =
        nic_->receive_plain(most, [&] [[gnu::always_inline]] (const virtio::net::Plain& frame) {
            bytes += frame.length;
            if (!holds_keys(frame)) [[unlikely]]
                return offer_short(delivery, frame);
            (void)delivery.offer(plain_of(frame));
        });
    count_received(count, bytes, delivery.wanted() - wanted);
    turns_.touch(place);
    check(place);
    return count;
}

template <class N, class O>
[[gnu::noinline]] u32 Engine<N, O>::harvest(u32 most)
{
    u64 bytes = 0;
    Plain* next = plain_.data();
    const u32 count = nic_->receive_plain(
        most, [&next, &bytes] [[gnu::always_inline]] (const virtio::net::Plain& frame) {
            *next++ = holds_keys(frame) ? plain_of(frame) : short_plain(frame);
            bytes += frame.length;
        });
    count_received(count, bytes, give_out(std::span{plain_}.first(count)));
    return count;
}

// Returns how many are wanted.
template <class N, class O>
u32 Engine<N, O>::give_out(std::span<const Plain> frames)
{
    if (frames.empty())
        return 0;
    u64 wanted = 0;
    Turns::each(turns_.open_set(), [&](u32 place) {
        Delivery& delivery = sessions_[place]->delivery();
        delivery.look();
        for (usize i = 0; i < frames.size(); ++i)
            wanted |= u64{delivery.offer(frames[i])} << i;
        turns_.touch(place);
        check(place);
    });
    return static_cast<u32>(std::popcount(wanted));
}

template <class N, class O>
void Engine<N, O>::count_received(u32 frames, u64 bytes, u64 wanted)
{
    totals_->received_frames += frames;
    totals_->received_bytes += bytes;
    totals_->unwanted += frames - wanted;
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
        session.deliver(arrival);
        turns_.touch(place);
        check(place);
    });
    totals_->unwanted += wanted ? 0 : 1;
}

}  // namespace netd
