// net/src/blocking.cpp - frames copied into places and handed over.
#include <cstring>

#include <net/blocking.hpp>

namespace net {

Result<> Blocking::queue(FrameBytes bytes, abi::Ticks deadline)
{
    if (bytes.size() > nic_->info().max_frame)
        return fail(Errc::too_big);
    for (;;) {
        auto frame = nic_->frame();
        if (frame) {
            frame->resize(bytes.size());
            if (frame->size() != bytes.size())
                return fail(Errc::too_big);
            std::memcpy(frame->bytes().data(), bytes.data(), bytes.size());
            const auto sent = nic_->send(std::move(*frame));
            if (sent || sent.error() != Errc::would_block)
                return sent;
        }
        if (nic_->sending() == 0)
            return fail(Errc::no_space);  // all places are in the caller's hands
        if (const auto woken = nic_->wait_sent(deadline); !woken)
            return woken;
    }
}

Result<> Blocking::send(FrameBytes frame, abi::Ticks deadline)
{
    const auto sent = queue(frame, deadline);
    nic_->kick();
    return sent;
}

Result<usize> Blocking::send_burst(std::span<const FrameBytes> frames, abi::Ticks deadline)
{
    usize count = 0;
    Result<> sent;
    for (; count < frames.size() && sent; count += sent ? 1 : 0)
        sent = queue(frames[count], deadline);
    nic_->kick();
    if (!sent && count == 0)
        return fail(sent.error());
    return count;
}

Result<> Blocking::flush(abi::Ticks deadline)
{
    nic_->kick();
    while (nic_->sending() != 0)
        if (const auto woken = nic_->wait_sent(deadline); !woken)
            return woken;
    return {};
}

Result<Arrival> Blocking::receive(abi::Ticks deadline)
{
    for (;;) {
        if (auto arrival = nic_->receive())
            return std::move(*arrival);
        if (const auto woken = nic_->wait(deadline); !woken)
            return fail(woken.error());
    }
}

Result<usize> Blocking::receive_burst(std::span<Arrival> into, abi::Ticks deadline)
{
    usize count = 0;
    if (into.empty())
        return count;
    auto first = receive(deadline);
    if (!first)
        return fail(first.error());
    into[count++] = std::move(*first);
    while (count < into.size()) {
        auto next = nic_->receive();
        if (!next)
            break;
        into[count++] = std::move(*next);
    }
    return count;
}

}  // namespace net
