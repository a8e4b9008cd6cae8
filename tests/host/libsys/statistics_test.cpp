// statistics_test.cpp - what a server counts, and who reads along.
#include <catch2/catch.hpp>
#include <sys/statistics.hpp>

namespace {

using abi::Statistics;

struct Counts {
    u64 reads;
    u64 writes;
};

constexpr std::array<std::string_view, 2> names{"reads", "writes"};

}  // namespace

TEST_CASE("what a server counts is in its page, by name", "[libsys][statistics][U22]")
{
    abi::ServerPage page{};
    sys::Statistics statistics{page.statistics};
    auto& counts = statistics.begin<Counts>(7, names, {{"latency", Statistics::Unit::ticks}});
    counts.reads += 3;
    counts.writes = ~u64{0};
    sys::count(statistics.histogram(0), 5);

    const auto seen = sys::read_statistics(page.statistics);
    CHECK(seen.since == 7);
    CHECK(text::of(seen.names[0]) == "reads");
    CHECK(text::of(seen.names[1]) == "writes");
    CHECK(text::of(seen.names[2]).empty());
    CHECK(sys::value_of(seen, 0) == 3);
    CHECK(sys::value_of(seen, 1) == ~u64{0});
    CHECK(text::of(seen.histograms[0].name) == "latency");
    CHECK(seen.histograms[0].unit == Statistics::Unit::ticks);
    CHECK(sys::count_of(seen.histograms[0]) == 1);
    CHECK(text::of(seen.histograms[1].name).empty());
}

TEST_CASE("a new instance counts from zero, whatever its predecessor left", "[libsys][statistics]")
{
    abi::ServerPage page{};
    std::memset(&page.statistics, 0xff, sizeof(page.statistics));
    sys::Statistics statistics{page.statistics};
    (void)statistics.begin<Counts>(1, names);
    const auto seen = sys::read_statistics(page.statistics);
    CHECK(sys::value_of(seen, 0) == 0);
    CHECK(text::of(seen.names[2]).empty());
    CHECK(text::of(seen.histograms[0].name).empty());
    CHECK(sys::count_of(seen.histograms[3]) == 0);
}

TEST_CASE("buckets are powers of two, and each value is in one", "[libsys][statistics]")
{
    CHECK(sys::bucket_of(0) == 0);
    CHECK(sys::bucket_of(1) == 1);
    for (usize i = 1; i < 39; ++i) {
        CHECK(sys::bucket_of(sys::most_in(i)) == i);
        CHECK(sys::bucket_of(sys::most_in(i) + 1) == i + 1);
    }
    CHECK(sys::bucket_of(~u64{0}) == 39);
}

TEST_CASE("a percentile is the bucket in which so many values have been seen",
          "[libsys][statistics]")
{
    Statistics::Histogram histogram{};
    CHECK(sys::percentile(histogram, 99) == 0);
    histogram.buckets[4] = 98;
    histogram.buckets[10] = 1;
    histogram.buckets[39] = 1;
    CHECK(sys::count_of(histogram) == 100);
    CHECK(sys::percentile(histogram, 0) == 4);
    CHECK(sys::percentile(histogram, 50) == 4);
    CHECK(sys::percentile(histogram, 98) == 4);
    CHECK(sys::percentile(histogram, 99) == 10);
    CHECK(sys::percentile(histogram, 100) == 39);
    histogram = {};
    histogram.buckets[3] = 1;
    CHECK(sys::percentile(histogram, 1) == 3);
    CHECK(sys::percentile(histogram, 99) == 3);
    histogram.buckets[3] = u64{1} << 60;  // whatever a server writes, nothing overflows
    CHECK(sys::percentile(histogram, 99) == 3);
}
