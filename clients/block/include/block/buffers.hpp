// block/buffers.hpp - the memory that a disk session moves data in: buffers of one size, in memory
// the device reaches.
#pragma once

#include <array>
#include <span>

#include <base/types.hpp>

namespace block {

inline constexpr u32 max_buffers = 256;

class BufferPool;

// One buffer. It goes back to its pool when it dies; while a request has it, nobody does.
class [[nodiscard]] Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : pool_{std::exchange(other.pool_, nullptr)}, index_{other.index_}
    {
    }
    Buffer& operator=(Buffer&& other) noexcept
    {
        std::swap(pool_, other.pool_);
        std::swap(index_, other.index_);
        return *this;
    }
    ~Buffer();

    bool valid() const { return pool_ != nullptr; }
    std::span<std::byte> bytes() const;

private:
    friend class BufferPool;
    Buffer(BufferPool& pool, u32 index) : pool_{&pool}, index_{index} {}

    BufferPool* pool_ = nullptr;
    u32 index_ = 0;
};

// Does not move: its buffers point to it, and it outlives them.
class BufferPool {
public:
    BufferPool() = default;
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    // All of `memory`, in pieces of `bytes_each`.
    void fill(std::span<std::byte> memory, u32 bytes_each, u32 count)
    {
        memory_ = memory;
        bytes_each_ = bytes_each;
        for (free_count_ = 0; free_count_ < count; ++free_count_)
            free_[free_count_] = static_cast<u16>(count - 1 - free_count_);
    }

    u32 bytes_each() const { return bytes_each_; }
    u32 available() const { return free_count_; }

    // Errors: would_block (all are in use).
    Result<Buffer> take()
    {
        if (free_count_ == 0)
            return fail(Errc::would_block);
        return Buffer{*this, free_[--free_count_]};
    }

    // Where the buffer begins in the session's memory.
    u32 offset_of(const Buffer& buffer) const { return buffer.index_ * bytes_each_; }
    bool owns(const Buffer& buffer) const { return buffer.pool_ == this; }

    // For a buffer that the device has: its number now, the buffer itself when it comes back.
    u16 index_of(const Buffer& buffer) const { return static_cast<u16>(buffer.index_); }
    void lend(Buffer& buffer) { buffer.pool_ = nullptr; }
    Buffer reclaim(u32 index) { return Buffer{*this, index}; }

private:
    friend class Buffer;

    std::span<std::byte> memory_;
    u32 bytes_each_ = 0;
    u32 free_count_ = 0;
    std::array<u16, max_buffers> free_{};
};

inline Buffer::~Buffer()
{
    if (pool_ != nullptr)
        pool_->free_[pool_->free_count_++] = static_cast<u16>(index_);
}

inline std::span<std::byte> Buffer::bytes() const
{
    if (pool_ == nullptr)
        return {};
    return pool_->memory_.subspan(usize{index_} * pool_->bytes_each_, pool_->bytes_each_);
}

}  // namespace block
