// boot/region.hpp - ranges of physical addresses, and short lists of things that lie at them.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include <base/bits.hpp>
#include <base/types.hpp>

namespace kernel {

// Never empty, except where nothing was described. The end is at most 2^52.
struct Region {
    PhysAddr base;
    Bytes size;

    constexpr u64 end() const { return base.raw() + size.raw(); }
    constexpr bool empty() const { return size.raw() == 0; }
    constexpr bool contains(Region inner) const
    {
        return base <= inner.base && inner.end() <= end();
    }
    constexpr bool overlaps(Region other) const
    {
        return !empty() && !other.empty() && base.raw() < other.end() && other.base.raw() < end();
    }

    // The whole pages that hold it.
    constexpr Region pages() const
    {
        const u64 first = align_down(base.raw(), page_bytes);
        return {PhysAddr{first}, Bytes{align_up(end(), page_bytes) - first}};
    }
};

constexpr Region region_of(Region range) { return range; }

// At most N values.
template <class T, usize N>
struct UpTo {
    std::array<T, N> storage{};
    usize count = 0;

    std::span<T> all() { return std::span{storage}.first(count); }
    std::span<const T> all() const { return std::span{storage}.first(count); }

    Errc add(const T& value)
    {
        if (count == N)
            return Errc::no_space;
        storage[count++] = value;
        return Errc::ok;
    }

    // For lists that are only filled by this: sorted by region_of, without overlaps.
    Errc insert(const T& value)
    {
        usize at = 0;
        for (const T& other : all()) {
            if (region_of(other).overlaps(region_of(value)))
                return Errc::malformed;
            at += region_of(other).base < region_of(value).base ? 1 : 0;
        }
        const Errc room = add(value);
        if (room == Errc::ok)
            std::ranges::rotate(all().subspan(at), all().end() - 1);
        return room;
    }
};

}  // namespace kernel
