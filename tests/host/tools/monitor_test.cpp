// tests/host/tools/monitor_test.cpp - honest traces pass the monitor; for each rule there is one
// that breaks it, and nothing else.
#include "monitor_cases.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

namespace {

Names broken_by(const MonitorCase& one)
{
    TraceDriver driver{one.type, one.version, one.offered};
    driver.accepted = one.accepted;
    driver.run(one.script);
    return driver.broken();
}

Names broken_by(const std::string& script) { return broken_by({.script = script}); }

}  // namespace

TEST_CASE("a driver that keeps to the specification breaks no rule, with either version",
          "[monitor]")
{
    CHECK(broken_by("agreed rfc=0 r100=8 rfc=1 r100=8 r104=0 rfc=1 r114=200 w120=1/1 queue w70=f "
                    "notify pop=1/7 interrupt=3 w70=8f live notify interrupt")
          == Names{});
    const auto old = "agreed r100=8 r104=0 r114=200 queue w70=7 notify pop=1/7 interrupt=3 w70=87 "
                     "live notify interrupt";
    CHECK(broken_by({.script = old, .version = 1, .offered = 1 << 6, .accepted = 1 << 6})
          == Names{});
}

TEST_CASE("a driver may give up when the device refuses its features", "[monitor]")
{
    CHECK(broken_by("driver offer accept w70=b r70=3 w70=83") == Names{});
}

TEST_CASE("a queue that is stopped and read back, or reset on its own, is set up again",
          "[monitor]")
{
    CHECK(
        broken_by({.script = "agreed queue w44=0 r44=0 queue w70=f wc0=1 rc0=1 rc0=0 queue notify",
                   .accepted = u64{0x101} << 32})
        == Names{});
}

TEST_CASE("an input device is asked with both selectors, in fields of any width", "[monitor]")
{
    CHECK(broken_by({.script = "live w100=3/1 w101=0/1 r102=8/1 r108=6/2",
                     .type = 18,
                     .offered = u64{1} << 32})
          == Names{});
}

TEST_CASE("a console's last words need neither agreed features nor a driver that is ready",
          "[monitor][O5]")
{
    const MonitorCase words{
        .script = "driver offer w108=21 w70=83 w108=21", .type = 3, .offered = u64{1} << 32 | 4};
    CHECK(broken_by(words) == Names{});
    auto unoffered = words;
    unoffered.offered = u64{1} << 32;
    CHECK(broken_by(unoffered) == Names{"config-feature"});
}

TEST_CASE("a packed queue need not have a power of two of entries", "[monitor]")
{
    const u64 packed = u64{0b101} << 32;
    CHECK(broken_by({.script = "agreed queue=0/6", .offered = packed, .accepted = packed})
          == Names{});
}

TEST_CASE("each rule has traces that break it and nothing else", "[monitor]")
{
    for (const auto& one : monitor_cases()) {
        INFO(one.script);
        CHECK(broken_by(one) == Names{std::string{text_of(one.rule).name}});
    }
}

TEST_CASE("no rule is without a trace that breaks it, and no two have one name", "[monitor]")
{
    std::set<std::string_view> names;
    const auto cases = monitor_cases();
    for (const auto& rule : monitor::all_rules()) {
        INFO(rule.name);
        CHECK(std::ranges::contains(cases, rule.rule, &MonitorCase::rule));
        CHECK(names.insert(rule.name).second);
    }
}

TEST_CASE("devices are told apart by their slots", "[monitor]")
{
    TraceDriver driver;
    driver.run("live");
    REQUIRE(driver.monitor.line("memory_region_ops_write cpu 1 mr 0x1 addr 0xa002250 value 0x0 "
                                "size 4 name 'virtio-mmio'"));
    CHECK(driver.broken() == Names{"probe"});
}

TEST_CASE("a finding says what, where, in which state, and which section forbids it", "[monitor]")
{
    TraceDriver driver;
    driver.run("agreed notify notify");
    const auto findings = driver.monitor.findings();
    REQUIRE(findings.size() == 1);
    CHECK_THAT(text_of(findings[0]), Contains("virtio: notify-early (virtio 1.2, 3.1.1)")
                                         && Contains("write of QueueNotify")
                                         && Contains("device 2 at 0xa002000, FEATURES_OK")
                                         && Contains("and 1 more"));
}

TEST_CASE("lines that are not of the trace are left to others", "[monitor]")
{
    monitor::Monitor monitor;
    for (const auto* const line : {"", "virtio_mmio_read: bad register offset 0xf8",
                                   "virtqueue_pop vq 0x1 elem 0x2 in_num 1",
                                   "memory_region_ops_read cpu 0 mr 0x1 addr 0xa000000 val"})
        CHECK(!monitor.line(line));
    CHECK(monitor.accesses() == 0);
    CHECK(monitor.line(
        "memory_region_ops_write cpu -1 mr 0x1 addr 0x9000000 value 0x41 size 4 name 'pl011'"));
    CHECK(monitor.accesses() == 1);
    CHECK(monitor.findings().empty());
}
