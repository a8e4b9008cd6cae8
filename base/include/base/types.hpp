// base/types.hpp - the vocabulary of every room: integers, numbers with a unit, errors, results.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <utility>

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using usize = std::size_t;
using uptr = std::uintptr_t;

// A number with a unit. Two units never mix by accident; raw() is the only way out.
template <class Unit, std::unsigned_integral Rep = u64>
class Strong {
public:
    constexpr Strong() = default;
    constexpr explicit Strong(Rep value) : value_{value} {}

    constexpr Rep raw() const { return value_; }
    friend constexpr auto operator<=>(Strong, Strong) = default;

private:
    Rep value_{};
};

using Bytes = Strong<struct BytesUnit>;
using PhysAddr = Strong<struct PhysUnit>;      // as the memory controller sees it
using DeviceAddr = Strong<struct DeviceUnit>;  // as a device puts it on the bus
using VirtAddr = Strong<struct VirtUnit>;      // as the running address space sees it

constexpr Bytes operator+(Bytes a, Bytes b) { return Bytes{a.raw() + b.raw()}; }
constexpr PhysAddr operator+(PhysAddr a, Bytes n) { return PhysAddr{a.raw() + n.raw()}; }
constexpr DeviceAddr operator+(DeviceAddr a, Bytes n) { return DeviceAddr{a.raw() + n.raw()}; }
constexpr VirtAddr operator+(VirtAddr a, Bytes n) { return VirtAddr{a.raw() + n.raw()}; }

constexpr u64 page_bytes = 4096;  // the one page size of the system
constexpr u64 page_shift = 12;

// Why something failed, for kernel and libraries alike. Zero is success; values are Linux errno
// numbers (asm-generic), so that traces and third-party layers agree.
enum class Errc : u32 {
    ok = 0,              // success
    not_found = 2,       // ENOENT: no such name, no such object
    device_fault = 5,    // EIO: the device failed or broke its specification
    no_device = 6,       // ENXIO: no such device
    too_big = 7,         // E2BIG: larger than the limit that this call documents
    bad_handle = 9,      // EBADF: no live handle has this value
    would_block = 11,    // EAGAIN: not now, try again after an event
    no_memory = 12,      // ENOMEM: no frames left
    denied = 13,         // EACCES: the handle lacks a right
    fault = 14,          // EFAULT: the address is not the caller's to use so
    busy = 16,           // EBUSY: somebody else owns it
    exists = 17,         // EEXIST: the place is taken
    bad_argument = 22,   // EINVAL: a value this call does not know
    not_exclusive = 26,  // ETXTBSY: the page holds a device of another owner
    no_space = 28,       // ENOSPC: a queue, ring or table is full
    read_only = 30,      // EROFS: writing is refused
    peer_gone = 32,      // EPIPE: the other side does not exist any more
    out_of_range = 34,   // ERANGE: an offset or count beyond the object
    malformed = 74,      // EBADMSG: a message, archive or table that breaks its layout
    wrong_kind = 88,     // ENOTSOCK: the handle names an object of another kind
    not_supported = 95,  // EOPNOTSUPP: known, and not offered here
    timed_out = 110,     // ETIMEDOUT: the deadline passed
    gave_up = 112,       // EHOSTDOWN: the server will not come back by itself
    peer_restarted =
        116,  // ESTALE: the server died with this request, or since this handle's last call
    over_quota = 122,  // EDQUOT: the process or device may not own more
    cancelled = 125,   // ECANCELED: withdrawn before it happened
};

// A value or a reason. Ignoring one is a compiler warning, and warnings are errors here.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Errc> {
public:
    using std::expected<T, Errc>::expected;
    // NOLINTNEXTLINE(google-explicit-constructor): a Result is its expected.
    constexpr Result(std::expected<T, Errc> other) : std::expected<T, Errc>{std::move(other)} {}
};

constexpr auto fail(Errc why) { return std::unexpected{why}; }
