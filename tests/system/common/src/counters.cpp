// counters.cpp - the counters of SYS_SYSTEM_INFO that must come back to where they were.
#include <check/counters.hpp>
#include <check/threads.hpp>

namespace check {

namespace {

constexpr std::array<std::string_view, 11> names{
    "frames free", "processes", "threads", "endpoints",    "badges", "notifications",
    "memories",    "mappings",  "pins",    "pinned pages", "handles"};
constexpr int still = 20;  // equal looks in a row, a millisecond apart: a CPU may stand meanwhile
constexpr int longest = 2'000;  // looks

}  // namespace

Counters counters()
{
    const abi::SystemInfo i = need(sys::system_info());
    return {{i.frames_free, i.processes, i.threads, i.endpoints, i.badges, i.notifications,
             i.memories, i.mappings, i.pins, i.pinned_pages, i.handles}};
}

Counters settled()
{
    Counters last = counters();
    for (int same = 0, looks = 0; same < still && looks < longest; ++looks) {
        sleep_ms(1);
        const Counters now = counters();
        same = now == last ? same + 1 : 0;
        last = now;
    }
    return last;
}

void nothing_left(const Counters& before)
{
    Counters after = counters();
    for (int looks = 0; after != before && looks < longest; ++looks) {
        sleep_ms(1);
        after = counters();
    }
    for (usize i = 0; i < names.size(); ++i) {
        if (after.values[i] == before.values[i])
            continue;
        text::Buffer<100> line;
        line.put("left behind: ").put(names[i]).put(' ').number(before.values[i]);
        failed(line.put(" -> ").number(after.values[i]).view(), Where::current());
    }
}

}  // namespace check
