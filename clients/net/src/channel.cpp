// net/src/channel.cpp - entries out, entries back.
#include <net/channel.hpp>

namespace net {

namespace wire = proto::net;

Result<> Channel::open(const Rings& rings, FramePool& pool)
{
    if (rings.spaces.size() != rings.received.size() || rings.sends.size() != rings.sent.size())
        return fail(Errc::bad_argument);
    const auto spaces =
        Producer<wire::Space>::over(rings.client.spaces, rings.server.spaces, rings.spaces);
    const auto sends =
        Producer<wire::Send>::over(rings.client.sends, rings.server.sends, rings.sends);
    const auto received = Consumer<wire::Received>::over(rings.client.received,
                                                         rings.server.received, rings.received);
    const auto sent = Consumer<wire::Sent>::over(rings.client.sent, rings.server.sent, rings.sent);
    if (!spaces || !sends || !received || !sent)
        return fail(Errc::bad_argument);
    for (u32 index = 0; pool_ != nullptr && index < pool_->count(); ++index)
        if (const Place was = std::exchange(places_[index], Place::ours); was != Place::ours) {
            lost_frames_ += was == Place::sending ? 1 : 0;
            (void)pool.reclaim(index, 0);
        }
    ends_ = Ends{*spaces, *sends, *received, *sent};
    server_ = &rings.server;
    pool_ = &pool;
    entries_in_ = static_cast<u32>(rings.spaces.size());
    entries_out_ = static_cast<u32>(rings.sends.size());
    spaces_out_ = sending_ = 0;
    why_ = Errc::ok;
    return {};
}

void Channel::offer_more()
{
    const u32 keep = entries_out_ - sending_;
    const u32 before = spaces_out_;
    while (spaces_out_ < entries_in_ && pool_->available() > keep) {
        const u32 index = pool_->lend(*pool_->take());
        if (!ends_->spaces.push({pool_->offset_of(index)})) {
            (void)pool_->reclaim(index, 0);
            break;
        }
        places_[index] = Place::space;
        ++spaces_out_;
    }
    if (spaces_out_ == before)
        return;
    ends_->received.release();
    (void)ends_->spaces.publish();
}

bool Channel::publish()
{
    if (!ends_)
        return false;
    ends_->received.release();
    ends_->sent.release();
    return ends_->sends.publish();
}

std::optional<Arrival> Channel::receive()
{
    if (!ends_ || why_ != Errc::ok)
        return std::nullopt;
    const auto entry = ends_->received.pop();
    if (!entry)
        return std::nullopt;
    const u32 index = known(entry->offset, Place::space);
    if (index == pool_->count() || entry->bytes > pool_->bytes_each()) {
        lose(Errc::malformed);
        return std::nullopt;
    }
    places_[index] = Place::ours;
    --spaces_out_;
    return Arrival{.frame = pool_->reclaim(index, entry->bytes),
                   .checksum_good = (entry->flags & wire::ReceivedFlags::checksum_good) != 0,
                   .missed = entry->missed};
}

void Channel::take_back()
{
    auto sent = ends_->sent;
    const FramePool::Shape shape = pool_->shape();
    auto free = pool_->returns();
    u32 count = 0;
    for (const u32 end = sent.available(); count < end; ++count) {
        const auto entry = sent.pop();
        if (!entry)
            break;
        const u32 index = entry->offset / shape.bytes_each;
        if (!shape.begins(index, entry->offset) || places_[index % max_frames] != Place::sending)
            [[unlikely]] {
            lose(Errc::malformed);
            break;
        }
        places_[index % max_frames] = Place::ours;
        free.put(index);
        if (entry->status != wire::Status::ok) [[unlikely]]
            ++(entry->status == wire::Status::lost ? lost_frames_ : refused_);
    }
    pool_->returned(free);
    sending_ -= count;
    ends_->sent = sent;
}

bool Channel::arm(bool sent)
{
    if (!ends_ || why_ != Errc::ok)
        return false;
    return sent ? sending_ == 0 || ends_->sent.arm() : ends_->received.arm();
}

}  // namespace net
