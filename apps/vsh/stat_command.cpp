// vsh/stat_command.cpp - stat: what servers count, read from their pages.
#include "plain.hpp"
#include "shell.hpp"

#include <algorithm>

#include <proto/names.hpp>
#include <proto/table.hpp>
#include <sys/memory.hpp>
#include <sys/session.hpp>
#include <sys/statistics.hpp>
#include <sys/time.hpp>

namespace vsh {

namespace {

namespace names = proto::names;
using abi::Statistics;

constexpr usize name_columns = 18;
constexpr usize bar_columns = 40;

Result<Statistics> statistics_of(sys::Borrowed<sys::Endpoint> init, std::string_view server)
{
    auto answer =
        sys::call<names::Statistics>(init, {text::padded<sizeof(abi::Name)>(server)}, {}, 1);
    if (!answer)
        return fail(answer.error());
    const auto memory = answer->handles.take<sys::Memory>(0);
    if (!memory)
        return fail(memory.error());
    const auto mapping = sys::Mapping::create(memory->borrow(), abi::right::read);
    if (!mapping)
        return fail(mapping.error());
    const auto page = mapping->at<const abi::ServerPage>();
    if (!page)
        return fail(page.error());
    return sys::read_statistics((*page)->statistics);
}

// "< 16.4 us"; of a number without a unit "< 17".
text::Writer& put_bound(text::Writer& line, Statistics::Unit unit, usize bucket)
{
    if (bucket + 1 == std::tuple_size_v<decltype(Statistics::Histogram::buckets)>)
        return line.put("above");
    const u64 above = sys::most_in(bucket) + 1;
    if (unit != Statistics::Unit::ticks)
        return line.put("< ").number(above);
    const u64 ns = sys::nanoseconds(abi::Ticks{above});
    return line.put("< ").number(ns / 1000).put('.').number(ns / 100 % 10).put(" us");
}

void show_bucket(const Statistics::Histogram& histogram, usize bucket, u64 most)
{
    const u64 values = histogram.buckets[bucket];
    text::Buffer<32> bound;
    put_bound(bound, histogram.unit, bucket);
    Line line;
    line.put("    ").left(bound.view(), 16).number(values, 10).put(' ');
    for (u64 shown = 0; shown <= values / (most / bar_columns + 1); ++shown)
        line.put('#');
    print(line);
}

void show(const Statistics::Histogram& histogram)
{
    struct Share {
        std::string_view label;
        unsigned percent;
    };
    constexpr std::array<Share, 4> shares{{{"p50", 50}, {"p90", 90}, {"p99", 99}, {"all", 100}}};
    const u64 count = sys::count_of(histogram);
    Line line;
    line.put("  ").left(text::of(plain(histogram.name)), name_columns).number(count);
    for (const auto& [label, percent] : shares)
        if (count != 0)
            put_bound(line.put("  ").put(label).put(' '), histogram.unit,
                      sys::percentile(histogram, percent));
    print(line);
    const u64 most = *std::ranges::max_element(histogram.buckets);
    for (usize i = 0; i < histogram.buckets.size(); ++i)
        if (histogram.buckets[i] != 0)
            show_bucket(histogram, i, most);
}

void show(std::string_view server, const Statistics& statistics)
{
    Line title;
    title.put(server);
    if (statistics.since == 0) {
        print(title.put(": counts nothing"));
        return;
    }
    const u64 ms = sys::nanoseconds(abi::Ticks{statistics.since}) / 1'000'000;
    print(title.put(", since ").number(ms).put(" ms"));
    for (usize i = 0; i < statistics.names.size() && statistics.names[i][0] != 0; ++i) {
        Line line;
        print(line.put("  ")
                  .left(text::of(plain(statistics.names[i])), name_columns)
                  .number(sys::value_of(statistics, i)));
    }
    for (const auto& histogram : statistics.histograms)
        if (histogram.name[0] != 0)
            show(histogram);
}

}  // namespace

Status Shell::stat(const Command& command)
{
    const auto init = given_->grant<sys::Endpoint>("names");
    if (!init)
        return complain("stat", init.error());
    for (u32 index = 0;; ++index) {
        const auto program = sys::call<names::Process>(*init, {index, 0});
        if (!program && program.error() == Errc::out_of_range)
            return command.program.empty() ? Status::done : complain("stat", Errc::not_found);
        if (!program)
            return complain("stat", program.error());
        const auto name = text::of(program->reply.name);
        if (!command.program.empty() && command.program != name)
            continue;
        const auto statistics = statistics_of(*init, name);
        if (!statistics && statistics.error() == Errc::not_found && command.program.empty())
            continue;  // an app
        if (!statistics)
            return complain("stat", statistics.error());
        show(name, *statistics);
        if (!command.program.empty())
            return Status::done;
    }
}

}  // namespace vsh
