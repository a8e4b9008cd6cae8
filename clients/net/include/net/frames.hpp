// net/frames.hpp - the memory of a session's frames: places of one size, in memory that the device
// and the server reach.
#pragma once

#include <array>
#include <span>

#include <base/types.hpp>

namespace net {

inline constexpr u32 max_frames = 512;

class FramePool;

// One frame, from its Ethernet header on. Its place goes back to the pool when it dies; while it is
// a space or is being sent, nobody has it.
class [[nodiscard]] Frame {
public:
    Frame() = default;
    Frame(Frame&& other) noexcept
        : pool_{std::exchange(other.pool_, nullptr)}, index_{other.index_}, length_{other.length_}
    {
    }
    Frame& operator=(Frame&& other) noexcept
    {
        std::swap(pool_, other.pool_);
        std::swap(index_, other.index_);
        std::swap(length_, other.length_);
        return *this;
    }
    ~Frame();

    bool valid() const { return pool_ != nullptr; }
    usize size() const { return length_; }
    // At most as many as a place has bytes; more than before are what was there.
    void resize(usize bytes);
    std::span<std::byte> bytes() const;

private:
    friend class FramePool;
    Frame(FramePool& pool, u32 index, u32 length) : pool_{&pool}, index_{index}, length_{length} {}

    FramePool* pool_ = nullptr;
    u32 index_ = 0;
    u32 length_ = 0;
};

// Does not move: its frames point to it, and it outlives them.
class FramePool {
public:
    FramePool() = default;
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    // `count` places of `bytes_each`, from the beginning of `memory`; at most max_frames.
    void fill(std::span<std::byte> memory, u32 bytes_each, u32 count)
    {
        memory_ = memory;
        shape_ = {bytes_each, count};
        for (free_count_ = 0; free_count_ < count; ++free_count_)
            free_[free_count_] = static_cast<u16>(count - 1 - free_count_);
    }

    u32 bytes_each() const { return shape_.bytes_each; }
    u32 count() const { return shape_.count; }
    u32 available() const { return free_count_; }

    // Places from the beginning of the memory.
    struct Shape {
        u32 bytes_each = 1;
        u32 count = 0;

        // Whether the place so numbered begins at `offset`.
        bool begins(u32 index, u32 offset) const
        {
            return index < count && index * bytes_each == offset;
        }
        // The place at `offset`; `count` if none begins there.
        u32 index_at(u32 offset) const
        {
            const u32 index = offset / bytes_each;
            return begins(index, offset) ? index : count;
        }
    };
    const Shape& shape() const { return shape_; }
    // For places that come back one after the other: put() each, then returned().
    struct Returns {
        u16* at;
        void put(u32 index) { *at++ = static_cast<u16>(index); }
    };
    Returns returns() { return {free_.data() + free_count_}; }
    void returned(const Returns& places)
    {
        free_count_ = static_cast<u32>(places.at - free_.data());
    }

    // The same for places that are taken one after the other: next() of `left`, then taken().
    struct Takes {
        const u16* at;
        u32 left;
        u32 next() { return *--at % max_frames; }
    };
    Takes takes() const { return {free_.data() + free_count_, free_count_}; }
    void taken(u32 places) { free_count_ -= places; }

    // A frame as long as its place. Errors: would_block (all are in use).
    Result<Frame> take()
    {
        if (free_count_ == 0)
            return fail(Errc::would_block);
        return Frame{*this, free_[--free_count_], shape_.bytes_each};
    }

    bool owns(const Frame& frame) const { return frame.pool_ == this; }
    static u32 index_of(const Frame& frame) { return frame.index_; }
    u32 offset_of(u32 index) const { return index * shape_.bytes_each; }
    std::byte* at(u32 index) const { return memory_.data() + usize{index} * shape_.bytes_each; }
    void put_back(u32 index) { free_[free_count_++ % max_frames] = static_cast<u16>(index); }

    // For a place that the other side has: its number now, the frame itself when it comes back.
    u32 lend(Frame&& frame)
    {
        frame.pool_ = nullptr;
        return frame.index_;
    }
    Frame reclaim(u32 index, u32 length) { return Frame{*this, index, length}; }

private:
    friend class Frame;

    std::span<std::byte> memory_;
    Shape shape_;
    u32 free_count_ = 0;
    std::array<u16, max_frames> free_{};
};

inline Frame::~Frame()
{
    if (pool_ != nullptr)
        pool_->put_back(index_);
}

inline void Frame::resize(usize bytes)
{
    const u32 most = pool_ == nullptr ? 0 : pool_->shape_.bytes_each;
    length_ = bytes < most ? static_cast<u32>(bytes) : most;
}

inline std::span<std::byte> Frame::bytes() const
{
    if (pool_ == nullptr)
        return {};
    return pool_->memory_.subspan(usize{index_} * pool_->shape_.bytes_each, length_);
}

}  // namespace net
