// blkd/attachment.hpp - what the server holds of a session's client: two mappings, a pin and a
// doorbell. All of it is given back when the attachment dies.
#pragma once

#include "engine.hpp"

#include <sys/device.hpp>
#include <sys/notification.hpp>

namespace blkd {

// The handles that come with Attach, in this order.
struct AttachHandles {
    sys::Handle<sys::Memory> submissions;
    sys::Handle<sys::Memory> completions;
    sys::Handle<sys::Memory> buffer;
    sys::Handle<sys::Notification> doorbell;
};

class Attachment {
public:
    static constexpr u64 most_runs =
        2048;  // of a buffer: 8 MiB in single pages, any size if it is contiguous

    // Errors: out_of_range (rings that do not fit their memory, a buffer that is empty or has 4 GiB
    // and more), too_big (a buffer in too many runs), denied, no_memory, over_quota.
    static Result<Attachment>
    create(u64 badge, u32 entries, sys::Borrowed<sys::Device> device, AttachHandles handles);

    u64 badge() const { return badge_; }
    const BufferMap& buffer() const { return buffer_; }
    sys::Borrowed<sys::Notification> doorbell() const { return doorbell_.borrow(); }

    // Errors: out_of_range.
    Result<Rings> rings(u32 entries) const;

private:
    Result<> map(const AttachHandles& handles, u32 entries);
    Result<> pin(sys::Borrowed<sys::Device> device, sys::Borrowed<sys::Memory> memory);
    Result<std::span<const BufferRun>> list_runs();

    u64 badge_ = 0;
    sys::Mapping submissions_;
    sys::Mapping completions_;
    sys::PinnedMemory pin_;
    sys::Mapping runs_;  // BufferRun[], in memory of our own
    BufferMap buffer_;
    sys::Handle<sys::Notification> doorbell_;
};

}  // namespace blkd
