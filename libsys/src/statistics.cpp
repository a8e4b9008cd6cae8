// libsys/src/statistics.cpp - the reading side of what servers count.
#include <cstring>

#include <sys/statistics.hpp>

namespace sys {

// Word by word, as its server writes it.
abi::Statistics read_statistics(const abi::Statistics& page)
{
    abi::Statistics out;
    static_assert(sizeof(page) % sizeof(u64) == 0 && alignof(abi::Statistics) == sizeof(u64));
    const auto* from = reinterpret_cast<const u64*>(&page);
    auto* to = reinterpret_cast<std::byte*>(&out);
    for (usize i = 0; i < sizeof(page) / sizeof(u64); ++i) {
        const u64 word = __atomic_load_n(from + i, __ATOMIC_RELAXED);
        std::memcpy(to + i * sizeof(word), &word, sizeof(word));
    }
    return out;
}

u64 value_of(const abi::Statistics& statistics, usize counter)
{
    u64 value = 0;
    std::memcpy(&value, &statistics.values[counter * sizeof(value)], sizeof(value));
    return value;
}

u64 count_of(const abi::Statistics::Histogram& histogram)
{
    u64 count = 0;
    for (const u64 bucket : histogram.buckets)
        count += bucket;
    return count;
}

usize percentile(const abi::Statistics::Histogram& histogram, unsigned share)
{
    const u64 count = count_of(histogram);
    const u64 wanted = count / 100 * share + (count % 100 * share + 99) / 100;
    u64 seen = 0;
    for (usize i = 0; i < histogram.buckets.size(); ++i) {
        seen += histogram.buckets[i];
        if (seen != 0 && seen >= wanted)
            return i;
    }
    return 0;
}

}  // namespace sys
