// common/attachment.hpp - what a server holds of a session's client: its ring memories mapped, its
// buffer pinned for the device, its doorbell. All of it is given back when the attachment dies.
#pragma once

#include <common/buffer_map.hpp>
#include <sys/device.hpp>
#include <sys/notification.hpp>
#include <sys/serve.hpp>

namespace common {

// The handles that come with an Attach, in this order.
struct AttachHandles {
    static constexpr unsigned count = 4;
    static constexpr unsigned count_without_buffer = 3;

    sys::Handle<sys::Memory> client;  // rings that the client writes
    sys::Handle<sys::Memory> server;  // rings that the server writes
    sys::Handle<sys::Memory> buffer;  // none where all data are in the rings
    sys::Handle<sys::Notification> doorbell;

    // `count` of them, or `count_without_buffer`. Errors: bad_argument (another number of handles),
    // wrong_kind.
    static Result<AttachHandles> take(sys::Caller& caller, unsigned wanted = count);
};

// What is made of them.
struct AttachShape {
    u64 client_bytes;  // that the rings take in each memory
    u64 server_bytes;
    abi::Rights device{};     // what the device may do with the buffer
    bool map_buffer = false;  // for the server as well, to read and write
};

class Attachment {
public:
    static constexpr u64 most_runs =
        2048;  // of a buffer: 8 MiB in single pages, any size if it is contiguous

    // Errors: out_of_range (rings that do not fit their memory, a buffer that is empty or has 4 GiB
    // and more), too_big (a buffer in too many runs), denied, no_memory, over_quota.
    static Result<Attachment> create(u64 badge,
                                     sys::Borrowed<sys::Device> device,
                                     AttachHandles handles,
                                     const AttachShape& shape);

    u64 badge() const { return badge_; }
    const BufferMap& buffer() const { return map_; }
    // As this server sees it; empty unless it was to be mapped.
    std::span<std::byte> bytes() const { return buffer_.bytes(); }
    sys::Borrowed<sys::Notification> doorbell() const { return doorbell_.borrow(); }

    const sys::Mapping& client() const { return client_; }
    const sys::Mapping& server() const { return server_; }

private:
    Result<> map(const AttachHandles& handles, const AttachShape& shape);
    Result<> pin(sys::Borrowed<sys::Device> device,
                 sys::Borrowed<sys::Memory> memory,
                 const AttachShape& shape);
    Result<std::span<const BufferRun>> list_runs();

    u64 badge_ = 0;
    sys::Mapping client_;
    sys::Mapping server_;
    sys::Mapping buffer_;
    sys::PinnedMemory pin_;
    sys::Mapping runs_;  // BufferRun[], in memory of our own
    BufferMap map_;
    sys::Handle<sys::Notification> doorbell_;
};

}  // namespace common
