// sys/statistics.hpp - what a server counts, for whoever reads its page (abi::Statistics): counting
// there costs what counting elsewhere does, and reading costs the server nothing.
#pragma once

#include <bit>
#include <initializer_list>
#include <new>
#include <type_traits>

#include <abi/boot.hpp>
#include <base/text.hpp>

namespace sys {

// One thread writes.
class Statistics {
public:
    using Histogram = abi::Statistics::Histogram;
    struct Measure {
        std::string_view name;  // at most 16 bytes
        abi::Statistics::Unit unit = abi::Statistics::Unit::none;
    };

    explicit Statistics(abi::Statistics& page) : page_{&page} {}

    // What an instance before left there is gone. `C` has one u64 for each name, and lies in the
    // page. `now` in ticks.
    template <class C, usize N>
        requires std::is_trivially_copyable_v<C> && (sizeof(C) == N * sizeof(u64))
                 && (N <= abi::Statistics::most_counters)
    C& begin(u64 now,
             const std::array<std::string_view, N>& counters,
             std::initializer_list<Measure> histograms = {})
    {
        *page_ = {};
        for (usize i = 0; i < N; ++i)
            page_->names[i] = text::padded<sizeof(abi::Name)>(counters[i]);
        for (usize i = 0; i < histograms.size() && i < page_->histograms.size(); ++i) {
            page_->histograms[i].name = text::padded<sizeof(abi::Name)>(histograms.begin()[i].name);
            page_->histograms[i].unit = histograms.begin()[i].unit;
        }
        page_->since = now;
        return *new (page_->values.data()) C{};
    }

    // The index-th of begin().
    Histogram& histogram(usize index) { return page_->histograms[index]; }

private:
    abi::Statistics* page_;
};

constexpr usize bucket_of(u64 value)
{
    constexpr usize last = std::tuple_size_v<decltype(abi::Statistics::Histogram::buckets)> - 1;
    const auto width = static_cast<usize>(std::bit_width(value));
    return width < last ? width : last;
}
// The most that a bucket counts; of the last one there is no most.
constexpr u64 most_in(usize bucket) { return (u64{1} << bucket) - 1; }

inline void count(abi::Statistics::Histogram& histogram, u64 value)
{
    ++histogram.buckets[bucket_of(value)];
}

// For readers. A copy of what the page says now, whatever its server does meanwhile.
abi::Statistics read_statistics(const abi::Statistics& page);
u64 value_of(const abi::Statistics& statistics, usize counter);
// How many values it counts.
u64 count_of(const abi::Statistics::Histogram& histogram);
// The bucket in which the `share` percent of them that are smallest end; 0: it counts none.
usize percentile(const abi::Statistics::Histogram& histogram, unsigned share);

}  // namespace sys
